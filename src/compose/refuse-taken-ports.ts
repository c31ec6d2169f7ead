/** Finds out, before anything of the store is touched, whether the service's ports are taken. */
import { createConnection } from "node:net";
import { reachable } from "../config/reachable.ts";
import type { Config } from "../config/schema.ts";

/**
 * Rejects as listening would where something answers on a port of the configuration. A service that is started twice by mistake must leave
 * alone the one that runs, and its store. It connects and does not listen, so that nobody takes it for ready meanwhile.
 */
export async function refuseTakenPorts({ grpc, http, api, callbacks }: Config["listen"]): Promise<void> {
  for (const { host, port } of [grpc, http, api, callbacks].filter((door) => door !== undefined)) {
    if (port === 0 || !(await takesConnections(reachable(host), port))) continue;
    throw Object.assign(new Error(`address already in use ${host}:${port}`), { code: "EADDRINUSE" });
  }
}

function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (isTaken: boolean) => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}
