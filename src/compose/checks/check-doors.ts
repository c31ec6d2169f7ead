/** Whether the ports of gRPC, HTTP and the API can be listened on, or are served by a service of ours already. */
import { createServer } from "node:net";
import type { Config } from "../../config/schema.ts";
import type { Finding } from "./finding.ts";
import { readReadiness } from "./readiness.ts";

export interface DoorsFound {
  readonly findings: readonly Finding[];
  /** A service answers on the HTTP port. */
  readonly isServed: boolean;
}

interface Door {
  readonly name: "gRPC" | "HTTP" | "API" | "callbacks";
  readonly host: string;
  readonly port: number;
}

/** `isStoreInUse`: whether a service has the configured store; undefined where that cannot be told. */
export async function checkDoors(
  { listen }: Pick<Config, "listen">,
  isStoreInUse: boolean | undefined,
): Promise<DoorsFound> {
  const { grpc, http, api, callbacks } = listen;
  const served = (await readReadiness(http))?.join("; ");
  const server = served === undefined ? "stranger" : isStoreInUse === false ? "other store" : "own";
  const doors: readonly Door[] = [
    { name: "gRPC", host: grpc.host, port: grpc.port },
    { name: "HTTP", host: http.host, port: http.port },
    ...(api === undefined ? [] : [{ name: "API" as const, host: api.host, port: api.port }]),
    ...(callbacks === undefined
      ? []
      : [{ name: "callbacks" as const, host: callbacks.host, port: callbacks.port }]),
  ];
  const findings = await Promise.all(doors.map((door) => checkDoor(door, server)));
  return {
    findings:
      served === undefined || served === "" || server !== "own" ? findings : [...findings, notReady(served)],
    isServed: server !== "stranger",
  };
}

/** Who answers on the HTTP port: a service on the configured store, one on another, or no service of ours. */
type Server = "own" | "other store" | "stranger";

const occupants: Readonly<Record<Exclude<Server, "own">, string>> = {
  "other store": "a service runs there that does not have this store",
  stranger: "another program listens there",
};

async function checkDoor({ name, host, port }: Door, server: Server): Promise<Finding> {
  const subject = "ports";
  const address = `${name} ${host}:${port}`;
  const code = await tryListening(host, port);
  if (code === undefined) return { subject, level: "ok", text: `${address} is free` };
  if (code === "EADDRINUSE" && server === "own") {
    return { subject, level: "ok", text: `${address} is served by a service that runs` };
  }
  const why = code === "EADDRINUSE" && server !== "own" ? occupants[server] : code;
  return { subject, level: "fail", text: `${address} cannot be listened on: ${why}` };
}

function notReady(reasons: string): Finding {
  return { subject: "service", level: "warn", text: `the service that runs takes no work: ${reasons}` };
}

/** Why listening fails; undefined where it does not. */
function tryListening(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
