/** How long `npm start`'s command takes until it accepts calls, on an empty folder and on the same one again. */
import { join } from "node:path";
import { setUpService, startServiceProcess } from "../test/support/service-process.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { benchSettings, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";

async function measureColdStart(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  const rounds = await runRounds(async (round) => {
    const setup = await setUpService(join(folder.path, `${round}`), benchSettings(undefined));
    await using first = await startServiceProcess(setup);
    await first.stop();
    await using again = await startServiceProcess(setup);
    return { first: first.startMs, again: again.startMs };
  });
  return [
    lineOf(
      "cold start with a new database, ms",
      rounds.map(({ first }) => first),
      { atMost: 1_000 },
    ),
    lineOf(
      "cold start with its database, ms",
      rounds.map(({ again }) => again),
      { atMost: 1_000 },
    ),
  ];
}

await runBench(measureColdStart);
