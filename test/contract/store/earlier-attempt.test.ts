import { expect, it } from "vitest";
import { type DeliveryId, messageIdOf, toGatewayId } from "../../../src/domain/ids.ts";
import { type AcceptedAttempt, type DeliveryProgress, noProgress } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import { keepReceipt } from "../../../src/store/match-receipt.ts";
import { packPart } from "../../../src/store/part-tuple.ts";
import type { Settlement } from "../../../src/store/settling.ts";
import {
  type AcceptanceOptions,
  acceptClaimed,
  account,
  buildAttempt,
  buildPart,
  buildReceipt,
  dayMs,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const south = toGatewayId("south");
const ambiguousAt = startMs + 40_000;
const whole = { partCount: 1, expectsReceipts: true };

describeStore("attempts that turn out to be whole while another is under way", (test) => {
  const settle = async (deliveryId: DeliveryId, more: Partial<Settlement>) => {
    const [outcome] = await test.store.settle([
      {
        deliveryId,
        claimant: test.claimant,
        claimNumber: firstClaimNumber,
        timeMs: startMs + 50_000,
        lane: "NORMAL",
        attempt: undefined,
        verdict: { kind: "late", copyTimeMs: ambiguousAt, isHeld: false },
        ...more,
      },
    ]);
    return outcome;
  };
  const retry = (progress: DeliveryProgress): Settlement["verdict"] => ({
    kind: "retry",
    gatewayId: gateway,
    availableTimeMs: startMs,
    mayHaveBeenSent: true,
    progress,
  });
  const claim = async (nowMs = startMs + 60_000) =>
    await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: { OTP: 0, NORMAL: 10, BULK: 0 },
      nowMs,
    });
  /** A first attempt in doubt, a second under way, and then the answer to the first: "first" is its id. */
  const overtaken = async (options: AcceptanceOptions = {}, late = whole) => {
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant, options);
    await settle(id, {
      attempt: buildAttempt([buildPart({ outcome: "AMBIGUOUS", timeMs: ambiguousAt })], {
        outcome: "AMBIGUOUS",
      }),
      verdict: retry({ ...noProgress, attemptCount: 1, sentBefore: "ambiguous" }),
    });
    expect((await claim()).deliveries).toHaveLength(1);
    if (options.message?.duplicatePolicy === "AT_MOST_ONCE") {
      await test.store.markSubmitting([{ id, claimNumber: firstClaimNumber + 1 }], test.claimant, startMs);
    }
    const outcome = await settle(id, {
      attempt: buildAttempt([buildPart({ id: "first" })], { outcome: "AMBIGUOUS" }),
      whole: late,
    });
    expect(outcome).toMatchObject({ kind: "recorded", isWhole: true });
    return id;
  };
  /** The second attempt ends refused, after one of its two parts was accepted under the id "second". */
  const refused = (): Partial<Settlement> => ({
    claimNumber: firstClaimNumber + 1,
    attempt: buildAttempt([buildPart({ id: "second" }), buildPart({ number: 2, outcome: "REFUSED_ROUTE" })], {
      number: 2,
      gatewayId: south,
      outcome: "REFUSED_ROUTE",
    }),
    verdict: { kind: "final", state: "REJECTED", code: "ALL_GATEWAYS_FAILED", reason: "REFUSED" },
  });
  const ofSouth = { gatewayId: south };
  const failed = { verdict: "UNDELIVERABLE", stat: "UNDELIV" } as const;
  const states = async () => (await test.store.readReports(account, 0, 100)).map(({ state }) => state);

  it.each([
    ["that was found in QUEUED", {}],
    ["that was found in SUBMITTING under AT_MOST_ONCE", { duplicatePolicy: "AT_MOST_ONCE" }],
  ] as const)("P49 make a delivery SUBMITTED at a start %s", async (_, message) => {
    const id = await overtaken({ message });
    const recovery = await test.restart(startMs + 70_000);
    expect(recovery).toEqual({ claimsVoided: 1, became: { SUBMITTED: 1 }, mayHaveLeft: [] });
    expect(await test.store.readStates([id])).toEqual(["SUBMITTED"]);
    expect((await claim(startMs + dayMs)).deliveries).toEqual([]);
    const [receipt] = await test.store.recordReceipts([buildReceipt("first")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED", isFirstFinal: true });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
  });

  it("P49 make a delivery SUBMITTED at a start although cancelling was asked", async () => {
    const id = await overtaken();
    const [pending] = (await test.store.cancel(account, messageIdOf(id), startMs)) ?? [];
    expect(pending).toMatchObject({ result: "PENDING" });
    expect((await test.restart()).became).toEqual({ SUBMITTED: 1 });
    expect(await test.store.readStates([id])).toEqual(["SUBMITTED"]);
  });

  it("P49 end a delivery at a start whose gateway gives no receipts", async () => {
    await overtaken({}, { ...whole, expectsReceipts: false });
    expect((await test.restart()).became).toEqual({ UNKNOWN: 1 });
    expect(
      (await test.store.readReports(account, 0, 100)).map(({ state, reason }) => [state, reason]),
    ).toEqual([
      ["QUEUED", undefined],
      ["SUBMITTED", undefined],
      ["UNKNOWN", "NO_RECEIPTS"],
    ]);
  });

  it("P49 are judged at a start by the receipts that came meanwhile", async () => {
    const id = await overtaken();
    const [early] = await test.store.recordReceipts([buildReceipt("first", failed)]);
    expect(early).toMatchObject({ kind: "matched", state: "QUEUED", isFirstFinal: false });
    expect((await test.restart()).became).toEqual({ UNDELIVERABLE: 1 });
    expect(await test.store.readStates([id])).toEqual(["UNDELIVERABLE"]);
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
  });

  /** As an earlier release has left it after a crash: it waits, and its progress says that all was accepted. */
  const waiting = async (
    options: AcceptanceOptions = {},
    accepted: AcceptedAttempt = { attempt: 1, gatewayId: gateway, expectsReceipts: true },
  ) => {
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant, options);
    await settle(id, {
      attempt: buildAttempt([buildPart({ id: "first" })]),
      verdict: retry({ ...noProgress, attemptCount: 1, sentBefore: "ambiguous", accepted }),
    });
    return id;
  };

  it.each([
    ["a sweep", async () => await test.store.expireDue(startMs + dayMs, 10)],
    ["a claim", async () => (await claim(startMs + dayMs)).overdue],
  ])("P49 make a delivery SUBMITTED that %s meets past its time", async (_, meet) => {
    const id = await waiting();
    expect(await meet()).toEqual({ SUBMITTED: 1 });
    expect(await test.store.readStates([id])).toEqual(["SUBMITTED"]);
    expect(await test.store.recordReceipts([buildReceipt("first", failed)])).toMatchObject([
      { state: "UNDELIVERABLE", isFirstFinal: true },
    ]);
  });

  it("P49 are judged by receipts that came before the sweep", async () => {
    await waiting();
    await test.store.recordReceipts([buildReceipt("first", failed)]);
    expect(await test.store.expireDue(startMs + dayMs, 10)).toEqual({ UNDELIVERABLE: 1 });
  });

  it.each([
    ["a sweep", async () => void (await test.store.expireDue(startMs + dayMs, 10))],
    ["a claim", async () => void (await claim(startMs + dayMs))],
    [
      "cancelling",
      async (id: DeliveryId) => void (await test.store.cancel(account, messageIdOf(id), startMs)),
    ],
    [
      "a start",
      async () => {
        expect((await claim()).deliveries).toHaveLength(1);
        await test.restart(startMs + 70_000);
      },
    ],
  ])(
    "P49 are judged by receipts that came before %s also where an earlier release did not name them",
    async (_, meet) => {
      const id = await waiting({}, { gatewayId: gateway, expectsReceipts: true });
      await test.store.recordReceipts([buildReceipt("first", failed)]);
      await meet(id);
      expect(await test.store.readStates([id])).toEqual(["UNDELIVERABLE"]);
      expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
    },
  );

  it("P49 are judged at the end of silence by receipts that a former release kept and did not judge", async () => {
    const id = await waiting({}, { attempt: 5, gatewayId: gateway, expectsReceipts: true });
    await test.store.cancel(account, messageIdOf(id), startMs);
    expect(await test.store.readStates([id])).toEqual(["SUBMITTED"]);
    const candidate = { match_key: "fifth", raw_id: null, delivery_id: id, attempt: 5, part: 1 };
    const { parts } = keepReceipt(
      [packPart(buildPart({ id: "fifth" }))],
      candidate,
      buildReceipt("fifth", failed),
    );
    await test.plant("attempts", {
      delivery_id: id,
      number: 5,
      gateway_id: gateway,
      start_time: startMs,
      end_time: startMs,
      outcome: "AMBIGUOUS",
      encoding: "gsm7",
      segment_count: 1,
      parts: JSON.stringify(parts),
    });
    expect(await test.store.endSilent(startMs + 2 * dayMs, 0, 10)).toEqual({ UNDELIVERABLE: 1 });
    expect(await test.store.readStates([id])).toEqual(["UNDELIVERABLE"]);
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
  });

  it("P49 make cancelling come too late", async () => {
    const id = await waiting();
    const [outcome] = (await test.store.cancel(account, messageIdOf(id), startMs)) ?? [];
    expect(outcome).toMatchObject({ result: "TOO_LATE", state: "SUBMITTED" });
    expect(await test.store.readStates([id])).toEqual(["SUBMITTED"]);
    expect(await states()).toEqual(["QUEUED", "SUBMITTED"]);
  });

  it("P49 speak for their delivery: their bad receipts end it, and those of the refused attempt do not", async () => {
    const id = await overtaken();
    expect(await settle(id, refused())).toEqual({ kind: "settled", state: "SUBMITTED" });
    const [ofRefused] = await test.store.recordReceipts([buildReceipt("second", { ...ofSouth, ...failed })]);
    expect(ofRefused).toMatchObject({ kind: "matched", state: "SUBMITTED", isFirstFinal: false });
    const [ofFirst] = await test.store.recordReceipts([buildReceipt("first", failed)]);
    expect(ofFirst).toMatchObject({ kind: "matched", state: "UNDELIVERABLE", isFirstFinal: true });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
  });

  it("P49 are judged by the receipts that came before the refusal of the newer one", async () => {
    const id = await overtaken();
    await test.store.recordReceipts([buildReceipt("first", failed)]);
    expect(await settle(id, refused())).toEqual({ kind: "settled", state: "UNDELIVERABLE" });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
  });

  it("P49 speak for their delivery when it has ended, too", async () => {
    const id = await overtaken();
    await settle(id, refused());
    await test.store.recordReceipts([buildReceipt("first")]);
    const [ofRefused] = await test.store.recordReceipts([buildReceipt("second", { ...ofSouth, ...failed })]);
    expect(ofRefused).toMatchObject({ kind: "matched", state: "DELIVERED", isFirstFinal: false });
    const [again] = await test.store.recordReceipts([buildReceipt("first", failed)]);
    expect(again).toMatchObject({ kind: "parked" });
    const [taken] = (await test.store.takeParked(startMs + 60_000, 10)).taken;
    expect(taken?.outcome).toMatchObject({ kind: "contradicted", state: "DELIVERED" });
  });

  it("P49 speak for a delivery that waited for its third attempt when the answer came", async () => {
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    const inDoubt = buildAttempt([buildPart({ outcome: "AMBIGUOUS", timeMs: ambiguousAt })], {
      outcome: "AMBIGUOUS",
    });
    const progress: DeliveryProgress = { ...noProgress, attemptCount: 1, sentBefore: "ambiguous" };
    await settle(id, { attempt: inDoubt, verdict: retry(progress) });
    await claim();
    await settle(id, { ...refused(), verdict: retry({ ...progress, attemptCount: 2 }) });
    const outcome = await settle(id, {
      attempt: buildAttempt([buildPart({ id: "first" })], { outcome: "AMBIGUOUS" }),
      whole,
    });
    expect(outcome).toEqual({ kind: "settled", state: "SUBMITTED" });
    const receipts = [
      buildReceipt("second", { ...ofSouth, ...failed }),
      buildReceipt("first", { ...failed, stat: "UNDELIV" }),
    ];
    const outcomes = [];
    for (const receipt of receipts) outcomes.push(...(await test.store.recordReceipts([receipt])));
    expect(outcomes).toMatchObject([{ state: "SUBMITTED" }, { state: "UNDELIVERABLE", isFirstFinal: true }]);
  });
});
