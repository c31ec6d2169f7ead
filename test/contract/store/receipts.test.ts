import { expect, it } from "vitest";
import { type DeliveryId, messageIdOf, toGatewayId } from "../../../src/domain/ids.ts";
import type { Receipt } from "../../../src/domain/receipt.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAttempt,
  buildPart,
  buildReceipt,
  buildSubmitted,
  dayMs,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const failed = { verdict: "UNDELIVERABLE", stat: "UNDELIV", err: "001" } as const;

describeStore("receipts", (test) => {
  const submitted = (ids: readonly string[], options = {}) =>
    acceptSubmitted(test.store, test.claimant, ids, options);
  const record = async (id: string, more: Partial<Receipt> = {}) => {
    const [outcome] = await test.store.recordReceipts([buildReceipt(id, more)]);
    return outcome ?? expect.fail("no outcome");
  };
  /** Records it and lets the time pass in which its response might still come. */
  const recordLate = async (id: string, more: Partial<Receipt> = {}) => {
    const receipt = buildReceipt(id, more);
    expect(await test.store.recordReceipts([receipt])).toEqual([{ kind: "parked" }]);
    const nowMs = receipt.arrivalTimeMs + receipt.waitMs;
    expect(await test.store.takeParked(nowMs - 1, 10)).toEqual({ taken: [], hasMore: false });
    const { taken } = await test.store.takeParked(nowMs, 10);
    return taken[0]?.outcome ?? expect.fail("nothing was taken");
  };
  const view = async (id: DeliveryId) => {
    const page = { afterPosition: -1, limit: 10, view: "FULL" } as const;
    const status = await test.store.readStatus(account, messageIdOf(id), page);
    return status?.deliveries[0] ?? expect.fail("no such delivery");
  };
  const finals = async (id: DeliveryId) =>
    (await test.store.readReports(account, 0, 100)).filter(
      ({ deliveryId, state }) => deliveryId === id && state !== "QUEUED" && state !== "SUBMITTED",
    );

  it("ends a delivery by its receipt and shows what it says", async () => {
    const id = await submitted(["0A1F"]);
    const outcome = await record("0A1F", {
      ...failed,
      verdict: "UNDELIVERABLE",
      networkError: { type: 3, code: 27 },
      carrier: "24001",
    });
    expect(outcome).toEqual({
      kind: "matched",
      deliveryId: id,
      state: "UNDELIVERABLE",
      isFirstFinal: true,
      isGuess: false,
      sinceSubmitMs: 4_000,
    });
    const [report] = await finals(id);
    expect(report).toMatchObject({
      state: "UNDELIVERABLE",
      reason: "ABSENT_SUBSCRIBER",
      timeMs: startMs + 5_000,
      doneTimeMs: startMs + 4_000,
      submitTimeMs: startMs + 1_000,
      parts: [
        {
          receipt: {
            stat: "UNDELIV",
            err: "001",
            networkError: { type: 3, code: 27 },
            carrier: "24001",
            arrivalTimeMs: startMs + 5_000,
          },
        },
      ],
    });
  });

  it("P1 matches the raw id before the configured form of it", async () => {
    const key = { matchKey: "10", smscMessageId: "10" };
    const [byForm] = await acceptClaimed(test.store, test.claimant);
    const [byRaw] = await acceptClaimed(test.store, test.claimant);
    const settle = (id: DeliveryId | undefined, raw: string, form: string) =>
      buildSubmitted(id ?? expect.fail(), test.claimant, [], {
        attempt: buildAttempt([buildPart({ id: raw, key: form })]),
      });
    await test.store.settle([settle(byForm, "0A", "10"), settle(byRaw, "10", "10")]);
    expect(await record("10", key)).toMatchObject({ kind: "matched", deliveryId: byRaw });
    // The exact one is closed now; the other form is what is left.
    expect(await record("10", { ...key, raw: Uint8Array.of(1) })).toMatchObject({ deliveryId: byForm });
  });

  it("P1 matches by the configured form where no raw id is equal", async () => {
    const [id] = await acceptClaimed(test.store, test.claimant);
    const attempt = buildAttempt([buildPart({ id: "0A1F", key: "2591" })]);
    await test.store.settle([buildSubmitted(id ?? expect.fail(), test.claimant, [], { attempt })]);
    expect(await record("2591")).toMatchObject({ kind: "matched", deliveryId: id, isFirstFinal: true });
  });

  it("P1 matches an id until cleaning forgets it, by its setting and no other time", async () => {
    const ids = [await submitted(["kept"]), await submitted(["forgotten"])];
    const retention = {
      bodiesMs: 90 * dayMs,
      reportsMs: 90 * dayMs,
      messagesMs: 90 * dayMs,
      requestIdsMs: 90 * dayMs,
      parkedReceiptsMs: 90 * dayMs,
      referencesMs: 90 * dayMs,
      smscIdsMs: 30 * dayMs,
      auditMs: 30 * dayMs,
    };
    await test.store.clean(startMs + 31 * dayMs, retention, 500);
    expect(await record("kept", { arrivalTimeMs: startMs + 31 * dayMs })).toMatchObject({
      deliveryId: ids[0],
    });
    await test.store.clean(startMs + 31 * dayMs + 1, retention, 500);
    expect(await record("forgotten", { arrivalTimeMs: startMs + 31 * dayMs })).toEqual({ kind: "parked" });
  });

  it("P1 gives a used id to the part that is still open", async () => {
    const first = await submitted(["77"]);
    await record("77");
    const second = await submitted(["77"]);
    expect(await record("77")).toMatchObject({ deliveryId: second, isFirstFinal: true });
    expect(await finals(first)).toHaveLength(1);
  });

  it("P2 parks a receipt that matches nothing, once however often it comes", async () => {
    expect(await record("later")).toEqual({ kind: "parked" });
    expect(await record("later")).toEqual({ kind: "parked" });
    expect((await test.store.backlog()).parkedReceipts).toBe(1);
  });

  it("P3 never matches the same id of another gateway", async () => {
    await submitted(["5"]);
    expect(await record("5", { gatewayId: toGatewayId("beta") })).toEqual({ kind: "parked" });
  });

  it("P8 delivers a multipart delivery with its last part", async () => {
    const id = await submitted(["a", "b", "c"]);
    expect(await record("c")).toMatchObject({ state: "SUBMITTED", isFirstFinal: false });
    expect(await record("a")).toMatchObject({ state: "SUBMITTED" });
    expect(await record("b")).toMatchObject({ state: "DELIVERED", isFirstFinal: true });
    expect(await finals(id)).toHaveLength(1);
  });

  it("P8 fails a multipart delivery with its first failed part, whatever comes after it", async () => {
    const id = await submitted(["a", "b"]);
    expect(await record("b", { verdict: "EXPIRED", stat: "EXPIRED" })).toMatchObject({ state: "EXPIRED" });
    expect(await record("a", failed)).toMatchObject({
      kind: "matched",
      state: "EXPIRED",
      isFirstFinal: false,
    });
    const { attempts } = await view(id);
    expect(attempts[0]?.parts.map(({ receipt }) => receipt?.stat)).toEqual(["UNDELIV", "EXPIRED"]);
    expect(await finals(id)).toHaveLength(1);
  });

  it("P8 lets one receipt speak for all parts where the gateway works so", async () => {
    const perPart = await submitted(["a", "b"]);
    expect(await record("a", { coversAllParts: true })).toMatchObject({
      deliveryId: perPart,
      state: "DELIVERED",
    });
    const oneId = await submitted(["x", "x"]);
    expect(await record("x", { coversAllParts: true })).toMatchObject({
      deliveryId: oneId,
      state: "DELIVERED",
    });
  });

  it("P9 keeps a contradicting receipt on its part and the state as it is", async () => {
    const id = await submitted(["a"]);
    await record("a", failed);
    expect(await recordLate("a")).toEqual({
      kind: "contradicted",
      deliveryId: id,
      state: "UNDELIVERABLE",
      isGuess: false,
    });
    const { attempts, state } = await view(id);
    expect(state).toBe("UNDELIVERABLE");
    expect(attempts[0]?.parts).toMatchObject([
      { receipt: { verdict: "UNDELIVERABLE" }, contradiction: { verdict: "DELIVERED" } },
    ]);
    expect(await finals(id)).toHaveLength(1);
  });

  it("P9 takes a late receipt after silence as a contradiction, shown on the part", async () => {
    const id = await submitted(["a"]);
    const lateMs = startMs + dayMs + 3_600_000;
    expect(await test.store.endSilent(lateMs, 3_600_000, 10)).toEqual({ UNKNOWN: 1 });
    const outcome = await recordLate("a", { arrivalTimeMs: lateMs + 1 });
    expect(outcome).toEqual({ kind: "contradicted", deliveryId: id, state: "UNKNOWN", isGuess: false });
    expect((await view(id)).attempts[0]?.parts[0]?.receipt?.verdict).toBe("DELIVERED");
    const [report] = await finals(id);
    expect(report).toMatchObject({ state: "UNKNOWN", parts: [{ receipt: undefined }] });
  });

  it("takes the same receipt twice without a second event", async () => {
    const id = await submitted(["a"]);
    await record("a");
    expect(await recordLate("a")).toEqual({
      kind: "matched",
      deliveryId: id,
      state: "DELIVERED",
      isFirstFinal: false,
      isGuess: false,
    });
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
    expect(await finals(id)).toHaveLength(1);
  });

  it("P10 nests the parts into one final report", async () => {
    const id = await submitted(["a", "b"]);
    await record("a");
    await record("b", { arrivalTimeMs: startMs + 9_000, doneTimeMs: startMs + 8_000 });
    const [report] = await finals(id);
    expect(report?.parts.map(({ smscMessageId }) => smscMessageId)).toEqual(["a", "b"]);
    expect(report?.doneTimeMs).toBe(startMs + 8_000);
  });

  it("records an intermediate receipt and lets the final one take its place", async () => {
    const id = await submitted(["a"]);
    const outcome = await record("a", { verdict: "RECORDED", stat: "ENROUTE" });
    expect(outcome).toMatchObject({ kind: "matched", state: "SUBMITTED", isFirstFinal: false });
    expect((await view(id)).attempts[0]?.parts[0]?.receipt?.stat).toBe("ENROUTE");
    await record("a");
    expect(await view(id)).toMatchObject({
      state: "DELIVERED",
      attempts: [{ parts: [{ receipt: { stat: "DELIVRD" } }] }],
    });
  });

  it("lets a receipt of an abandoned attempt touch only its attempt", async () => {
    const [id] = await acceptClaimed(test.store, test.claimant, { segmentCount: 2 });
    const deliveryId = id ?? expect.fail();
    const first = buildAttempt([buildPart({ id: "old1" }), buildPart({ number: 2, outcome: "AMBIGUOUS" })], {
      outcome: "AMBIGUOUS",
    });
    const progress = { attemptCount: 1, temporaryRefusals: {}, refusedBy: [] };
    await test.store.settle([
      {
        deliveryId,
        claimant: test.claimant,
        claimNumber: firstClaimNumber,
        timeMs: startMs,
        lane: "NORMAL",
        attempt: first,
        verdict: {
          kind: "retry",
          gatewayId: gateway,
          availableTimeMs: startMs,
          progress,
          mayHaveBeenSent: true,
        },
      },
    ]);
    const limits = { OTP: 0, NORMAL: 1, BULK: 0 };
    await test.store.claim({ claimant: test.claimant, gatewayId: gateway, limits, nowMs: startMs });
    const second = buildAttempt([buildPart({ id: "new1" }), buildPart({ number: 2, id: "new2" })], {
      number: 2,
    });
    await test.store.settle([
      buildSubmitted(deliveryId, test.claimant, [], { claimNumber: 2, attempt: second }),
    ]);
    expect(await record("old1", failed)).toMatchObject({ kind: "matched", state: "SUBMITTED" });
    const { attempts, state } = await view(deliveryId);
    expect(state).toBe("SUBMITTED");
    expect(attempts[0]?.parts[0]?.receipt?.stat).toBe("UNDELIV");
    expect(attempts[1]?.parts[0]?.receipt).toBeUndefined();
  });

  it("P6 keeps a receipt that cannot be parsed", async () => {
    await test.store.recordUnparsableReceipt(gateway, Uint8Array.of(0, 255), startMs);
  });
});
