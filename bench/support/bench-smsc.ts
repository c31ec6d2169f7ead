/**
 * The SMSC of a benchmark: the simulator in a process of its own, or, with `--smsc HOST:PORT`, another one that is there already (a faster one
 * tells whether the simulator is the limit). It takes binds of `relay` with the password `secret` and returns receipts.
 */
import { join } from "node:path";
import { type NodeProcess, startNode } from "../../test/support/node-process.ts";

export interface BenchSmsc extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Of the simulator; undefined for one that is not ours to look at. */
  readonly pid: number | undefined;
}

/** Takes the one that the command line names, or starts the simulator. */
export async function startBenchSmsc(): Promise<BenchSmsc> {
  const given = smscOf(process.argv);
  if (given !== undefined) return { ...given, pid: undefined, [Symbol.asyncDispose]: async () => {} };
  const simulator: NodeProcess = startNode(join(import.meta.dirname, "..", "simulator.ts"), []);
  return {
    host: "127.0.0.1",
    port: Number(await simulator.nextLine()),
    pid: simulator.pid,
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

function smscOf(words: readonly string[]): { readonly host: string; readonly port: number } | undefined {
  const at = words.indexOf("--smsc");
  if (at < 0) return undefined;
  const { hostname, port } = new URL(`tcp://${words[at + 1] ?? ""}`);
  if (hostname === "" || port === "") throw new Error("--smsc wants HOST:PORT");
  return { host: hostname, port: Number(port) };
}
