/** The empty server in a process of its own, under the service's own flags. */
import { join } from "node:path";
import { type NodeProcess, startNode } from "../../test/support/node-process.ts";

export interface Yardstick extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** Starts it and waits until it listens. */
export async function startYardstick(): Promise<Yardstick> {
  const child: NodeProcess = startNode(join(import.meta.dirname, "../empty-server.ts"), []);
  const port = Number(await child.nextLine());
  return { port, pid: child.pid, [Symbol.asyncDispose]: () => child.stop() };
}
