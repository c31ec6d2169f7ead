/**
 * What retention costs on PostgreSQL beside 1,000,000 stored messages: how fast old ones are deleted, what that does to the rate at
 * which others live their life meanwhile, and whether tables stop growing when as much is deleted as comes in.
 */
import type pg from "pg";
import { systemClock } from "../src/observability/clock.ts";
import { silentLogger } from "../src/observability/logger.ts";
import type { Retention } from "../src/store/cleaning.ts";
import { openPostgresStore } from "../src/store/postgres/open.ts";
import type { Store } from "../src/store/store.ts";
import { buildAcceptance, buildReceipt, buildSubmitted } from "../test/support/store-builders.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { type BenchServer, connectOnlooker, startBenchServer } from "./support/bench-server.ts";
import { fillPostgres } from "./support/fill-postgres.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";

const STORED = Number(process.env["BENCH_STORED"] ?? 1_000_000);
const OLD_A_ROUND = 20_000;
const LIVES_A_ROUND = 6_000;
const MESSAGES_A_COMMIT = 100;
/** Cycles of as much coming in as is deleted. */
const CYCLES = 24;
const LIVES_A_CYCLE = 4_000;

const dayMs = 24 * 3_600_000;
const hourMs = 3_600_000;
const retention: Retention = {
  bodiesMs: hourMs,
  reportsMs: dayMs,
  messagesMs: dayMs,
  requestIdsMs: dayMs,
  parkedReceiptsMs: dayMs,
  referencesMs: dayMs,
  smscIdsMs: 0,
  auditMs: 0,
};
const ROWS_A_COMMIT = 500;

interface Database extends AsyncDisposable {
  readonly client: pg.Client;
  readonly store: Store;
  readonly claimant: Parameters<Store["claim"]>[0]["claimant"];
}

async function openDatabase(server: BenchServer, name: string): Promise<Database> {
  const url = await server.createDatabase(name);
  const store = await openPostgresStore({ urls: [url], clock: systemClock, log: silentLogger });
  const client = await connectOnlooker(url);
  const { claimant } = await store.join(systemClock.now());
  return {
    client,
    store,
    claimant,
    async [Symbol.asyncDispose]() {
      await store.close();
      await client.end();
    },
  };
}

let smscIds = 0;

/** Accepts, submits and delivers; answers messages a second. */
async function live({ store, claimant }: Database, count: number): Promise<number> {
  const startMs = performance.now();
  for (let done = 0; done < count; done += MESSAGES_A_COMMIT) {
    const acceptTimeMs = systemClock.now();
    const entries = Array.from({ length: MESSAGES_A_COMMIT }, () =>
      buildAcceptance({
        wantsClaim: true,
        claimant,
        message: { acceptTimeMs, expireTimeMs: acceptTimeMs + dayMs },
      }),
    );
    await store.accept(entries);
    const ids = entries.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    const keys = ids.map(() => `live-${(smscIds += 1)}`);
    const settled = ids.map((id, index) =>
      buildSubmitted(id, claimant, [keys[index] ?? ""], { timeMs: acceptTimeMs }),
    );
    await store.settle(settled);
    await store.recordReceipts(keys.map((key) => buildReceipt(key, { arrivalTimeMs: acceptTimeMs })));
  }
  return (count / (performance.now() - startMs)) * 1_000;
}

async function measureCleaning(server: BenchServer): Promise<readonly BenchLine[]> {
  await using database = await openDatabase(server, "bench_cleaning");
  const { client, store } = database;
  const keptMs = systemClock.now();
  await fillPostgres(client, { accountId: "kept", from: 1, count: STORED, untilMs: keptMs });
  await client.query("VACUUM (ANALYZE)");
  await client.query("CHECKPOINT");
  let next = STORED + 1;
  const fillOld = async () => {
    const untilMs = keptMs - 9 * dayMs + next;
    await fillPostgres(client, { accountId: "old", from: next, count: OLD_A_ROUND, untilMs });
    next += OLD_A_ROUND;
  };
  const cleanOld = async () => {
    const startMs = performance.now();
    await store.clean(systemClock.now(), retention, ROWS_A_COMMIT);
    return (OLD_A_ROUND / (performance.now() - startMs)) * 1_000;
  };
  const rounds = await runRounds(async () => {
    await fillOld();
    const cleaned = await cleanOld();
    await fillOld();
    const alone = await live(database, LIVES_A_ROUND);
    const cleaning = cleanOld();
    const beside = await live(database, LIVES_A_ROUND);
    await cleaning;
    return { cleaned, alone, beside };
  });
  return [
    lineOf(
      "PostgreSQL: messages a second that cleaning erases and deletes, with all their rows",
      rounds.map((round) => round.cleaned),
    ),
    lineOf(
      "PostgreSQL: messages a second that live while nothing is cleaned",
      rounds.map((round) => round.alone),
    ),
    lineOf(
      "PostgreSQL: messages that live while cleaning runs / while nothing is cleaned",
      rounds.map((round) => round.beside / round.alone),
      { atLeast: 0.5 },
    ),
  ];
}

async function measureGrowth(server: BenchServer): Promise<readonly BenchLine[]> {
  await using database = await openDatabase(server, "bench_growth");
  const { client, store } = database;
  const sizes: number[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    await live(database, LIVES_A_CYCLE);
    await store.clean(systemClock.now() + 9 * dayMs, { ...retention, messagesMs: 0 }, ROWS_A_COMMIT);
    const { rows } = await client.query<{ size: string }>(
      "SELECT sum(pg_total_relation_size(relid)) AS size FROM pg_stat_user_tables WHERE schemaname = 'sms_relay'",
    );
    sizes.push(Number(rows[0]?.size) / 2 ** 20);
  }
  const third = CYCLES / 3;
  const [middle, end] = [sizes.slice(third, 2 * third), sizes.slice(2 * third)];
  return [
    lineOf(
      `PostgreSQL: MiB after ${LIVES_A_CYCLE * third} to ${LIVES_A_CYCLE * third * 2} messages came and went`,
      middle,
    ),
    lineOf("PostgreSQL: MiB after as many again", end),
    lineOf("PostgreSQL: growth of what comes and goes", [Math.max(...end) / Math.max(...middle)], {
      atMost: 1.1,
    }),
  ];
}

await runBench(async () => {
  // Once a second instead of once a minute: minutes of a busy service in seconds.
  await using server = await startBenchServer({ autovacuum_naptime: "1s" });
  return [...(await measureGrowth(server)), ...(await measureCleaning(server))];
});
