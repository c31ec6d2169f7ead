import { expect, it } from "vitest";
import { toGatewayId } from "../../../src/domain/ids.ts";
import type { Lane } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import { referenceAfter, referenceCount } from "../../../src/store/concat-reference.ts";
import { nothingOverdue } from "../../../src/store/state-counts.ts";
import {
  acceptClaimed,
  account,
  buildAcceptance,
  buildAttempt,
  buildPart,
  dayMs,
  firstClaim,
  gateway,
  hourMs,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const all: Readonly<Record<Lane, number>> = { OTP: 100, NORMAL: 100, BULK: 100 };

describeStore("claiming", (test) => {
  const claim = (limits = all, nowMs = startMs, gatewayId = gateway) =>
    test.store.claim({ claimant: test.claimant, gatewayId, limits, nowMs });

  it("takes lanes in their order and, within one, commit order before recipient order", async () => {
    const bulk = buildAcceptance({ message: { lane: "BULK" } });
    const normal = [buildAcceptance({ recipients: 2 }), buildAcceptance()];
    const otp = buildAcceptance({ message: { lane: "OTP" } });
    for (const entry of [bulk, ...normal, otp]) await test.store.accept([entry]);
    const expected = [otp, ...normal, bulk].flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    expect((await claim()).deliveries.map(({ id }) => id)).toEqual(expected);
    expect((await claim()).deliveries).toEqual([]);
  });

  it("keeps commit order where ids were made in another order", async () => {
    const [older, newer] = [buildAcceptance(), buildAcceptance()];
    await test.store.accept([newer]);
    await test.store.accept([older]);
    const claimed = (await claim()).deliveries.map(({ id }) => id);
    expect(claimed).toEqual([newer, older].flatMap(({ deliveries }) => deliveries.map(({ id }) => id)));
  });

  it("keeps to the limit of each lane and to the gateway", async () => {
    await test.store.accept([
      buildAcceptance({ recipients: 3 }),
      buildAcceptance({ recipients: 3, message: { lane: "OTP" } }),
      buildAcceptance({ gatewayId: toGatewayId("beta") }),
    ]);
    const first = await claim({ OTP: 1, NORMAL: 2, BULK: 5 });
    expect(first.deliveries).toHaveLength(3);
    expect(first.nextAvailableTimeMs).toBe(startMs);
    expect((await claim({ OTP: 0, NORMAL: 0, BULK: 5 })).deliveries).toEqual([]);
    expect((await claim()).deliveries).toHaveLength(3);
  });

  it("leaves a delivery in backoff alone until its time, and blocks nobody behind it", async () => {
    const [id] = await acceptClaimed(test.store, test.claimant);
    const availableTimeMs = startMs + 30_000;
    const progress = { attemptCount: 1, temporaryRefusals: { alpha: 1 }, refusedBy: [] };
    await test.store.settle([
      {
        deliveryId: id ?? expect.fail(),
        claimant: test.claimant,
        claimNumber: firstClaimNumber,
        timeMs: startMs,
        lane: "NORMAL",
        attempt: buildAttempt([buildPart({ outcome: "TEMPORARY" })], { outcome: "TEMPORARY" }),
        verdict: { kind: "retry", gatewayId: gateway, availableTimeMs, progress, mayHaveBeenSent: false },
      },
    ]);
    expect(await claim()).toEqual({
      messages: [],
      deliveries: [],
      overdue: nothingOverdue,
      nextAvailableTimeMs: availableTimeMs,
    });
    const [other] = await acceptClaimed(test.store, test.claimant);
    expect(other).toBeDefined();
    const later = await claim(all, availableTimeMs);
    expect(later.deliveries).toMatchObject([{ id, progress }]);
    expect(later.nextAvailableTimeMs).toBeUndefined();
  });

  it("takes a reference for multipart deliveries and keeps it when they are handed back untried", async () => {
    await test.store.accept([buildAcceptance({ segmentCount: 2 }), buildAcceptance()]);
    const [multipart, single] = (await claim()).deliveries;
    expect(single?.reference).toBeUndefined();
    expect(multipart?.reference).toBeTypeOf("number");
    await test.store.settle([
      {
        deliveryId: multipart?.id ?? expect.fail(),
        claimant: test.claimant,
        claimNumber: multipart?.claimNumber ?? expect.fail(),
        timeMs: startMs,
        lane: "NORMAL",
        attempt: undefined,
        verdict: {
          kind: "retry",
          gatewayId: gateway,
          availableTimeMs: startMs,
          progress: multipart?.progress ?? expect.fail(),
          mayHaveBeenSent: false,
        },
      },
    ]);
    expect((await claim()).deliveries).toEqual([{ ...multipart, claimNumber: 2 }]);
  });

  it("ends what it meets past its validity, and takes what waits behind it", async () => {
    const overdue = buildAcceptance({ recipients: 3, message: { expireTimeMs: startMs + hourMs } });
    const live = buildAcceptance({ recipients: 2 });
    const behind = buildAcceptance();
    await test.store.accept([overdue, live, behind]);
    const lateMs = startMs + hourMs;
    const first = await claim({ OTP: 0, NORMAL: 2, BULK: 0 }, lateMs);
    expect(first.overdue).toEqual({ EXPIRED: 3 });
    expect(first.deliveries.map(({ id }) => id)).toEqual(live.deliveries.map(({ id }) => id));
    expect(first.nextAvailableTimeMs).toBe(startMs);
    const ids = overdue.deliveries.map(({ id }) => id);
    expect(await test.store.readStates(ids)).toEqual(["EXPIRED", "EXPIRED", "EXPIRED"]);
    const reports = await test.store.readReports(account, 6, 10);
    expect(reports).toMatchObject(
      ids.map(() => ({ state: "EXPIRED", reason: "VALIDITY_OVER", timeMs: lateMs })),
    );
    const second = await claim(all, lateMs);
    expect(second.deliveries).toHaveLength(1);
    expect(second).toMatchObject({ overdue: nothingOverdue, nextAvailableTimeMs: undefined });
    expect(await test.store.expireDue(lateMs, 10)).toEqual(nothingOverdue);
  });

  it("P60 leaves what looks overdue alive while the clock is in doubt", async () => {
    const overdue = buildAcceptance({ recipients: 2, message: { expireTimeMs: startMs + hourMs } });
    await test.store.accept([overdue]);
    const taken = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits: all,
      nowMs: startMs + hourMs,
      keepsOverdue: true,
    });
    expect(taken.overdue).toEqual(nothingOverdue);
    expect(taken.deliveries.map(({ id }) => id)).toEqual(overdue.deliveries.map(({ id }) => id));
    expect(await test.store.readStates(overdue.deliveries.map(({ id }) => id))).toEqual(["QUEUED", "QUEUED"]);
  });

  it("ends only so many of those in front of a queue at once, and comes to what is behind them", async () => {
    const many = Array.from({ length: 10 }, () =>
      buildAcceptance({ recipients: 300, message: { expireTimeMs: startMs + hourMs } }),
    );
    const live = buildAcceptance();
    await test.store.accept([...many, live]);
    let ended = 0;
    for (let round = 1; ; round += 1) {
      const { overdue, deliveries, nextAvailableTimeMs } = await claim(
        { OTP: 0, NORMAL: 200, BULK: 0 },
        startMs + hourMs,
      );
      const { EXPIRED: expired = 0 } = overdue;
      expect(expired).toBeLessThan(2_000);
      ended += expired;
      if (deliveries.length > 0) break;
      expect(nextAvailableTimeMs).toBe(startMs);
      expect(round).toBeLessThan(10);
    }
    expect(ended).toBe(3_000);
  });

  it("commits SUBMITTING only while the claim holds and no cancelling was asked", async () => {
    const message = { duplicatePolicy: "AT_MOST_ONCE" } as const;
    const [held] = await acceptClaimed(test.store, test.claimant, { message });
    const cancelled = buildAcceptance({ message, wantsClaim: true, claimant: test.claimant });
    await test.store.accept([cancelled]);
    await test.store.cancel(account, cancelled.message.id, startMs);
    const waiting = buildAcceptance({ message });
    await test.store.accept([waiting]);
    const ids = [held, cancelled.deliveries[0]?.id, waiting.deliveries[0]?.id].map(
      (id) => id ?? expect.fail(),
    );
    expect(await test.store.markSubmitting(ids.map(firstClaim), test.claimant, startMs)).toEqual([
      true,
      false,
      false,
    ]);
    expect(await test.store.readStates(ids)).toEqual(["SUBMITTING", "QUEUED", "QUEUED"]);
  });

  it("P35 counts references up by sender and recipient, past 0, and survives a restart", async () => {
    const pair = { sender: "Acme", recipient: recipientAt(1) };
    const [first = 0, second] = await test.store.takeReferences([pair, pair], startMs);
    expect(second).toBe(referenceAfter(first, 1));
    await test.restart();
    const [third = 0] = await test.store.takeReferences([pair], startMs + dayMs);
    expect(third).toBe(referenceAfter(first, 2));
    const many = await test.store.takeReferences(
      Array.from({ length: referenceCount }, () => pair),
      startMs,
    );
    // None comes again within 72 hours while others are free, whether 8 or 16 bits of it are sent.
    expect(new Set(many).size).toBe(referenceCount);
    expect(many.filter((reference) => (reference & 0xff) === 0)).toEqual([]);
    expect(many.at(-1)).toBe(third);
    expect(new Set(many.slice(0, 255).map((reference) => reference & 0xff)).size).toBe(255);
    expect(await test.store.takeReferences([pair], startMs)).toEqual([referenceAfter(third, 1)]);
  });

  it("P35 begins each pair at random, and none of a recipient where another one is", async () => {
    const senders = Array.from({ length: 40 }, (_, index) => `Acme ${index}`);
    const pairs = senders.map((sender) => ({ sender, recipient: recipientAt(1) }));
    const taken: number[] = [];
    for (const some of [pairs.slice(0, 10), pairs.slice(10, 11), pairs.slice(11)]) {
      taken.push(...(await test.store.takeReferences(some, startMs)));
    }
    expect(new Set(taken.map((reference) => reference & 0xff)).size).toBe(40);
    expect(taken.filter((reference) => (reference & 0xff) === 0)).toEqual([]);
    const others = Array.from({ length: 40 }, (_, index) => ({
      sender: "Acme",
      recipient: recipientAt(100 + index),
    }));
    expect(new Set(await test.store.takeReferences(others, startMs)).size).toBeGreaterThan(30);
  });
});
