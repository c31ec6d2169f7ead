import { expect, it } from "vitest";
import { type DeliveryId, messageIdOf, toClaimantId, toGatewayId } from "../../../src/domain/ids.ts";
import { noProgress } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import type { PartRecord, Settlement } from "../../../src/store/settling.ts";
import {
  acceptClaimed,
  account,
  buildAttempt,
  buildPart,
  buildReceipt,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const full = { afterPosition: -1, limit: 100, view: "FULL" } as const;
const ambiguousAt = startMs + 40_000;

describeStore("answers that come late", (test) => {
  const view = async (id: DeliveryId) => {
    const status = await test.store.readStatus(account, messageIdOf(id), full);
    return status?.deliveries[0] ?? expect.fail("no such delivery");
  };
  const states = async () => (await test.store.readReports(account, 0, 100)).map(({ state }) => state);
  const accept = async () => {
    const [id] = await acceptClaimed(test.store, test.claimant, {});
    claimNumber = firstClaimNumber;
    return id ?? expect.fail("no delivery");
  };
  /** Of the claim that stands. */
  let claimNumber = firstClaimNumber;
  const claim = async () => {
    const claimed = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: { OTP: 0, NORMAL: 1, BULK: 0 },
      nowMs: startMs + 60_000,
    });
    claimNumber = claimed.deliveries[0]?.claimNumber ?? claimNumber;
    return claimed;
  };
  const settle = async (id: DeliveryId, more: Partial<Settlement>) => {
    const [outcome] = await test.store.settle([
      {
        deliveryId: id,
        claimant: test.claimant,
        claimNumber,
        timeMs: startMs + 50_000,
        lane: "NORMAL",
        attempt: undefined,
        verdict: { kind: "late", copyTimeMs: ambiguousAt, isHeld: false },
        ...more,
      },
    ]);
    return outcome;
  };
  const whole = (partCount: number) => ({ partCount, expectsReceipts: true });
  /** An attempt whose parts are all in doubt. */
  const inDoubt = (partCount: number, acceptedParts: readonly number[] = []): Partial<Settlement> => ({
    attempt: buildAttempt(
      Array.from({ length: partCount }, (_, index) =>
        buildPart({ number: index + 1, outcome: "AMBIGUOUS", timeMs: ambiguousAt }),
      ),
      { outcome: "AMBIGUOUS" },
    ),
    verdict: {
      kind: "retry",
      gatewayId: gateway,
      availableTimeMs: startMs + 45_000,
      mayHaveBeenSent: true,
      progress: {
        ...noProgress,
        attemptCount: 1,
        resume: { gatewayId: gateway, attempt: 1, reference: 7, acceptedParts, isAmbiguous: true },
      },
    },
    whole: whole(partCount),
  });
  const late = (part: PartRecord, partCount: number, isHeld = false): Partial<Settlement> => ({
    attempt: buildAttempt([part], { outcome: "AMBIGUOUS", endTimeMs: startMs + 50_000 }),
    verdict: { kind: "late", copyTimeMs: ambiguousAt, isHeld },
    whole: whole(partCount),
  });

  it("P49 make a delivery SUBMITTED that waits for its resend, and their ids take receipts", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    expect(await settle(id, late(buildPart({ id: "late" }), 1))).toEqual({
      kind: "settled",
      state: "SUBMITTED",
    });
    expect((await claim()).deliveries).toEqual([]);
    expect(await view(id)).toMatchObject({
      state: "SUBMITTED",
      attempts: [{ number: 1, outcome: "ACCEPTED", parts: [{ outcome: "ACCEPTED", smscMessageId: "late" }] }],
    });
    const [receipt] = await test.store.recordReceipts([buildReceipt("late")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED", isFirstFinal: true });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
  });

  it("P49 apply receipts that were parked for their ids", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    expect(await test.store.recordReceipts([buildReceipt("late")])).toEqual([{ kind: "parked" }]);
    expect(await settle(id, late(buildPart({ id: "late" }), 1))).toEqual({
      kind: "settled",
      state: "DELIVERED",
    });
  });

  it("P49 are recorded where the resend is claimed, and count when it ends in doubt as well", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    expect((await claim()).deliveries).toHaveLength(1);
    expect(await settle(id, late(buildPart({ id: "first" }), 1))).toEqual({
      kind: "recorded",
      state: "QUEUED",
      isWhole: true,
    });
    const second = buildPart({ outcome: "AMBIGUOUS", timeMs: ambiguousAt + 40_000 });
    const again = { ...inDoubt(1), attempt: buildAttempt([second], { outcome: "AMBIGUOUS" }) };
    expect(await settle(id, again)).toEqual({ kind: "settled", state: "SUBMITTED" });
    // Each copy that was written can be seen.
    expect((await view(id)).attempts[0]?.parts).toMatchObject([
      { number: 1, outcome: "ACCEPTED", smscMessageId: "first" },
      { number: 1, outcome: "AMBIGUOUS" },
    ]);
    const [receipt] = await test.store.recordReceipts([buildReceipt("first")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED" });
  });

  it("P49 are told for the copy that they answer, and a receipt for any id ends the delivery", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    await claim();
    const second = buildPart({ outcome: "AMBIGUOUS", timeMs: ambiguousAt + 40_000 });
    // The run that goes on has a start of its own; its row keeps that of the first.
    const again = { outcome: "AMBIGUOUS", startTimeMs: ambiguousAt + 5_000 } as const;
    await settle(id, { ...inDoubt(1), attempt: buildAttempt([second], again) });
    expect((await view(id)).attempts[0]?.parts).toMatchObject([
      { outcome: "AMBIGUOUS" },
      { outcome: "AMBIGUOUS" },
    ]);
    const toSecond = late(buildPart({ id: "second" }), 1);
    await settle(id, {
      ...toSecond,
      attempt: buildAttempt([buildPart({ id: "second" })], { startTimeMs: ambiguousAt + 5_000 }),
      verdict: { kind: "late", copyTimeMs: ambiguousAt + 40_000, isHeld: false },
    });
    await settle(id, late(buildPart({ id: "first" }), 1));
    expect((await view(id)).attempts[0]?.parts).toMatchObject([
      { smscMessageId: "first" },
      { smscMessageId: "second" },
    ]);
    const [receipt] = await test.store.recordReceipts([buildReceipt("second")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED" });
  });

  it("P49 make a delivery SUBMITTED that is held here, and never one that others have claimed", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    await claim();
    const other = await settle(id, {
      ...late(buildPart({ id: "late" }), 1, true),
      claimant: toClaimantId("somebody else"),
    });
    expect(other).toEqual({ kind: "recorded", state: "QUEUED", isWhole: true });
    expect(await settle(id, late(buildPart({ id: "late" }), 1, true))).toEqual({
      kind: "settled",
      state: "SUBMITTED",
    });
    expect((await view(id)).attempts[0]?.parts).toHaveLength(1);
  });

  it("P49 leave only the other parts to be sent again", async () => {
    const id = await accept();
    await settle(id, inDoubt(2));
    await settle(id, late(buildPart({ number: 2, id: "b" }), 2));
    const { deliveries } = await claim();
    expect(deliveries[0]?.progress.resume?.acceptedParts).toEqual([2]);
    // Recorded while the other part is on its way again, they still count in the progress that comes after.
    await settle(id, late(buildPart({ number: 1, id: "a" }), 3));
    const third = buildPart({ number: 3, outcome: "AMBIGUOUS", timeMs: ambiguousAt + 9 });
    const more = { ...inDoubt(3), attempt: buildAttempt([third], { outcome: "AMBIGUOUS" }), whole: whole(3) };
    expect(await settle(id, more)).toEqual({ kind: "settled", state: "QUEUED" });
    expect((await claim()).deliveries[0]?.progress.resume?.acceptedParts).toEqual([1, 2]);
  });

  it("P49 move no final state, and the part keeps its id", async () => {
    const id = await accept();
    await test.store.markSubmitting([{ id, claimNumber }], test.claimant, startMs);
    await settle(id, {
      ...inDoubt(1),
      verdict: { kind: "final", state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" },
    });
    expect(await settle(id, late(buildPart({ id: "late" }), 1))).toEqual({
      kind: "recorded",
      state: "UNKNOWN",
    });
    expect((await view(id)).attempts[0]?.parts).toMatchObject([
      { outcome: "ACCEPTED", smscMessageId: "late" },
    ]);
  });

  it("P49 keep what a refusal says, and the delivery goes on", async () => {
    const id = await accept();
    await settle(id, inDoubt(1));
    expect(await settle(id, late(buildPart({ outcome: "TEMPORARY" }), 1))).toEqual({
      kind: "recorded",
      state: "QUEUED",
    });
    expect((await view(id)).attempts[0]?.parts).toMatchObject([{ outcome: "TEMPORARY" }]);
    expect((await claim()).deliveries).toHaveLength(1);
  });

  it("P49 are kept on the attempt whose claim was lost", async () => {
    const id = await accept();
    await settle(id, { ...inDoubt(1), claimant: toClaimantId("a former name") });
    await settle(id, late(buildPart({ id: "late" }), 1));
    expect((await view(id)).attempts).toMatchObject([
      { number: 1, outcome: "ACCEPTED", parts: [{ smscMessageId: "late" }] },
    ]);
  });

  /** A first attempt in doubt, and a second at another gateway that is under way. */
  const failOver = async (partCount: number) => {
    const id = await accept();
    await settle(id, inDoubt(partCount));
    await claim();
    return id;
  };
  const elsewhere = (end: Partial<Settlement>): Partial<Settlement> => ({
    whole: whole(1),
    ...end,
    attempt: buildAttempt([buildPart({ outcome: "THROTTLED", timeMs: ambiguousAt + 9 })], {
      number: 2,
      gatewayId: toGatewayId("south"),
      outcome: "THROTTLED",
    }),
  });
  const refusal: Settlement["verdict"] = {
    kind: "final",
    state: "REJECTED",
    code: "ALL_GATEWAYS_FAILED",
    reason: "REFUSED",
  };

  it.each([
    ["is to be tried again", inDoubt(1).verdict ?? refusal],
    ["is refused for good", refusal],
  ])("P49 make a delivery SUBMITTED whose newer attempt %s", async (_, verdict) => {
    const id = await failOver(1);
    expect(await settle(id, late(buildPart({ id: "late" }), 1))).toMatchObject({ isWhole: true });
    expect(await settle(id, elsewhere({ verdict }))).toEqual({ kind: "settled", state: "SUBMITTED" });
    expect((await claim()).deliveries).toEqual([]);
    expect(await view(id)).toMatchObject({ state: "SUBMITTED", gatewayId: gateway });
    await test.store.recordReceipts([buildReceipt("late")]);
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
  });

  it("P49 make a delivery SUBMITTED that is handed back untried", async () => {
    const id = await failOver(1);
    await settle(id, late(buildPart({ id: "late" }), 1));
    const { verdict } = inDoubt(1);
    if (verdict === undefined) expect.fail("no verdict");
    expect(await settle(id, { verdict })).toEqual({ kind: "settled", state: "SUBMITTED" });
  });

  it("P49 let receipts of all parts end a delivery that is being sent again, with both reports", async () => {
    const id = await failOver(2);
    await settle(id, late(buildPart({ number: 1, id: "a" }), 2));
    const [first] = await test.store.recordReceipts([buildReceipt("a")]);
    expect(first).toMatchObject({ state: "QUEUED", isFirstFinal: false });
    await settle(id, late(buildPart({ number: 2, id: "b" }), 2));
    const [second] = await test.store.recordReceipts([buildReceipt("b")]);
    expect(second).toMatchObject({
      kind: "matched",
      state: "DELIVERED",
      isFirstFinal: true,
      isOvertaking: true,
    });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
    // What is under way ends without a word.
    const { verdict } = inDoubt(1);
    if (verdict === undefined) expect.fail("no verdict");
    expect(await settle(id, elsewhere({ verdict }))).toEqual({ kind: "fenced" });
    expect((await claim()).deliveries).toEqual([]);
    expect((await view(id)).state).toBe("DELIVERED");
  });

  it("P49 let receipts of an attempt that was given up end what another gateway has", async () => {
    const id = await failOver(1);
    const southern = buildAttempt([buildPart({ id: "south" })], {
      number: 2,
      gatewayId: toGatewayId("south"),
    });
    await settle(id, { attempt: southern, verdict: { kind: "submitted", expectsReceipts: true } });
    await settle(id, late(buildPart({ id: "late" }), 1));
    const [failed] = await test.store.recordReceipts([buildReceipt("late", { verdict: "UNDELIVERABLE" })]);
    expect(failed).toMatchObject({ state: "SUBMITTED", isFirstFinal: false });
    const other = await accept();
    await settle(other, inDoubt(1));
    await claim();
    await settle(other, { attempt: southern, verdict: { kind: "submitted", expectsReceipts: true } });
    await settle(other, late(buildPart({ id: "later" }), 1));
    const [delivered] = await test.store.recordReceipts([buildReceipt("later")]);
    expect(delivered).toMatchObject({ state: "DELIVERED", isFirstFinal: true });
    expect(delivered).not.toHaveProperty("isOvertaking");
  });
});
