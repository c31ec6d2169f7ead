/**
 * How fast the SQLite store is, beside the same rows inserted raw in the same run: single messages and messages of 500 recipients
 * accepted, and the life of a message with three writes (accept, settle, receipt). `node bench/store.ts [seconds]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deliveryIdOf, toClaimantId } from "../src/domain/ids.ts";
import { systemClock } from "../src/observability/clock.ts";
import type { Acceptance } from "../src/store/accepting.ts";
import type { Settlement } from "../src/store/settling.ts";
import { schemaSql } from "../src/store/sqlite/migrate.ts";
import { openSqliteStore } from "../src/store/sqlite/open.ts";
import type { Store } from "../src/store/store.ts";
import { accountId, buildAcceptance, gatewayId, newMessageId } from "./support/build-acceptance.ts";

const seconds = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(join(tmpdir(), "sms-relay-bench-"));
/** Calls under way at once: enough that batches fill while one is written. */
const concurrency = 2_048;
let claimant = toClaimantId("");
let smscIdCount = 0;

function buildSettlement({ deliveries }: Acceptance): Settlement[] {
  const now = systemClock.now();
  return deliveries.map(({ id }) => {
    const smscMessageId = (smscIdCount++).toString(16).padStart(8, "0");
    return {
      deliveryId: id,
      claimant,
      claimNumber: 1,
      timeMs: now,
      lane: "NORMAL",
      attempt: {
        number: 1,
        gatewayId,
        startTimeMs: now,
        endTimeMs: now,
        outcome: "ACCEPTED",
        encoding: "gsm7",
        segmentCount: 1,
        reference: undefined,
        parts: [
          {
            number: 1,
            outcome: "ACCEPTED",
            smscMessageId,
            matchKey: smscMessageId,
            commandStatus: 0,
            timeMs: now,
          },
        ],
        trace: { leftOut: [], marks: [] },
      },
      verdict: { kind: "submitted", expectsReceipts: true },
    };
  });
}

const rawReceipt = new TextEncoder().encode(
  "id:0000 sub:001 dlvrd:001 submit date:2401010000 stat:DELIVRD err:000",
);

async function liveOnce(store: Store, recipients: number): Promise<void> {
  const acceptance = buildAcceptance({ recipients: recipients, wantsClaim: true, claimant });
  await store.accept([acceptance]);
  const settlements = buildSettlement(acceptance);
  await store.settle(settlements);
  const now = systemClock.now();
  await store.recordReceipts(
    settlements.map(({ attempt }) => ({
      gatewayId,
      smscMessageId: attempt?.parts[0]?.smscMessageId ?? "",
      matchKey: attempt?.parts[0]?.matchKey ?? "",
      otherId: undefined,
      recipient: undefined,
      sender: undefined,
      submitTimeMs: undefined,
      verdict: "DELIVERED",
      stat: "DELIVRD",
      err: "000",
      networkError: undefined,
      doneTimeMs: now,
      carrier: undefined,
      arrivalTimeMs: now,
      waitMs: 30_000,
      raw: rawReceipt,
      coversAllParts: false,
    })),
  );
}

/** Keeps `concurrency` calls under way for `seconds`; answers how many ended in one second. */
async function rate(step: () => Promise<void>, calls: number): Promise<Rate> {
  const startCpu = process.cpuUsage();
  const endMs = performance.now() + seconds * 1_000;
  const startMs = performance.now();
  let done = 0;
  const loop = async () => {
    while (performance.now() < endMs) {
      await step();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: calls }, loop));
  return rateOf(done, startMs, startCpu);
}

/** The rows of an acceptance inserted by a bare loop on this thread: what SQLite itself takes, by the second. */
function rawRate(recipients: number): Rate {
  const db = new DatabaseSync(join(folder, `raw-${recipients}.db`));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
  db.exec("PRAGMA wal_autocheckpoint = 4000");
  db.exec(schemaSql);
  const message = db.prepare(
    `INSERT INTO messages (account_id, id, sender_kind, sender, content_kind, text, lane, at_most_once, encoding, transliterate,
       max_segments, fast, accept_time, expire_time, delivery_count)
     VALUES (?, ?, 1, 'Acme', 0, ?, 1, 0, 0, 0, 30, 0, ?, ?, ?)`,
  );
  const delivery = db.prepare(
    `INSERT INTO deliveries (id, account_id, recipient, country, state, lane, gateway_id, at_most_once, encoding,
       segment_count, available_time, expire_time, is_waiting) VALUES (?, ?, ?, 'SE', 1, 1, ?, 0, 'gsm7', 1, ?, ?, 1)`,
  );
  const report = db.prepare(
    "INSERT INTO reports (account_id, number, time, state, delivery_id) VALUES (?, ?, ?, 1, ?)",
  );
  const perBatch = Math.max(1, Math.floor(2_000 / (recipients + 1)));
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  let done = 0;
  let number = 0;
  while (performance.now() - startMs < seconds * 1_000) {
    const batch = Array.from({ length: perBatch }, () => newMessageId());
    const now = systemClock.now();
    db.exec("BEGIN IMMEDIATE");
    for (const id of batch) {
      const text = "Your code is 123456. It is valid for ten minutes; tell it to nobody.";
      message.run(accountId, id, text, now, now + 86_400_000, recipients);
      for (let position = 0; position < recipients; position += 1) {
        const deliveryId = deliveryIdOf(id, position);
        delivery.run(deliveryId, accountId, "+46701000000", gatewayId, now, now + 86_400_000);
        report.run(accountId, ++number, now, deliveryId);
      }
      done += 1;
    }
    db.exec("COMMIT");
  }
  const raw = rateOf(done, startMs, startCpu);
  db.close();
  return raw;
}

interface Rate {
  readonly perSecond: number;
  /** Processor time of all threads, microseconds; says more than the rate where the machine is shared. */
  readonly cpuMicros: number;
}

function rateOf(done: number, startMs: number, startCpu: NodeJS.CpuUsage): Rate {
  const { user, system } = process.cpuUsage(startCpu);
  return { perSecond: (done * 1_000) / (performance.now() - startMs), cpuMicros: (user + system) / done };
}

function tell(what: string, rate: Rate, each: number, raw?: Rate): void {
  const show = ({ perSecond, cpuMicros }: Rate) =>
    `${Math.round(perSecond * each)}/s at ${(cpuMicros / each).toFixed(1)} µs of processor`;
  const ratio =
    raw === undefined ? "" : `; raw ${show(raw)}: ${(rate.perSecond / raw.perSecond).toFixed(2)} of its rate`;
  process.stdout.write(`${what}: ${show(rate)}${ratio}\n`);
}

async function main(): Promise<void> {
  const store = await openSqliteStore({ path: join(folder, "relay.db"), clock: systemClock });
  claimant = (await store.join(systemClock.now())).claimant;
  const commits: number[] = [];
  const leave = store.onCommit(({ rows, durationMs }) => commits.push(rows, durationMs));
  const single = await rate(async () => {
    await store.accept([buildAcceptance({ recipients: 1, wantsClaim: true, claimant })]);
  }, concurrency);
  leave();
  const batches = commits.length / 2;
  const entries = commits.filter((_, index) => index % 2 === 0).reduce((sum, rows) => sum + rows, 0);
  tell("accepts of one recipient", single, 1, rawRate(1));
  process.stdout.write(
    `  ${(entries / batches).toFixed(0)} accepts a commit, ${(batches / seconds).toFixed(0)} commits/s\n`,
  );
  const wide = await rate(async () => {
    await store.accept([buildAcceptance({ recipients: 500, wantsClaim: false, claimant })]);
  }, 8);
  tell("recipients accepted by 500s", wide, 500, rawRate(500));
  const lives = await rate(() => liveOnce(store, 1), concurrency);
  tell("whole lives of one message (3 writes)", lives, 1);
  await store.close();
}

await main().finally(() => rmSync(folder, { recursive: true, force: true }));
