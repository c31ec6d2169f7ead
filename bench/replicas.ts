/**
 * What one, two and three replicas on one PostgreSQL do end to end, all on the same cores: how much it costs to be several, since cores
 * that more machines would add are not there.
 */
import { join } from "node:path";
import type { BenchLine } from "./support/bench-line.ts";
import { startBenchServer } from "./support/bench-server.ts";
import { temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { bulkTraffic, startWholeWay, unaryTraffic, type WholeWay } from "./support/whole-way.ts";

const unary = unaryTraffic(9_000);
const bulk = bulkTraffic(36);
/** Two for each of three replicas. */
const gateway = { sessions: 6 };

interface Rates {
  readonly unary: number;
  readonly bulk: number;
}

async function measureReplicas(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using server = await startBenchServer();
  await using started = new AsyncDisposableStack();
  const ways: WholeWay[] = [];
  for (const count of [1, 2, 3]) {
    const url = await server.createDatabase(`bench_replicas_${count}`);
    const replicas = Array.from({ length: count }, () => ({ store: { url } }));
    ways.push(started.use(await startWholeWay({ folder: join(folder.path, `${count}`), replicas, gateway })));
  }
  const rounds = await runRounds(async () => {
    const rates: Rates[] = [];
    for (const way of ways) rates.push({ unary: await way.run(unary), bulk: await way.run(bulk) });
    return rates;
  });
  const lines = (what: string, pick: (rates: Rates) => number) => {
    const ratesOf = (replicas: number) =>
      rounds.flatMap((rates) => rates.slice(replicas - 1, replicas).map(pick));
    const [one, three] = [ratesOf(1), ratesOf(3)];
    return [
      lineOf(`one replica, ${what}, messages a second`, one),
      lineOf(`two replicas, ${what}, messages a second`, ratesOf(2)),
      lineOf(`three replicas, ${what}, messages a second`, three),
      lineOf(
        `three replicas / one, ${what}`,
        three.map((rate, round) => rate / (one[round] ?? Number.NaN)),
        { atLeast: 0.7 },
      ),
    ];
  };
  return [
    ...lines("one recipient a request", (rates) => rates.unary),
    ...lines("500 recipients a request", (rates) => rates.bulk),
  ];
}

await runBench(measureReplicas);
