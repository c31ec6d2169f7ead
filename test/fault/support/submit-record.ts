/** Reads the simulator's record of submits: one line of JSON for each, written before it was answered. */
import { readFile } from "node:fs/promises";

/** Accepted submits by destination. */
export async function countSubmits(path: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    if (line === "") continue;
    const { destination, commandStatus } = JSON.parse(line) as {
      readonly destination: string;
      readonly commandStatus: number;
    };
    if (commandStatus === 0) counts.set(destination, (counts.get(destination) ?? 0) + 1);
  }
  return counts;
}
