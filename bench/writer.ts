/**
 * What a message costs SQLite's writing thread, by operation: microseconds on its processor for accepting, settling and its receipt, as one
 * message of many recipients and as single ones, with what the file holds of each message afterwards. With `--before DIR` beside another
 * clone (after `npm ci`), in turn. `--batch N` deliveries a batch, `--messages N` in all.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { toClaimantId } from "../src/domain/ids.ts";
import type { Receipt } from "../src/domain/receipt.ts";
import { systemClock } from "../src/observability/clock.ts";
import type { Acceptance } from "../src/store/accepting.ts";
import type { Settlement } from "../src/store/settling.ts";
import type { openSqliteStore } from "../src/store/sqlite/open.ts";
import type { Store } from "../src/store/store.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { buildAcceptance, gatewayId } from "./support/build-acceptance.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { readThreadTimes } from "./support/thread-time.ts";

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    batch: { type: "string", default: "250" },
    messages: { type: "string", default: "10000" },
    json: { type: "boolean" },
  },
});
const batch = Number(values.batch);
const batches = Math.ceil(Number(values.messages) / batch);
/** Batches that are settled before the receipts of the first come. */
const receiptsBehind = 8;

const claimant = toClaimantId("local.1");
const raw = new TextEncoder().encode(
  "id:0123456789 sub:001 dlvrd:001 submit date:2401010000 done date:2401010000 stat:DELIVRD err:000 text:",
);
let smscIds = 0x1000000;

interface Side {
  readonly name: string;
  readonly store: Store;
  readonly path: string;
  /** Of its writer. */
  readonly thread: number;
  messages: number;
}

async function writerThreads(): Promise<readonly number[]> {
  const times = await readThreadTimes(process.pid);
  return [...times].flatMap(([thread, { name }]) => (name === "sms-relay write" ? [thread] : []));
}

async function openSide(name: string, clone: string): Promise<Side> {
  const program = await import(join(clone, "src/store/sqlite/open.ts"));
  const open = program.openSqliteStore as typeof openSqliteStore;
  const known = await writerThreads();
  const path = join(mkdtempSync(join(tmpdir(), "sms-relay-writer-")), "store.db");
  const store = await open({ path, clock: systemClock });
  const thread = (await writerThreads()).find((each) => !known.includes(each));
  if (thread === undefined) throw new Error("the store has no thread that writes");
  return { name, store, path, thread, messages: 0 };
}

function settlementsOf({ deliveries }: Acceptance): readonly Settlement[] {
  const timeMs = systemClock.now();
  return deliveries.map(({ id }) => {
    const smscMessageId = (smscIds++).toString(16);
    const part = { number: 1, outcome: "ACCEPTED", commandStatus: 0, timeMs } as const;
    return {
      deliveryId: id,
      claimant,
      claimNumber: 1,
      timeMs,
      lane: "NORMAL",
      attempt: {
        number: 1,
        gatewayId,
        startTimeMs: timeMs,
        endTimeMs: timeMs,
        outcome: "ACCEPTED",
        encoding: "gsm7",
        segmentCount: 1,
        reference: undefined,
        parts: [{ ...part, smscMessageId, matchKey: smscMessageId }],
        trace: { leftOut: [], marks: [] },
      },
      verdict: { kind: "submitted", expectsReceipts: true },
    };
  });
}

function receiptOf({ attempt }: Settlement): Receipt {
  const now = systemClock.now();
  const smscMessageId = attempt?.parts[0]?.smscMessageId ?? "";
  return {
    gatewayId,
    smscMessageId,
    matchKey: smscMessageId,
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
    raw,
    coversAllParts: false,
  };
}

/** What the thread has used once it rests: the scheduler counts a turn when it ends. */
async function microsOf(thread: number): Promise<number> {
  const folder = `/proc/self/task/${thread}`;
  do await sleep(1);
  while (readFileSync(`${folder}/stat`, "utf8").split(") ")[1]?.startsWith("S") !== true);
  return Number(readFileSync(`${folder}/schedstat`, "utf8").split(" ")[0]) / 1_000;
}

type Spent = ReadonlyMap<string, number>;

interface Life {
  readonly side: Side;
  readonly spent: Map<string, number>;
  /** What is settled and has no receipts yet. */
  readonly waiting: (readonly Settlement[])[];
}

async function measure<Answer>(
  { side, spent }: Life,
  prefix: string,
  what: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const before = await microsOf(side.thread);
  const answer = await work();
  const micros = (await microsOf(side.thread)) - before;
  for (const key of [what, "in all"]) {
    const figure = `${prefix}: ${key}, µs`;
    spent.set(figure, (spent.get(figure) ?? 0) + micros / (batches * batch));
  }
  return answer;
}

async function takeReceipts(life: Life, prefix: string): Promise<void> {
  const receipts = (life.waiting.shift() ?? []).map(receiptOf);
  const outcomes = await measure(life, prefix, "receipts", () => life.side.store.recordReceipts(receipts));
  if (outcomes.some((outcome) => outcome.kind !== "matched")) throw new Error("a receipt found nothing");
}

async function liveOnce(life: Life, prefix: string, recipientsEach: number): Promise<void> {
  const entries = Array.from({ length: batch / recipientsEach }, () =>
    buildAcceptance({ recipients: recipientsEach, wantsClaim: true, claimant }),
  );
  await measure(life, prefix, "accepting", () => life.side.store.accept(entries));
  const settlements = entries.flatMap(settlementsOf);
  const outcomes = await measure(life, prefix, "settling", () => life.side.store.settle(settlements));
  if (outcomes.some((outcome) => outcome.kind !== "settled")) throw new Error("a claim was lost");
  life.waiting.push(settlements);
  life.side.messages += batch;
  if (life.waiting.length > receiptsBehind) await takeReceipts(life, prefix);
}

/** Microseconds a message by figure. The sides take turns at each batch, so that both have the same of what else the machine does. */
async function spend(prefix: string, recipientsEach: number): Promise<Spent> {
  const lives = sides.map((side): Life => ({ side, spent: new Map(), waiting: [] }));
  for (let index = 0; index < batches; index++) {
    for (const life of index % 2 === 0 ? lives : lives.toReversed()) {
      await liveOnce(life, `${life.side.name}${prefix}`, recipientsEach);
    }
  }
  for (const life of lives)
    while (life.waiting.length > 0) await takeReceipts(life, `${life.side.name}${prefix}`);
  return new Map(lives.flatMap(({ spent }) => [...spent]));
}

const here = resolve(import.meta.dirname, "..");
const sides = [await openSide("", here)];
if (values.before !== undefined) sides.push(await openSide("before, ", resolve(values.before)));

await runBench(async () => {
  const rounds = await runRounds(
    async () => new Map([...(await spend("many recipients", batch)), ...(await spend("single messages", 1))]),
  );
  const figures = [...(rounds[0]?.keys() ?? [])];
  const lines: BenchLine[] = figures.map((figure) =>
    lineOf(
      figure,
      rounds.map((round) => round.get(figure) ?? Number.NaN),
    ),
  );
  for (const { name, store, path, messages } of sides) {
    await store.close();
    lines.push(lineOf(`${name}octets a message, half of them single`, [statSync(path).size / messages]));
    rmSync(resolve(path, ".."), { recursive: true });
  }
  return lines;
});
