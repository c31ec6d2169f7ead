/** The HTTP listener: whether the service lives, whether it takes work, and its figures. It has no secrets and changes nothing. */
import fastify from "fastify";

/** Why the service takes no work; empty while it does. */
export type Readiness = readonly string[];

export interface HttpDoorOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly readiness: () => Readiness;
  readonly renderMetrics: (
    accept?: string,
  ) => Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface HttpDoor {
  readonly port: number;
  /** Closes the listener and its idle connections; harmless when repeated. */
  stop(): Promise<void>;
}

/** Resolves once it listens. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const server = fastify({
    logger: false,
    bodyLimit: 1024,
    forceCloseConnections: true,
    requestTimeout: 10_000,
  });
  server.get("/healthz", async () => ({ status: "live" }));
  server.get("/readyz", async (_request, reply) => {
    const reasons = options.readiness();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons });
  });
  server.get("/metrics", async ({ headers: { accept } }, reply) => {
    const { contentType, text } = await options.renderMetrics(accept);
    return reply.header("content-type", contentType).send(text);
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "There are /healthz, /readyz and /metrics." }),
  );
  server.setErrorHandler((_error, _request, reply) => reply.code(500).send({ error: "The service failed." }));
  await server.listen({ host: options.host, port: options.port });
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    stop: async () => {
      await server.close();
    },
  };
}
