/** The control API of a simulated provider: HTTP on loopback that shows and changes how it misbehaves, and shows its counters. */
import fastify from "fastify";
import { type ApiBehaviour, readBehaviour } from "../../apis/behaviour.ts";
import type { SimulatedApi } from "../../apis/start-api.ts";

export interface ProviderControl {
  readonly port: number;
  stop(): Promise<void>;
}

/** There are no keys, so only this machine may connect. */
const HOST = "127.0.0.1";

/** Resolves once it listens. A refused request has changed nothing. */
export async function openProviderControl(
  port: number,
  api: Pick<SimulatedApi, "behave" | "behaviours" | "counters" | "closeIdle">,
): Promise<ProviderControl> {
  const server = fastify({ logger: false, bodyLimit: 65_536, forceCloseConnections: true });
  // What a page in a browser may send across origins without asking is no JSON.
  server.removeContentTypeParser("text/plain");
  server.get("/behaviours", async () => api.behaviours());
  server.put("/behaviours", async ({ body }, reply) => {
    if (!Array.isArray(body)) return reply.status(400).send({ error: "must be a list" });
    const read = body.map(readBehaviour);
    const fault = read.find((one) => typeof one === "string");
    if (fault !== undefined) return reply.status(400).send({ error: fault });
    api.behave(...(read as readonly ApiBehaviour[]));
    return api.behaviours();
  });
  server.post("/behaviours", async ({ body }, reply) => {
    const read = readBehaviour(body);
    if (typeof read === "string") return reply.status(400).send({ error: read });
    api.behave(...api.behaviours(), read);
    return api.behaviours();
  });
  server.delete("/behaviours", async () => {
    api.behave();
    return [];
  });
  server.post("/close-idle", async () => {
    api.closeIdle();
    return {};
  });
  server.get("/counters", async () => api.counters());
  await server.listen({ host: HOST, port });
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    stop: () => server.close(),
  };
}
