/**
 * The whole way of a message with PostgreSQL beside the whole way with SQLite, on the same cores, which the database server shares with
 * load, service, SMSC and subscriber.
 */
import { join } from "node:path";
import type { BenchLine } from "./support/bench-line.ts";
import { startBenchServer } from "./support/bench-server.ts";
import { temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { bulkTraffic, startWholeWay, unaryTraffic } from "./support/whole-way.ts";

const unary = unaryTraffic(10_000);
const bulk = bulkTraffic(60);

async function measureBoth(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using server = await startBenchServer();
  const url = await server.createDatabase("bench_end_to_end");
  await using sqlite = await startWholeWay({ folder: join(folder.path, "sqlite"), replicas: [{}] });
  await using postgres = await startWholeWay({
    folder: join(folder.path, "postgres"),
    replicas: [{ store: { url } }],
  });
  const rounds = await runRounds(async () => ({
    sqlite: { unary: await sqlite.run(unary), bulk: await sqlite.run(bulk) },
    postgres: { unary: await postgres.run(unary), bulk: await postgres.run(bulk) },
  }));
  const lines = (what: string, pick: (way: { readonly unary: number; readonly bulk: number }) => number) => [
    lineOf(
      `PostgreSQL end to end, ${what}, messages a second`,
      rounds.map((round) => pick(round.postgres)),
    ),
    lineOf(
      `SQLite end to end, ${what}, messages a second`,
      rounds.map((round) => pick(round.sqlite)),
    ),
    lineOf(
      `end to end, ${what}: PostgreSQL / SQLite`,
      rounds.map((round) => pick(round.postgres) / pick(round.sqlite)),
      { atLeast: 0.5 },
    ),
  ];
  return [
    ...lines("one recipient a request", (way) => way.unary),
    ...lines("500 recipients a request", (way) => way.bulk),
  ];
}

await runBench(measureBoth);
