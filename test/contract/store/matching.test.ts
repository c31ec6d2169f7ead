import { expect, it } from "vitest";
import { type DeliveryId, toGatewayId } from "../../../src/domain/ids.ts";
import type { Receipt } from "../../../src/domain/receipt.ts";
import type { ReceiptOutcome } from "../../../src/store/settling.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  buildAcceptance,
  buildAttempt,
  buildPart,
  buildReceipt,
  buildSubmitted,
  dayMs,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const failed = { verdict: "UNDELIVERABLE", stat: "UNDELIV", err: "001" } as const;

describeStore("matching receipts", (test) => {
  const record = async (id: string, more: Partial<Receipt> = {}) => {
    const [outcome] = await test.store.recordReceipts([buildReceipt(id, more)]);
    return outcome ?? expect.fail("no outcome");
  };
  const takeAt = async (nowMs: number): Promise<readonly ReceiptOutcome[]> =>
    (await test.store.takeParked(nowMs, 100)).taken.map(({ outcome }) => outcome);
  const settle = (deliveryId: DeliveryId, id: string, timeMs = startMs) =>
    test.store.settle([
      buildSubmitted(deliveryId, test.claimant, [], {
        timeMs,
        attempt: buildAttempt([buildPart({ id, timeMs })]),
      }),
    ]);
  /** One message to several recipients, all submitted under one id. */
  const submitAlike = async (recipients: number, id: string) => {
    const ids = await acceptClaimed(test.store, test.claimant, { recipients });
    for (const deliveryId of ids) await settle(deliveryId, id);
    return ids;
  };
  const states = (ids: readonly DeliveryId[]) => test.store.readStates(ids);
  const dueMs = startMs + 5_000 + 30_000;

  it("finds what was submitted under a former id of the receipt's gateway, at once and after waiting, and nothing without it", async () => {
    const renamed = toGatewayId("renamed");
    const formerGatewayIds = [toGatewayId("another"), buildReceipt("x").gatewayId];
    const [first, second] = await submitAlike(2, "OLD-1");
    if (first === undefined || second === undefined) throw new TypeError("two were submitted");
    expect((await record("OLD-1", { gatewayId: renamed, recipient: recipientAt(0) })).kind).toBe("parked");
    expect(
      await record("OLD-1", { gatewayId: renamed, formerGatewayIds, recipient: recipientAt(0) }),
    ).toMatchObject({
      kind: "matched",
      deliveryId: first,
      state: "DELIVERED",
    });
    const early = { gatewayId: renamed, formerGatewayIds, ...failed };
    expect((await record("OLD-2", early)).kind).toBe("parked");
    const [third] = await acceptClaimed(test.store, test.claimant, { recipients: 1 });
    if (third === undefined) throw new TypeError("one was claimed");
    await settle(third, "OLD-2");
    expect(await takeAt(dueMs)).toContainEqual(
      expect.objectContaining({ kind: "matched", deliveryId: third }),
    );
  });

  it.each([
    ["one id", undefined],
    ["two ids", { smscMessageId: "text", matchKey: "text" }],
  ])(
    "P2 takes a receipt with %s once whose response comes in the batch in which its time has come",
    async (_, otherId) => {
      const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
      await record("tlv", { otherId });
      // While the first is written, the others wait for one batch.
      const [, [settled], found] = await Promise.all([
        test.store.accept([buildAcceptance()]),
        test.store.settle([buildSubmitted(id, test.claimant, [otherId === undefined ? "tlv" : "text"])]),
        test.store.takeParked(dueMs, 10),
      ]);
      expect(settled).toEqual({ kind: "settled", state: "DELIVERED" });
      expect(found.taken).toEqual([]);
      expect((await test.store.backlog()).parkedReceipts).toBe(0);
    },
  );

  it("P2 finds with a response what waits under the name that its gateway has got meanwhile", async () => {
    const renamedTo = toGatewayId("renamed");
    const formerGatewayIds = [buildReceipt("x").gatewayId];
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    const early = await record("EARLY", { gatewayId: renamedTo, formerGatewayIds });
    expect(early).toEqual({ kind: "parked" });
    const attempt = buildAttempt([buildPart({ id: "EARLY" })], { renamedTo });
    const settlement = buildSubmitted(id, test.claimant, [], { attempt });
    expect(await test.store.settle([settlement])).toMatchObject([{ kind: "settled" }]);
    expect(await states([id])).toEqual(["DELIVERED"]);
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
  });

  it.each([
    ["one id", undefined],
    ["two ids", { smscMessageId: "text", matchKey: "text" }],
  ])(
    "P2 looks again at a receipt with %s that was parked under a former name for a part submitted under today's",
    async (_, otherId) => {
      const [former, today] = [buildReceipt("x").gatewayId, toGatewayId("renamed")];
      const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
      const attempt = buildAttempt([buildPart({ id: "tlv" })], { gatewayId: today });
      await test.store.settle([buildSubmitted(id, test.claimant, [], { attempt })]);
      // Heard by a replica that knows the former name only.
      expect(await record("tlv", { otherId })).toEqual({ kind: "parked" });
      expect(await takeAt(dueMs)).toEqual([]);
      expect(await takeAt(dueMs + dayMs), "looked at for the last time").toEqual([]);
      const renamed = new Map([[former, today]]);
      const rows = otherId === undefined ? 1 : 2;
      expect(await test.store.renameReceipts(renamed, dueMs, 10)).toBe(rows);
      expect(await test.store.renameReceipts(renamed, dueMs, 10)).toBe(0);
      expect(await takeAt(dueMs)).toMatchObject([{ kind: "matched", state: "DELIVERED" }]);
      expect(await states([id])).toEqual(["DELIVERED"]);
      expect((await test.store.backlog()).parkedReceipts).toBe(0);
    },
  );

  it("P2 keeps finding what was submitted under the former name once a receipt was brought to today's, some at a time", async () => {
    const [former, today] = [buildReceipt("x").gatewayId, toGatewayId("renamed")];
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    for (const each of ["a", "b", "c"]) await record(each);
    const renamed = new Map([
      [toGatewayId("older"), today],
      [former, today],
    ]);
    const counts = [];
    for (let calls = 1; calls <= 3; calls += 1)
      counts.push(await test.store.renameReceipts(renamed, dueMs, 2));
    expect(counts).toEqual([2, 1, 0]);
    await settle(id, "c");
    expect(await takeAt(dueMs)).toMatchObject([{ deliveryId: id, state: "DELIVERED" }]);
    expect((await test.store.backlog()).parkedReceipts).toBe(2);
  });

  it("P53 tells parts under one id apart by the receipt's address, in any spelling (P54)", async () => {
    const ids = await submitAlike(4, "SAME-7");
    const spelled = (index: number, spell: (digits: string) => string) => ({
      recipient: spell(recipientAt(index).slice(3)),
    });
    await record(
      "SAME-7",
      spelled(0, (national) => `0${national}`),
    );
    await record("SAME-7", { ...spelled(1, (national) => `0046${national}`), ...failed });
    await record("SAME-7", { ...spelled(2, (national) => `+46${national}`), ...failed });
    // An SMSC that leaves source and destination as they were in the submit_sm.
    await record("SAME-7", { recipient: "Acme", sender: recipientAt(3).slice(1) });
    expect(await states(ids)).toEqual(["DELIVERED", "UNDELIVERABLE", "UNDELIVERABLE", "DELIVERED"]);
  });

  it("P53 tries the id in the text where that of receipted_message_id leads nowhere", async () => {
    const id = await acceptSubmitted(test.store, test.claimant, ["1007"]);
    const otherId = { smscMessageId: "1007", matchKey: "1007" };
    expect(await record("77aa-other", { otherId })).toMatchObject({
      kind: "matched",
      deliveryId: id,
      state: "DELIVERED",
    });
  });

  it("P53 tries the id in the text where that of receipted_message_id is another number's", async () => {
    const [other, id] = await acceptClaimed(test.store, test.claimant, { recipients: 2 });
    await settle(other ?? expect.fail(), "77");
    await settle(id ?? expect.fail(), "1007");
    const otherId = { smscMessageId: "1007", matchKey: "1007" };
    expect(await record("77", { otherId, recipient: recipientAt(1) })).toMatchObject({ deliveryId: id });
  });

  it("P53 parks a receipt under both its ids, and takes both away with it", async () => {
    for (const response of ["tlv", "text"]) {
      const [id] = await acceptClaimed(test.store, test.claimant);
      const receipt = { otherId: { smscMessageId: "text", matchKey: "text" }, raw: Buffer.from(response) };
      expect(await record("tlv", receipt)).toEqual({ kind: "parked" });
      expect((await test.store.backlog()).parkedReceipts).toBe(2);
      await settle(id ?? expect.fail(), response);
      expect(await states([id ?? expect.fail()])).toEqual(["DELIVERED"]);
      expect((await test.store.backlog()).parkedReceipts).toBe(0);
    }
  });

  it("P53 lets the submit date decide where it is within a minute of one delivery only", async () => {
    const ids = await acceptClaimed(test.store, test.claimant, { recipients: 3 });
    const [first, second, third] = ids;
    await settle(first ?? expect.fail(), "5", startMs);
    await settle(second ?? expect.fail(), "5", startMs + 10 * 60_000);
    await settle(third ?? expect.fail(), "5", startMs + 20 * 60_000);
    const arrivalTimeMs = startMs + 30 * 60_000;
    expect(await record("5", { arrivalTimeMs, submitTimeMs: startMs + 9.5 * 60_000 })).toMatchObject({
      deliveryId: second,
      isGuess: false,
    });
    // Of neither of the two that are left: the newest, and said so.
    expect(await record("5", { arrivalTimeMs, submitTimeMs: startMs + 10 * 60_000 })).toMatchObject({
      deliveryId: third,
      isGuess: true,
    });
  });

  it("P53 gives an id that begins again to the newest part where older ones are still open", async () => {
    const old = await acceptSubmitted(test.store, test.claimant, ["1"]);
    const fresh = await acceptSubmitted(test.store, test.claimant, ["1"]);
    expect(await record("1", { recipient: recipientAt(0) })).toMatchObject({
      deliveryId: fresh,
      isFirstFinal: true,
      isGuess: true,
    });
    expect(await states([old, fresh])).toEqual(["SUBMITTED", "DELIVERED"]);
  });

  it("P53 takes of two parts that one commit submits under one id the one that was settled later", async () => {
    const [first, second] = await acceptClaimed(test.store, test.claimant, { recipients: 2 });
    if (first === undefined || second === undefined) expect.fail("two were accepted");
    await test.store.settle([second, first].map((id) => buildSubmitted(id, test.claimant, ["TWICE-1"])));
    expect(await record("TWICE-1")).toMatchObject({ kind: "matched", deliveryId: first, isGuess: true });
    expect(await record("TWICE-1")).toMatchObject({ kind: "matched", deliveryId: second });
    expect(await states([first, second])).toEqual(["DELIVERED", "DELIVERED"]);
  });

  it("P2 waits for the response where the id's older part is final, and never takes the receipt for a repetition", async () => {
    const old = await acceptSubmitted(test.store, test.claimant, ["1"]);
    await record("1", failed);
    const [fresh] = await acceptClaimed(test.store, test.claimant);
    expect(await record("1", { raw: Buffer.from("early") })).toEqual({ kind: "parked" });
    await settle(fresh ?? expect.fail(), "1");
    expect(await states([old, fresh ?? expect.fail()])).toEqual(["UNDELIVERABLE", "DELIVERED"]);
    expect(await takeAt(dueMs)).toEqual([]);
  });

  it("P2 waits where the id's older part was given up in silence", async () => {
    const old = await acceptSubmitted(test.store, test.claimant, ["1"]);
    const lateMs = startMs + 2 * dayMs;
    await test.store.endSilent(lateMs, 0, 10);
    const [fresh] = await acceptClaimed(test.store, test.claimant);
    expect(await record("1", { arrivalTimeMs: lateMs })).toEqual({ kind: "parked" });
    await settle(fresh ?? expect.fail(), "1");
    expect(await states([old, fresh ?? expect.fail()])).toEqual(["UNKNOWN", "DELIVERED"]);
  });

  it("P2 waits where the receipt is of another number, and then lets the best part take it", async () => {
    const id = await acceptSubmitted(test.store, test.claimant, ["1"]);
    expect(await record("1", { recipient: "46709999999" })).toEqual({ kind: "parked" });
    expect(await takeAt(dueMs - 1)).toEqual([]);
    expect(await states([id])).toEqual(["SUBMITTED"]);
    expect(await takeAt(dueMs)).toMatchObject([{ kind: "matched", deliveryId: id, isFirstFinal: true }]);
    expect(await takeAt(dueMs + dayMs)).toEqual([]);
  });

  it("takes an address that is no number, or too short to tell, for none", async () => {
    for (const recipient of ["", "Acme", "1234", "Acme Ltd"]) {
      const id = await acceptSubmitted(test.store, test.claimant, ["1"]);
      expect(await record("1", { recipient })).toMatchObject({ kind: "matched", deliveryId: id });
    }
  });

  it("P2 keeps a receipt whose id nobody knows until a response comes, however late", async () => {
    expect(await record("1")).toEqual({ kind: "parked" });
    expect(await takeAt(dueMs)).toEqual([]);
    const [id] = await acceptClaimed(test.store, test.claimant);
    await settle(id ?? expect.fail(), "1");
    expect(await states([id ?? expect.fail()])).toEqual(["DELIVERED"]);
  });

  it("P2 parks under both ids also beside what is settled in the same commit", async () => {
    const [id] = await acceptClaimed(test.store, test.claimant);
    const otherId = { smscMessageId: "text", matchKey: "text" };
    await Promise.all([settle(id ?? expect.fail(), "text"), record("tlv", { otherId })]);
    expect(await states([id ?? expect.fail()])).toEqual(["DELIVERED"]);
  });

  it("spreads receipts of one id over the parts of one delivery", async () => {
    const id = await acceptSubmitted(test.store, test.claimant, ["x", "x"]);
    expect(await record("x")).toMatchObject({ state: "SUBMITTED", isGuess: false });
    expect(await record("x", { raw: Buffer.from("2") })).toMatchObject({
      deliveryId: id,
      state: "DELIVERED",
    });
  });

  it("P1 gives each of a thousand receipts that are written alike to its own part, by its key, told twice or once", async () => {
    const ids = await acceptClaimed(test.store, test.claimant, { recipients: 1_000 });
    const keyOf = (index: number) => `batch/${recipientAt(index)}`;
    const receipts = ids.map((_, index) => buildReceipt("batch", { matchKey: keyOf(index) }));
    await test.store.recordReceipts([...receipts, ...receipts.slice(0, 10)]);
    expect((await test.store.backlog()).parkedReceipts).toBe(1_000);
    const settled = ids.map((id, index) => {
      const attempt = buildAttempt([buildPart({ id: "batch", key: keyOf(index) })]);
      return buildSubmitted(id, test.claimant, [], { attempt });
    });
    await test.store.settle(settled);
    expect(new Set(await states(ids))).toEqual(new Set(["DELIVERED"]));
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
  });

  it("P1 finds what waits under another key and is written like its id, after what waits under its key", async () => {
    const [id] = await acceptClaimed(test.store, test.claimant, { recipients: 1 });
    if (id === undefined) throw new TypeError("one was claimed");
    await record("77", { matchKey: "119", ...failed });
    await record("4D", { matchKey: "77", verdict: "RECORDED", stat: "ENROUTE" });
    await settle(id, "77");
    expect(await states([id])).toEqual(["UNDELIVERABLE"]);
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
  });

  it("parks a thousand receipts under one id, and looks at the newest hundred for each part", async () => {
    const ids = await acceptClaimed(test.store, test.claimant, { recipients: 1_000 });
    const receipts = ids.map((_, index) =>
      buildReceipt("0", { recipient: recipientAt(index), raw: Buffer.from(String(index)) }),
    );
    await test.store.recordReceipts(receipts);
    expect((await test.store.backlog()).parkedReceipts).toBe(1_000);
    const attempt = buildAttempt([buildPart({ id: "0" })]);
    await test.store.settle(ids.map((id) => buildSubmitted(id, test.claimant, [], { attempt })));
    // One delivery has used up the newest receipt of its number, and the next hundred look at those that are left.
    const delivered = (await states(ids)).filter((state) => state === "DELIVERED").length;
    expect(delivered).toBeGreaterThanOrEqual(100);
    while ((await test.store.takeParked(dueMs, 100)).hasMore);
    expect(await states(ids.slice(-100))).toEqual(Array.from({ length: 100 }, () => "DELIVERED"));
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
  });
});
