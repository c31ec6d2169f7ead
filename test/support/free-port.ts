/**
 * Ports of 127.0.0.1 that nobody listens on, and that are still free when a process which a test starts gets to them, or comes back to
 * them. They lie below those that systems give out by themselves, to port 0 and to connections, and each worker of a test run has its own.
 */
import { createServer } from "node:net";

const FIRST = 20_000;
const COUNT = 12_000;
/** More than a run has workers. */
const WORKERS = 16;

const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % WORKERS;
// Another run begins elsewhere.
let turn = process.pid;

export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < COUNT / WORKERS; tries++) {
    turn += 1;
    const port = FIRST + ((turn * WORKERS + worker) % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
