import { expect, it } from "vitest";
import { toGatewayId } from "../../../src/domain/ids.ts";
import type { Lane } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
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
    expect(await claim()).toEqual({ messages: [], deliveries: [], nextAvailableTimeMs: availableTimeMs });
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

  it("leaves what is past its validity to the expirer", async () => {
    await test.store.accept([buildAcceptance({ message: { expireTimeMs: startMs + hourMs } })]);
    expect(await claim(all, startMs + hourMs)).toMatchObject({
      deliveries: [],
      nextAvailableTimeMs: undefined,
    });
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

  it("P35 counts references up by sender and recipient, wraps at 16 bits and survives a restart", async () => {
    const pair = { sender: "Acme", recipient: recipientAt(1) };
    const other = { sender: "Acme", recipient: recipientAt(2) };
    const [first, second, foreign] = await test.store.takeReferences([pair, pair, other], startMs);
    expect(second).toBe(((first ?? expect.fail()) + 1) & 0xffff);
    expect(foreign).toBe(first);
    await test.restart();
    const [third] = await test.store.takeReferences([pair], startMs + dayMs);
    expect(third).toBe(((second ?? expect.fail()) + 1) & 0xffff);
    const many = await test.store.takeReferences(
      Array.from({ length: 65_536 }, () => pair),
      startMs,
    );
    expect(new Set(many).size).toBe(65_536);
    expect(Math.max(...many)).toBe(65_535);
  });
});
