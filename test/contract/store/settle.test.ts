import { expect, it } from "vitest";
import { type DeliveryId, messageIdOf, toClaimantId, toGatewayId } from "../../../src/domain/ids.ts";
import { noProgress } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import type { Settlement } from "../../../src/store/settling.ts";
import {
  acceptClaimed,
  account,
  buildAttempt,
  buildPart,
  buildReceipt,
  buildSubmitted,
  firstClaim,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const full = { afterPosition: -1, limit: 100, view: "FULL" } as const;
const retryVerdict = {
  kind: "retry",
  gatewayId: gateway,
  availableTimeMs: startMs,
  progress: { ...noProgress, attemptCount: 1 },
  mayHaveBeenSent: false,
} as const;

describeStore("settling", (test) => {
  const view = async (id: DeliveryId) => {
    const status = await test.store.readStatus(account, messageIdOf(id), full);
    return status?.deliveries[0] ?? expect.fail("no such delivery");
  };
  const states = async () => (await test.store.readReports(account, 0, 100)).map(({ state }) => state);
  const accept = async (options = {}) => {
    const [id] = await acceptClaimed(test.store, test.claimant, options);
    return id ?? expect.fail("no delivery");
  };
  const settle = async (id: DeliveryId, more: Partial<Settlement>) => {
    const [outcome] = await test.store.settle([
      {
        deliveryId: id,
        claimant: test.claimant,
        claimNumber: firstClaimNumber,
        timeMs: startMs + 1_000,
        lane: "NORMAL",
        attempt: undefined,
        verdict: retryVerdict,
        ...more,
      },
    ]);
    return outcome;
  };

  it("submits a delivery with its attempt and its report", async () => {
    const id = await accept();
    await test.store.settle([buildSubmitted(id, test.claimant, ["0A1F"])]);
    expect(await view(id)).toMatchObject({
      state: "SUBMITTED",
      gatewayId: gateway,
      submitTimeMs: startMs + 1_000,
      attemptCount: 1,
      attempts: [{ number: 1, outcome: "ACCEPTED", parts: [{ number: 1, smscMessageId: "0A1F" }] }],
    });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED"]);
  });

  it("ends UNKNOWN in the same step where no receipts are to come", async () => {
    const id = await accept();
    const verdict = { kind: "submitted", expectsReceipts: false } as const;
    const [outcome] = await test.store.settle([buildSubmitted(id, test.claimant, ["a"], { verdict })]);
    expect(outcome).toEqual({ kind: "settled", state: "UNKNOWN" });
    expect(await view(id)).toMatchObject({ state: "UNKNOWN", reason: "NO_RECEIPTS" });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNKNOWN"]);
  });

  it("writes no report for a retry and keeps each attempt in the trace", async () => {
    const id = await accept();
    const refused = buildAttempt([buildPart({ outcome: "TEMPORARY" })], {
      outcome: "TEMPORARY",
      trace: { leftOut: [{ gatewayId: toGatewayId("beta"), reason: "PAUSED" }], marks: ["RESUMED"] },
    });
    expect(await settle(id, { attempt: refused })).toEqual({ kind: "settled", state: "QUEUED" });
    await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: { OTP: 0, NORMAL: 1, BULK: 0 },
      nowMs: startMs,
    });
    const second = buildAttempt([buildPart({ id: "b" })], { number: 2 });
    await test.store.settle([buildSubmitted(id, test.claimant, [], { claimNumber: 2, attempt: second })]);
    const { attempts, attemptCount } = await view(id);
    expect(attemptCount).toBe(2);
    expect(attempts).toMatchObject([refused, second].map(({ parts: _, ...rest }) => rest));
    expect(await states()).toEqual(["QUEUED", "SUBMITTED"]);
  });

  it("adds the parts of a continued attempt to those it has, and keeps their receipts", async () => {
    const id = await accept({ segmentCount: 2 });
    const started = buildAttempt([buildPart({ id: "a1" }), buildPart({ number: 2, outcome: "TEMPORARY" })], {
      outcome: "TEMPORARY",
      reference: 7,
    });
    await settle(id, { attempt: started, verdict: { ...retryVerdict, mayHaveBeenSent: true } });
    const [early] = await test.store.recordReceipts([buildReceipt("a1")]);
    expect(early).toMatchObject({ kind: "matched", state: "QUEUED", isFirstFinal: false });
    await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: { OTP: 0, NORMAL: 1, BULK: 0 },
      nowMs: startMs,
    });
    const goneOn = buildAttempt([buildPart({ number: 2, id: "a2" })], { reference: 7, segmentCount: 2 });
    await test.store.settle([buildSubmitted(id, test.claimant, [], { claimNumber: 2, attempt: goneOn })]);
    const { attempts, state } = await view(id);
    expect(state).toBe("SUBMITTED");
    expect(attempts).toHaveLength(1);
    expect(attempts[0]?.parts).toMatchObject([
      { number: 1, smscMessageId: "a1", receipt: { verdict: "DELIVERED" } },
      { number: 2, smscMessageId: "a2", receipt: undefined },
    ]);
    const [last] = await test.store.recordReceipts([buildReceipt("a2")]);
    expect(last).toMatchObject({ state: "DELIVERED", isFirstFinal: true });
  });

  it("judges at SUBMITTED the receipts that came while the attempt went on", async () => {
    const id = await accept({ segmentCount: 2 });
    const parts = [buildPart({ id: "a1" }), buildPart({ number: 2, outcome: "THROTTLED" })];
    const verdict = { ...retryVerdict, mayHaveBeenSent: true };
    await settle(id, { attempt: buildAttempt(parts, { outcome: "THROTTLED" }), verdict });
    await test.store.recordReceipts([buildReceipt("a1", { verdict: "UNDELIVERABLE", stat: "UNDELIV" })]);
    await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: { OTP: 0, NORMAL: 1, BULK: 0 },
      nowMs: startMs,
    });
    const attempt = buildAttempt([buildPart({ number: 2, id: "a2" })], { segmentCount: 2 });
    const [outcome] = await test.store.settle([
      buildSubmitted(id, test.claimant, [], { claimNumber: 2, attempt }),
    ]);
    expect(outcome).toEqual({ kind: "settled", state: "UNDELIVERABLE" });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "UNDELIVERABLE"]);
  });

  it("P2 applies a receipt that came before its response, in the settling transaction", async () => {
    const [parked] = await test.store.recordReceipts([buildReceipt("0A1F")]);
    expect(parked).toEqual({ kind: "parked" });
    await test.restart();
    const id = await accept();
    const [outcome] = await test.store.settle([buildSubmitted(id, test.claimant, ["0A1F"])]);
    expect(outcome).toEqual({ kind: "settled", state: "DELIVERED" });
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
  });

  it("changes nothing for a lost claim, but records its attempt and ids", async () => {
    const id = await accept();
    const lost = toClaimantId("a former process");
    const [outcome] = await test.store.settle([buildSubmitted(id, lost, ["lost"])]);
    expect(outcome).toEqual({ kind: "fenced" });
    const before = await view(id);
    expect(before).toMatchObject({ state: "QUEUED", attemptCount: 0 });
    expect(before.attempts).toMatchObject([{ number: 1, trace: { marks: ["FENCED"] } }]);
    const failed = { verdict: "UNDELIVERABLE" } as const;
    const [receipt] = await test.store.recordReceipts([buildReceipt("lost", failed)]);
    expect(receipt).toMatchObject({ kind: "matched", state: "QUEUED", isFirstFinal: false });
    await test.store.settle([buildSubmitted(id, test.claimant, ["kept"])]);
    const after = await view(id);
    expect(after.state).toBe("SUBMITTED");
    expect(after.attempts.map(({ number, parts }) => [number, parts[0]?.smscMessageId])).toEqual([
      [1, "lost"],
      [1, "kept"],
    ]);
  });

  it("P49 ends a delivery that somebody else has claimed by the receipt of an attempt whose claim was lost", async () => {
    const id = await accept();
    await test.store.settle([buildSubmitted(id, toClaimantId("a former process"), ["lost"])]);
    const [receipt] = await test.store.recordReceipts([buildReceipt("lost")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED", isOvertaking: true });
    expect(await test.store.settle([buildSubmitted(id, test.claimant, ["kept"])])).toEqual([
      { kind: "fenced" },
    ]);
    expect(await states()).toEqual(["QUEUED", "SUBMITTED", "DELIVERED"]);
  });

  it("settles a claim once", async () => {
    const id = await accept();
    const verdict = {
      kind: "final",
      state: "REJECTED",
      code: "ALL_GATEWAYS_FAILED",
      reason: "REFUSED",
    } as const;
    expect(await settle(id, { verdict })).toEqual({ kind: "settled", state: "REJECTED" });
    expect(await settle(id, { verdict })).toEqual({ kind: "fenced" });
    expect(await view(id)).toMatchObject({ code: "ALL_GATEWAYS_FAILED", reason: "REFUSED" });
    expect(await states()).toEqual(["QUEUED", "REJECTED"]);
  });

  it("ends ambiguity of AT_MOST_ONCE in UNKNOWN", async () => {
    const id = await accept({ message: { duplicatePolicy: "AT_MOST_ONCE" } });
    await test.store.markSubmitting([firstClaim(id)], test.claimant, startMs);
    const verdict = { kind: "final", state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" } as const;
    const attempt = buildAttempt([buildPart({ outcome: "AMBIGUOUS" })], { outcome: "AMBIGUOUS" });
    expect(await settle(id, { verdict, attempt })).toEqual({ kind: "settled", state: "UNKNOWN" });
  });

  it("P59 leaves a later claim of the same process alone where an outcome is told again", async () => {
    const id = await accept({ message: { duplicatePolicy: "AT_MOST_ONCE" } });
    const claim = async () => {
      const limits = { OTP: 0, NORMAL: 1, BULK: 0 };
      const request = { claimant: test.claimant, gatewayId: gateway, limits, nowMs: startMs };
      return (await test.store.claim(request)).deliveries;
    };
    await test.store.markSubmitting([firstClaim(id)], test.claimant, startMs);
    const throttled = {
      attempt: buildAttempt([buildPart({ outcome: "THROTTLED" })], { outcome: "THROTTLED" }),
    };
    expect(await settle(id, throttled)).toEqual({ kind: "settled", state: "QUEUED" });
    const [second] = await claim();
    expect(second).toMatchObject({ id, claimNumber: 2 });
    const { claimNumber } = second ?? expect.fail("nothing was claimed");
    expect(await test.store.markSubmitting([firstClaim(id)], test.claimant, startMs)).toEqual([false]);
    expect(await test.store.markSubmitting([{ id, claimNumber }], test.claimant, startMs)).toEqual([true]);
    expect(await settle(id, throttled)).toEqual({ kind: "fenced" });
    expect(await settle(id, {})).toEqual({ kind: "fenced" });
    expect(await view(id)).toMatchObject({
      state: "SUBMITTING",
      attempts: [{ number: 1, trace: { marks: [] } }],
    });
    expect(await claim()).toEqual([]);
    // What an old claim tells that is new is a fact all the same.
    const late = buildAttempt([buildPart({ id: "late", timeMs: startMs + 5 })]);
    expect(await settle(id, { attempt: late })).toEqual({ kind: "fenced" });
    const failed = { verdict: "UNDELIVERABLE" } as const;
    const [receipt] = await test.store.recordReceipts([buildReceipt("late", failed)]);
    expect(receipt).toMatchObject({ kind: "matched", deliveryId: id });
    const own = buildAttempt([buildPart({ id: "own" })], { number: 2 });
    const [outcome] = await test.store.settle([
      buildSubmitted(id, test.claimant, [], { claimNumber, attempt: own }),
    ]);
    expect(outcome).toEqual({ kind: "settled", state: "SUBMITTED" });
  });

  it("moves a retry to the queue of its next gateway", async () => {
    const id = await accept();
    const beta = toGatewayId("beta");
    await settle(id, { verdict: { ...retryVerdict, gatewayId: beta } });
    const limits = { OTP: 0, NORMAL: 1, BULK: 0 };
    const request = { claimant: test.claimant, limits, nowMs: startMs };
    expect((await test.store.claim({ ...request, gatewayId: gateway })).deliveries).toEqual([]);
    expect((await test.store.claim({ ...request, gatewayId: beta })).deliveries).toMatchObject([{ id }]);
  });
});
