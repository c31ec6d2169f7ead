/**
 * Processor time of a process by thread, from the scheduler's own count (Linux): says more than a rate where the machine is shared,
 * since waiting for a core does not count.
 */
import { readdir, readFile } from "node:fs/promises";

/** The service's threads, by the beginning of the names that the system shows. */
const kinds = {
  V8Worker: "V8's helpers",
  "sms-relay write": "writer",
  "sms-relay reade": "reader",
} as const;

export type ThreadKind = "main" | (typeof kinds)[keyof typeof kinds];

/** Nanoseconds on a processor by thread id. */
export type ThreadTimes = ReadonlyMap<number, { readonly name: string; readonly nanos: bigint }>;

/** What each thread of a process has used so far. */
export async function readThreadTimes(pid: number): Promise<ThreadTimes> {
  const folder = `/proc/${pid}/task`;
  const entries = await Promise.all(
    (await readdir(folder)).map(async (thread) => {
      const name = (await readFile(`${folder}/${thread}/comm`, "utf8")).trim();
      const [onProcessor = "0"] = (await readFile(`${folder}/${thread}/schedstat`, "utf8")).split(" ");
      return [Number(thread), { name, nanos: BigInt(onProcessor) }] as const;
    }),
  );
  return new Map(entries);
}

/** Microseconds that each kind of thread used between two readings; what is none of ours counts as main. */
export function spentMicros(
  pid: number,
  before: ThreadTimes,
  after: ThreadTimes,
): ReadonlyMap<ThreadKind, number> {
  const spent = new Map<ThreadKind, number>();
  for (const [thread, { name, nanos }] of after) {
    const kind = thread === pid ? "main" : (kinds[name as keyof typeof kinds] ?? "main");
    const micros = Number(nanos - (before.get(thread)?.nanos ?? 0n)) / 1_000;
    spent.set(kind, (spent.get(kind) ?? 0) + micros);
  }
  return spent;
}
