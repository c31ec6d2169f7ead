import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DeliveryId, deliveryIdOf, messageIdOf, toGatewayId } from "../../../../src/domain/ids.ts";
import type { Receipt } from "../../../../src/domain/receipt.ts";
import { migrate, migrations } from "../../../../src/store/sqlite/migrate.ts";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { seededRandom } from "../../../support/seeded-random.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildReceipt,
  buildSubmitted,
  dayMs,
  gateway,
  hourMs,
  newMessageId,
  startMs,
} from "../../../support/store-builders.ts";

const retention = {
  bodiesMs: 90 * dayMs,
  reportsMs: dayMs,
  messagesMs: 90 * dayMs,
  requestIdsMs: 7 * dayMs,
  parkedReceiptsMs: 2 * dayMs,
  referencesMs: 3 * dayMs,
  smscIdsMs: 7 * dayMs,
  auditMs: 7 * dayMs,
};
const page = { afterPosition: -1, limit: 10, view: "FULL" } as const;

let folder = "";
let path = "";
const opened: Store[] = [];

async function open(at = path): Promise<Store> {
  const store = await openSqliteStore({ path: at, clock: createFakeClock(startMs) });
  opened.push(store);
  return store;
}

async function statusOf(store: Store, id: DeliveryId) {
  const found = await store.readStatus(account, messageIdOf(id), page);
  return found?.deliveries.find((delivery) => delivery.id === id);
}

function query(sql: string, at = path): readonly unknown[] {
  using db = new DatabaseSync(at, { readOnly: true });
  return db.prepare(sql).all();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-first-"));
  path = join(folder, "relay.db");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** A delivery as schema 13 has it, with its attempt and its id in rows of their own. */
function plantBefore(db: DatabaseSync, state: number, smscId: string): DeliveryId {
  const messageId = newMessageId();
  const id = deliveryIdOf(messageId, 0);
  const part = [1, "ACCEPTED", smscId, null, 0, startMs + 5, null, null];
  db.prepare(
    `INSERT INTO messages (account_id, id, sender_kind, sender, content_kind, text, lane, at_most_once, encoding, transliterate,
       max_segments, fast, accept_time, expire_time, delivery_count) VALUES (?, ?, 1, 'Acme', 0, 'Hi', 1, 0, 0, 0, 30, 0, ?, ?, 1)`,
  ).run(account, messageId, startMs, startMs + dayMs);
  db.prepare(
    `INSERT INTO deliveries (id, account_id, recipient, state, lane, gateway_id, at_most_once, encoding, segment_count,
       available_time, expire_time, is_waiting, attempt_count, submit_time, final_time)
     VALUES (?, ?, '+46701234567', ?, 1, ?, 0, 'gsm7', 1, ?, ?, 0, 1, ?, ?)`,
  ).run(id, account, state, gateway, startMs, startMs + dayMs, startMs + 9, state > 3 ? startMs + 20 : null);
  db.prepare(
    `INSERT INTO attempts (delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts,
       trace) VALUES (?, 1, ?, ?, ?, 'ACCEPTED', 'ucs2', 2, 7, ?, '{"leftOut":[],"marks":["AFTER_CRASH"]}')`,
  ).run(id, gateway, startMs + 1, startMs + 5, JSON.stringify([part]));
  plantId(db, id, smscId);
  return id;
}

function plantId(db: DatabaseSync, id: string, smscId: string): void {
  db.prepare(
    "INSERT INTO smsc_ids (gateway_id, match_key, delivery_id, attempt, part, expire_time) VALUES (?, ?, ?, 1, 1, ?)",
  ).run(gateway, smscId, id, startMs + dayMs);
}

describe("a file of before", () => {
  it("is migrated with its attempts and ids where they are, and goes on", async () => {
    const before = new DatabaseSync(path);
    migrate(
      before,
      path,
      randomUUID,
      migrations.filter(({ version }) => version < 14),
    );
    const delivered = plantBefore(before, 4, "d");
    const open1 = plantBefore(before, 3, "x");
    const open2 = plantBefore(before, 3, "x");
    plantId(before, deliveryIdOf(newMessageId(), 0), "of nobody");
    before.close();

    const store = await open();
    const { claimant } = await store.join(startMs + hourMs);
    expect(await statusOf(store, delivered)).toMatchObject({
      state: "DELIVERED",
      encoding: "ucs2",
      segmentCount: 2,
      attempts: [
        {
          number: 1,
          gatewayId: gateway,
          outcome: "ACCEPTED",
          reference: 7,
          trace: { marks: ["AFTER_CRASH"] },
        },
      ],
    });
    expect(query("SELECT match_key, nth, delivery_id FROM smsc_ids ORDER BY match_key, nth")).toEqual([
      { match_key: "d", nth: 0, delivery_id: delivered },
      { match_key: "x", nth: 0, delivery_id: open1 },
      { match_key: "x", nth: 1, delivery_id: open2 },
    ]);
    // One more under the same id, of this program: of three open ones the newest takes it, as ever.
    const newest = await acceptSubmitted(store, claimant, ["x"]);
    const taken = [];
    for (let count = 0; count < 3; count++) taken.push(...(await store.recordReceipts([buildReceipt("x")])));
    expect(taken).toMatchObject(
      [newest, open2, open1].map((deliveryId, index) => ({
        ...{ kind: "matched", deliveryId, state: "DELIVERED", isGuess: index < 2 },
      })),
    );
    expect((await statusOf(store, open1))?.attempts[0]?.parts[0]?.receipt?.verdict).toBe("DELIVERED");
    await store.clean(startMs + 9 * dayMs, retention, 500);
    expect(query("SELECT * FROM smsc_ids")).toEqual([]);
  });

  it("tells a program of before that it is too old, once it is migrated", async () => {
    await open();
    expect(query("SELECT value FROM meta WHERE key = 'min_reader'")).toEqual([{ value: 14 }]);
  });
});

describe("a delivery that is SUBMITTED by its first attempt", () => {
  it("has no further row, and shows its attempt as any other", async () => {
    const store = await open();
    const { claimant } = await store.join(startMs);
    const id = await acceptSubmitted(store, claimant, ["a", "b"]);
    expect(query("SELECT * FROM attempts")).toEqual([]);
    expect(await statusOf(store, id)).toMatchObject({
      state: "SUBMITTED",
      attemptCount: 1,
      attempts: [{ number: 1, outcome: "ACCEPTED", parts: [{ smscMessageId: "a" }, { smscMessageId: "b" }] }],
    });
    await store.recordReceipts([buildReceipt("a"), buildReceipt("b")]);
    const reports = await store.readReports(account, 0, 10);
    expect(reports.map(({ state, parts }) => [state, parts.length])).toEqual([
      ["QUEUED", 0],
      ["SUBMITTED", 2],
      ["DELIVERED", 2],
    ]);
  });

  it("keeps what is told again of it, and what a lost claim adds, beside it", async () => {
    const store = await open();
    const { claimant } = await store.join(startMs);
    const [id] = await acceptClaimed(store, claimant);
    if (id === undefined) return expect.fail("nothing was claimed");
    const settlement = buildSubmitted(id, claimant, ["a"]);
    await store.settle([settlement]);
    expect(await store.settle([settlement])).toEqual([{ kind: "fenced" }]);
    expect((await statusOf(store, id))?.attempts).toHaveLength(1);
    expect(await store.settle([buildSubmitted(id, claimant, ["other"])])).toEqual([{ kind: "fenced" }]);
    const attempts = (await statusOf(store, id))?.attempts ?? [];
    expect(attempts.map(({ parts, trace }) => [parts[0]?.smscMessageId, trace.marks])).toEqual([
      ["other", ["FENCED"]],
      ["a", []],
    ]);
    expect(await store.recordReceipts([buildReceipt("a")])).toMatchObject([
      { kind: "matched", isFirstFinal: true },
    ]);
  });
});

describe("ids of SMSCs", () => {
  it("keep their order under one key while the oldest go, and none stays behind", async () => {
    const store = await open();
    const { claimant } = await store.join(startMs);
    const submit = (expireTimeMs: number, ids: readonly string[]) =>
      acceptSubmitted(store, claimant, ids, { message: { expireTimeMs } });
    const ids = [
      await submit(startMs + hourMs, ["x", "x"]),
      await submit(startMs + dayMs, ["x"]),
      await submit(startMs + dayMs, ["x"]),
    ];
    const rows = () => query("SELECT nth, delivery_id FROM smsc_ids ORDER BY nth");
    expect(rows()).toHaveLength(4);
    await store.clean(startMs + 7 * dayMs + 2 * hourMs, retention, 500);
    expect(rows()).toEqual([
      { nth: 0, delivery_id: ids[1] },
      { nth: 3, delivery_id: ids[2] },
    ]);
    const last = await submit(startMs + 30 * dayMs, ["x"]);
    expect(rows().at(-1)).toEqual({ nth: 4, delivery_id: last });
    expect(await store.recordReceipts([buildReceipt("x")])).toMatchObject([{ deliveryId: last }]);
    await store.clean(startMs + 9 * dayMs, retention, 500);
    expect(rows()).toEqual([{ nth: 0, delivery_id: last }]);
    await store.clean(startMs + 40 * dayMs, retention, 1);
    expect(rows()).toEqual([]);
  });

  it("go with their message, where that goes before them", async () => {
    const store = await open();
    const { claimant } = await store.join(startMs);
    await acceptSubmitted(store, claimant, ["a", "b"]);
    await store.recordReceipts([buildReceipt("a"), buildReceipt("b")]);
    const open2 = await acceptSubmitted(store, claimant, ["b"]);
    await store.clean(startMs + 3 * dayMs, { ...retention, messagesMs: dayMs }, 500);
    expect(query("SELECT match_key, nth, delivery_id FROM smsc_ids")).toEqual([
      { match_key: "b", nth: 0, delivery_id: open2 },
    ]);
    expect(await store.recordReceipts([buildReceipt("b")])).toMatchObject([
      { deliveryId: open2, isGuess: false },
    ]);
  });
});

describe("what the writer remembers", () => {
  it("makes no difference, whatever comes between a part and its receipts", async () => {
    // A gateway that had another name is looked for under both, so that nothing is taken from what is remembered.
    const former = [toGatewayId("never")];
    const plain = await open(join(folder, "plain.db"));
    const reading = await open(join(folder, "reading.db"));
    const stores = [plain, reading];
    const { claimant } = await plain.join(startMs);
    await reading.join(startMs);
    const random = seededRandom(41);
    const below = (count: number) => Math.floor(random() * count);
    const smscIds = ["shared", "also shared"];
    const ids: DeliveryId[] = [];
    for (let step = 0; step < 300; step++) {
      const choice = below(10);
      const id = ids.length === 0 ? undefined : ids[below(ids.length)];
      if (choice < 3 || id === undefined) {
        const own = Array.from({ length: 1 + below(3) }, (_, part) =>
          below(5) === 0 ? (smscIds[below(2)] ?? "") : `${step}.${part}`,
        );
        smscIds.push(...own);
        const message = { id: newMessageId() };
        for (const store of stores) {
          const submitted = await acceptSubmitted(store, claimant, own, { message });
          if (store === plain) ids.push(submitted);
        }
      } else if (choice === 3) {
        for (const store of stores) await store.settle([buildSubmitted(id, claimant, [`late ${step}`])]);
      } else if (choice === 4 && below(8) === 0) {
        for (const store of stores) await store.endSilent(startMs + 2 * dayMs, 0, 1);
      } else {
        const verdicts: readonly Receipt["verdict"][] = ["DELIVERED", "RECORDED", "UNDELIVERABLE", "EXPIRED"];
        const receipts = Array.from({ length: 1 + below(3) }, () =>
          buildReceipt(smscIds[below(smscIds.length)] ?? "", {
            verdict: verdicts[below(4)] ?? "DELIVERED",
            recipient: below(4) === 0 ? "46709999999" : undefined,
            coversAllParts: below(6) === 0,
            arrivalTimeMs: startMs + step,
          }),
        );
        const again = receipts.map((receipt) => ({ ...receipt, formerGatewayIds: former }));
        expect(await plain.recordReceipts(receipts)).toEqual(await reading.recordReceipts(again));
      }
    }
    for (const id of ids) expect(await statusOf(plain, id)).toEqual(await statusOf(reading, id));
    expect(await plain.readReports(account, 0, 2_000)).toEqual(await reading.readReports(account, 0, 2_000));
    const states = new Set((await plain.readStates(ids)).values());
    expect(states.size).toBeGreaterThan(3);
  });
});
