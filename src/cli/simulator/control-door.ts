/** The simulator's control API: HTTP on loopback that shows and changes its behaviours while it runs, and shows its counters. */
import fastify, { type FastifyError, type FastifyReply } from "fastify";
import { type DescribedIssue, pathText } from "../../config/describe-issue.ts";
import type { Simulator } from "../../smsc/start-simulator.ts";
import { checkBehaviour, checkBehaviours, faultText, MAX_BEHAVIOURS } from "./check-behaviour.ts";

export interface ControlDoorOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly simulator: Pick<Simulator, "behaviours" | "behave" | "addBehaviour" | "counters">;
}

export interface ControlDoor {
  readonly host: string;
  readonly port: number;
  /** Closes the listener and its connections; harmless when repeated. */
  stop(): Promise<void>;
}

/** There are no keys, so only this machine may connect. */
const HOST = "127.0.0.1";
const BODY_OCTETS = 65_536;

/** Resolves once it listens. A refused request has changed nothing. */
export async function openControlDoor({ port, simulator }: ControlDoorOptions): Promise<ControlDoor> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_OCTETS,
    forceCloseConnections: true,
    requestTimeout: 10_000,
  });
  // Only JSON is taken: what a page in a browser may send across origins without asking is no JSON.
  server.removeContentTypeParser("text/plain");
  server.get("/behaviours", async () => simulator.behaviours());
  server.put("/behaviours", async ({ body }, reply) => {
    const checked = checkBehaviours(body);
    if (checked.kind === "faulty") return refuse(reply, checked.faults);
    simulator.behave(...checked.value);
    return simulator.behaviours();
  });
  server.post("/behaviours", async ({ body }, reply) => {
    const checked = checkBehaviour(body);
    if (checked.kind === "faulty") return refuse(reply, checked.faults);
    if (simulator.behaviours().length >= MAX_BEHAVIOURS) {
      return refuse(reply, [{ path: [], rule: `must not make the list longer than ${MAX_BEHAVIOURS}` }]);
    }
    simulator.addBehaviour(checked.value);
    return reply.code(201).send(simulator.behaviours());
  });
  server.delete("/behaviours", async () => {
    simulator.behave();
    return simulator.behaviours();
  });
  server.get("/counters", async () => simulator.counters());
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "There are GET, PUT, POST and DELETE /behaviours, and GET /counters." }),
  );
  server.setErrorHandler(({ statusCode }: FastifyError, _request, reply) => {
    if (statusCode === 400) return refuse(reply, [{ path: [], rule: "must be JSON without __proto__" }]);
    if (statusCode === 413) {
      return reply.code(413).send({ error: `The body must be at most ${BODY_OCTETS} octets.` });
    }
    if (statusCode === 415) {
      return reply.code(415).send({ error: "The body must be JSON with content-type: application/json." });
    }
    return reply.code(500).send({ error: "The simulator failed." });
  });
  await server.listen({ host: HOST, port });
  const address = server.server.address();
  return {
    host: HOST,
    port: typeof address === "object" && address !== null ? address.port : port,
    stop: async () => {
      await server.close();
    },
  };
}

function refuse(reply: FastifyReply, faults: readonly DescribedIssue[]) {
  const whole = "body";
  return reply.code(400).send({
    error: `${faults.map((fault) => faultText(fault, whole)).join("; ")}.`,
    faults: faults.map(({ path, rule }) => ({ field: path.length === 0 ? whole : pathText(path), rule })),
  });
}
