/**
 * What a message costs in storage: the whole life of a message (accepted and claimed, submitted, delivered) on both stores, as octets
 * on disk, octets of PostgreSQL's write-ahead log, and processor time. On Linux. For docs/operations.md.
 */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { ClaimantId } from "../src/domain/ids.ts";
import { systemClock } from "../src/observability/clock.ts";
import { silentLogger } from "../src/observability/logger.ts";
import { openPostgresStore } from "../src/store/postgres/open.ts";
import { openSqliteStore } from "../src/store/sqlite/open.ts";
import type { Store } from "../src/store/store.ts";
import { startPostgres } from "../test/support/postgres-server.ts";
import { buildAcceptance, buildReceipt, buildSubmitted, startMs } from "../test/support/store-builders.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { lineOf } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";

const MESSAGES = 20_000;
/** Calls at a time, as many callers make them: commits are shared by what waits. */
const AT_ONCE = 500;
const TEXT = "Your code is 123456. Do not share it with anyone, we will never ask for it.";

/** Answers milliseconds of processor time of this process. */
async function liveThrough(store: Store, claimant: ClaimantId): Promise<number> {
  const before = process.cpuUsage();
  for (let from = 0; from < MESSAGES; from += AT_ONCE) {
    const message = { content: { kind: "text", text: TEXT }, clientReference: `order-${from}` } as const;
    const entries = Array.from({ length: AT_ONCE }, (_, index) =>
      buildAcceptance({
        ...{ wantsClaim: true, claimant, message },
        request: { id: `request-${from + index}`, hash: "h".repeat(43) },
      }),
    );
    await Promise.all(entries.map((entry) => store.accept([entry])));
    const settlements = entries.map(({ deliveries: [first] }, index) => {
      if (first === undefined) throw new Error("a message without a delivery");
      return buildSubmitted(first.id, claimant, [smscId(from + index)]);
    });
    await Promise.all(settlements.map((settlement) => store.settle([settlement])));
    const receipts = entries.map((_, index) => buildReceipt(smscId(from + index)));
    await Promise.all(receipts.map((receipt) => store.recordReceipts([receipt])));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const smscId = (number: number) => String(1_000_000_000 + number);

async function measureSqlite(): Promise<readonly BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-sizing-"));
  const path = join(folder, "relay.db");
  const store = await openSqliteStore({ path, clock: systemClock });
  const { claimant } = await store.join(startMs);
  const cpuMs = await liveThrough(store, claimant);
  await store.close();
  const { size } = await stat(path);
  await rm(folder, { recursive: true });
  return [
    lineOf("SQLite, octets on disk a delivered message", [size / MESSAGES]),
    lineOf("SQLite, µs of processor time a message, all threads", [(cpuMs * 1_000) / MESSAGES]),
  ];
}

async function measurePostgres(): Promise<readonly BenchLine[]> {
  const server = await startPostgres(true);
  const store = await openPostgresStore({ urls: [server.url], clock: systemClock, log: silentLogger });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const numbers = async (text: string) => Object.values((await client.query(text)).rows[0] ?? {}).map(Number);
  const { claimant } = await store.join(systemClock.now());
  let commits = 0;
  store.onCommit(() => {
    commits += 1;
  });
  await client.query("CHECKPOINT");
  const { rows } = await client.query<{ lsn: string }>("SELECT pg_current_wal_insert_lsn() AS lsn");
  const serverBefore = await serverMs(client);
  const cpuMs = await liveThrough(store, claimant);
  const serverCpuMs = (await serverMs(client)) - serverBefore;
  const [wal = 0] = await numbers(`SELECT pg_current_wal_insert_lsn() - '${rows[0]?.lsn}'::pg_lsn AS wal`);
  const [disk = 0, tables = 0] = await numbers(
    `SELECT sum(pg_total_relation_size(c.oid)) AS all, sum(pg_relation_size(c.oid)) AS tables FROM pg_class c
     WHERE relnamespace = 'sms_relay'::regnamespace AND relkind = 'r'`,
  );
  await client.end();
  await store.close();
  await server.stop();
  return [
    lineOf("PostgreSQL, octets on disk a delivered message", [disk / MESSAGES]),
    lineOf("PostgreSQL, of these in tables, without indexes", [tables / MESSAGES]),
    lineOf("PostgreSQL, octets of WAL a message", [wal / MESSAGES]),
    lineOf("PostgreSQL, messages a commit, each committed thrice", [(3 * MESSAGES) / commits]),
    lineOf("PostgreSQL, µs of the service's processor time a message", [(cpuMs * 1_000) / MESSAGES]),
    lineOf("PostgreSQL, µs of the server's processor time a message", [(serverCpuMs * 1_000) / MESSAGES]),
  ];
}

/** Processor time of the server's processes so far, as Linux tells it in ticks of 10 ms. */
async function serverMs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pid FROM pg_stat_activity");
  const ticks = rows.map(async ({ pid }) => {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return (await Promise.all(ticks)).reduce((sum, own) => sum + own * 10, 0);
}

await runBench(async () => [...(await measureSqlite()), ...(await measurePostgres())]);
