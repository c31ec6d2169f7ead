/**
 * The store on PostgreSQL with synchronous_commit=on and fsync: accepting beside raw batched inserts of the same rows by the same
 * driver, and claiming 1,000 with a million waiting beside 1,000 waiting, also while a transaction is held open. On a server from
 * npm, or on that of TEST_DATABASE_URL.
 */
import type pg from "pg";
import { systemClock } from "../src/observability/clock.ts";
import { silentLogger } from "../src/observability/logger.ts";
import { openPostgresStore } from "../src/store/postgres/open.ts";
import type { Store } from "../src/store/store.ts";
import { account, buildAcceptance, gateway } from "../test/support/store-builders.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { type BenchServer, connectOnlooker, startBenchServer } from "./support/bench-server.ts";
import { lineOf, median, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";

const ACCEPTS = 20_000;
const MESSAGES_A_COMMIT = 1_000;
const LONG_QUEUE = Number(process.env["BENCH_QUEUE"] ?? 1_000_000);
const CLAIM = 1_000;
const CLAIMS_A_ROUND = 9;

interface Database {
  readonly url: string;
  readonly client: pg.Client;
  readonly store: Store;
  close(): Promise<void>;
}

async function openDatabase(server: BenchServer, name: string): Promise<Database> {
  const url = await server.createDatabase(name);
  const store = await openPostgresStore({ urls: [url], clock: systemClock, log: silentLogger });
  const client = await connectOnlooker(url);
  return {
    url,
    client,
    store,
    async close() {
      await store.close();
      await client.end();
    },
  };
}

// ---------------------------------------------------------------- accepting

interface TableRows {
  readonly name: string;
  readonly insert: string;
  readonly columns: readonly (readonly unknown[])[];
  readonly count: number;
}

/** The rows that accepting wrote, by column. */
async function readRows(client: pg.Client, table: string, order: string): Promise<TableRows> {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `SELECT column_name AS name, udt_name AS type FROM information_schema.columns
     WHERE table_schema = 'sms_relay' AND table_name = $1 ORDER BY ordinal_position`,
    [table],
  );
  const { rows } = await client.query<unknown[]>({
    text: `SELECT * FROM ${table} ORDER BY ${order}`,
    rowMode: "array",
  });
  const names = columns.map(({ name }) => name).join(", ");
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");
  return {
    name: table,
    insert: `INSERT INTO ${table} (${names}) SELECT ${names} FROM unnest(${arrays}) AS r (${names})`,
    columns: columns.map((_, index) => rows.map((row) => row[index])),
    count: rows.length,
  };
}

async function insertRaw(client: pg.Client, tables: readonly TableRows[]): Promise<number> {
  const commits = ACCEPTS / MESSAGES_A_COMMIT;
  const startMs = performance.now();
  for (let commit = 0; commit < commits; commit += 1) {
    await client.query("BEGIN");
    for (const { name, insert, columns, count } of tables) {
      const [from, to] = [(count * commit) / commits, (count * (commit + 1)) / commits];
      const values = columns.map((column) => column.slice(from, to));
      await client.query({ name: `raw_${name}`, text: insert, values });
    }
    await client.query("COMMIT");
  }
  return ACCEPTS / ((performance.now() - startMs) / 1_000);
}

async function measureAccepting(server: BenchServer): Promise<readonly BenchLine[]> {
  const ours = await openDatabase(server, "bench_ours");
  const raw = await openDatabase(server, "bench_raw");
  const { rows: settings } = await ours.client.query("SHOW synchronous_commit");
  if (settings[0]?.synchronous_commit !== "on") throw new Error("synchronous_commit is not on");
  const { claimant } = await ours.store.join(systemClock.now());
  const rounds = await runRounds(async () => {
    for (const { client } of [ours, raw])
      await client.query("TRUNCATE messages, deliveries, reports, report_counters");
    const entries = Array.from({ length: ACCEPTS }, () => buildAcceptance({ wantsClaim: true, claimant }));
    const startMs = performance.now();
    await Promise.all(entries.map((entry) => ours.store.accept([entry])));
    const rate = ACCEPTS / ((performance.now() - startMs) / 1_000);
    const tables = [
      await readRows(ours.client, "messages", "id"),
      await readRows(ours.client, "deliveries", "id"),
      await readRows(ours.client, "reports", "number"),
    ];
    return { ours: rate, raw: await insertRaw(raw.client, tables) };
  });
  await Promise.all([ours.close(), raw.close()]);
  return [
    lineOf(
      "PostgreSQL: accepts a second",
      rounds.map((round) => round.ours),
    ),
    lineOf(
      "PostgreSQL: raw batched inserts of the same rows a second",
      rounds.map((round) => round.raw),
    ),
    lineOf(
      "PostgreSQL: accepts / raw inserts",
      rounds.map((round) => round.ours / round.raw),
      { atLeast: 0.5 },
    ),
  ];
}

// ---------------------------------------------------------------- claiming

/** Puts `count` waiting messages of one recipient each into the queue, numbered from `from`. */
async function fillQueue(client: pg.Client, from: number, count: number): Promise<void> {
  const id = `lpad(to_hex(i / 65536), 8, '0') || '-' || lpad(to_hex(i % 65536), 4, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0')`;
  const times = "1000000000000 + i, 4000000000000";
  await client.query(
    `INSERT INTO messages (account_id, id, sender_kind, sender, content_kind, text, lane, at_most_once, encoding,
       transliterate, max_segments, fast, accept_time, expire_time, delivery_count)
     SELECT $1, ${id}, 1, 'Acme', 0, 'Hello', 1, 0, 0, 0, 30, 0, ${times}, 1 FROM generate_series($2::int, $3::int) AS i`,
    [account, from, from + count - 1],
  );
  await client.query(
    `INSERT INTO deliveries (id, account_id, recipient, state, lane, gateway_id, at_most_once, encoding, segment_count,
       available_time, expire_time)
     SELECT ${id} || '.0000', $1, '+46701000000', 1, 1, $2, 0, 'gsm7', 1, ${times} FROM generate_series($3::int, $4::int) AS i`,
    [account, gateway, from, from + count - 1],
  );
}

async function claimOnce(
  { store }: Database,
  claimant: Parameters<Store["claim"]>[0]["claimant"],
): Promise<number> {
  const startMs = performance.now();
  const limits = { OTP: 0, NORMAL: CLAIM, BULK: 0 };
  const claim = await store.claim({ claimant, gatewayId: gateway, limits, nowMs: systemClock.now() });
  if (claim.deliveries.length !== CLAIM) throw new Error(`${claim.deliveries.length} were claimed`);
  return performance.now() - startMs;
}

async function measureClaiming(server: BenchServer): Promise<readonly BenchLine[]> {
  const long = await openDatabase(server, "bench_long");
  const short = await openDatabase(server, "bench_short");
  const claimants = [await long.store.join(0), await short.store.join(0)].map(({ claimant }) => claimant);
  const [longClaimant, shortClaimant] = claimants;
  if (longClaimant === undefined || shortClaimant === undefined) throw new Error("nobody joined");
  await fillQueue(long.client, 1, LONG_QUEUE);
  await long.client.query("VACUUM (ANALYZE) messages, deliveries");
  await long.client.query("CHECKPOINT");
  let next = 1;
  /** Claims of both in turn, the short queue filled anew each time by `filler`. */
  const measureRounds = (filler: pg.Client) =>
    runRounds(async () => {
      const times: { readonly long: number; readonly short: number }[] = [];
      for (let turn = 0; turn < CLAIMS_A_ROUND; turn += 1) {
        await fillQueue(filler, next, CLAIM);
        next += CLAIM;
        times.push({
          short: await claimOnce(short, shortClaimant),
          long: await claimOnce(long, longClaimant),
        });
      }
      return { long: median(times.map((time) => time.long)), short: median(times.map((time) => time.short)) };
    });
  const quiet = await measureRounds(short.client);
  // Dead rows of claimed entries cannot be removed while this snapshot is held.
  const holders = [long.client, short.client];
  for (const client of holders) {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await client.query("SELECT 1 FROM meta");
  }
  const filler = await connectOnlooker(short.url);
  const held = await measureRounds(filler);
  for (const client of holders) await client.query("COMMIT");
  await filler.end();
  await Promise.all([long.close(), short.close()]);
  const lines = (what: string, rounds: typeof quiet) => [
    lineOf(
      `PostgreSQL: ms for a claim of 1,000 with 1,000 waiting${what}`,
      rounds.map((times) => times.short),
    ),
    lineOf(
      `PostgreSQL: ms for a claim of 1,000 with ${LONG_QUEUE.toLocaleString("en-US")} waiting${what}`,
      rounds.map((times) => times.long),
    ),
    lineOf(
      `PostgreSQL: speed of a claim, long / short queue${what}`,
      rounds.map((times) => times.short / times.long),
      { atLeast: 0.85 },
    ),
  ];
  return [...lines("", quiet), ...lines(", a transaction held open", held)];
}

await runBench(async () => {
  await using server = await startBenchServer();
  return [...(await measureAccepting(server)), ...(await measureClaiming(server))];
});
