/**
 * From the first accept to the last final report read by a subscriber: load, service, SMSC and subscriber in processes of
 * their own, every message submitted over SMPP and its receipt returned.
 */
import type { BenchLine } from "./support/bench-line.ts";
import { temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { bulkTraffic, startWholeWay, unaryTraffic } from "./support/whole-way.ts";

const unary = unaryTraffic(20_000);
const bulk = bulkTraffic(120);

async function measureEndToEnd(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using way = await startWholeWay({ folder: folder.path, replicas: [{}] });
  const rounds = await runRounds(async () => ({
    unary: await way.run(unary),
    bulk: await way.run(bulk),
  }));
  return [
    lineOf(
      "end to end, one recipient a request, messages a second",
      rounds.map((round) => round.unary),
      { atLeast: 5_000 },
    ),
    lineOf(
      "end to end, 500 recipients a request, messages a second",
      rounds.map((round) => round.bulk),
      { atLeast: 12_000 },
    ),
  ];
}

await runBench(measureEndToEnd);
