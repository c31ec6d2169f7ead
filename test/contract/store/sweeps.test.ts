import { expect, it } from "vitest";
import { type DeliveryId, messageIdOf, toGatewayId } from "../../../src/domain/ids.ts";
import { type DeliveryProgress, noProgress } from "../../../src/domain/message.ts";
import { nothingRecovered } from "../../../src/store/accepting.ts";
import { nothingOverdue } from "../../../src/store/state-counts.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAcceptance,
  buildAttempt,
  buildPart,
  buildSubmitted,
  dayMs,
  firstClaim,
  gateway,
  hourMs,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const limits = { OTP: 100, NORMAL: 100, BULK: 100 };
const idsOf = (...acceptances: ReturnType<typeof buildAcceptance>[]): DeliveryId[] =>
  acceptances.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));

describeStore("sweeps and starts", (test) => {
  it("P11 expires what waited too long, oldest first, at most as many as asked", async () => {
    const short = buildAcceptance({ recipients: 3, message: { expireTimeMs: startMs + hourMs } });
    const long = buildAcceptance();
    await test.store.accept([long, short]);
    const [claimed] = await acceptClaimed(test.store, test.claimant, {
      gatewayId: toGatewayId("beta"),
      message: { expireTimeMs: startMs + hourMs },
    });
    expect(await test.store.expireDue(startMs + hourMs - 1, 10)).toEqual(nothingOverdue);
    expect(await test.store.expireDue(startMs + hourMs, 2)).toEqual({ EXPIRED: 2 });
    expect(await test.store.expireDue(startMs + hourMs, 10)).toEqual({ EXPIRED: 1 });
    const states = await test.store.readStates([...idsOf(short, long), claimed ?? expect.fail()]);
    expect(states).toEqual(["EXPIRED", "EXPIRED", "EXPIRED", "QUEUED", "QUEUED"]);
    const last = (await test.store.readReports(account, 0, 100)).at(-1);
    expect(last).toMatchObject({ state: "EXPIRED", reason: "VALIDITY_OVER", timeMs: startMs + hourMs });
  });

  it("P12 ends UNKNOWN what waited too long where a part of it may have been sent", async () => {
    const progress = { attemptCount: 1, temporaryRefusals: {}, refusedBy: [] };
    const resume = { gatewayId: gateway, attempt: 1, reference: 0, acceptedParts: [] };
    const inDoubt: readonly DeliveryProgress[] = [
      { ...progress, resume: { ...resume, isAmbiguous: true } },
      { ...progress, sentBefore: "ambiguous" },
      { ...progress, afterCrash: 0 },
    ];
    const known: readonly DeliveryProgress[] = [
      progress,
      { ...progress, resume: { ...resume, isAmbiguous: false } },
      { ...progress, sentBefore: "partly" },
    ];
    const all = [...inDoubt, ...known];
    const ids = await acceptClaimed(test.store, test.claimant, { recipients: all.length });
    for (const [index, one] of all.entries()) {
      const deliveryId = ids[index] ?? expect.fail();
      const verdict = {
        kind: "retry",
        gatewayId: gateway,
        availableTimeMs: startMs,
        progress: one,
        mayHaveBeenSent: true,
      } as const;
      await test.store.settle([
        buildSubmitted(deliveryId, test.claimant, [], { attempt: undefined, verdict }),
      ]);
    }
    expect(await test.store.expireDue(startMs + dayMs, 10)).toEqual({ EXPIRED: 3, UNKNOWN: 3 });
    expect(await test.store.readStates(ids)).toEqual([
      ...inDoubt.map(() => "UNKNOWN"),
      ...known.map(() => "EXPIRED"),
    ]);
    const reports = await test.store.readReports(account, 0, 100);
    const told = reports.filter(({ state }) => state === "UNKNOWN").map(({ reason }) => reason);
    expect(told).toEqual(["AMBIGUOUS", "AMBIGUOUS", "AMBIGUOUS"]);
  });

  it("ends at a start what was to be cancelled: CANCELLED where it cannot have left, else UNKNOWN", async () => {
    const once = { duplicatePolicy: "AT_MOST_ONCE" } as const;
    const [untried = expect.fail()] = await acceptClaimed(test.store, test.claimant, { message: once });
    const [doubtful = expect.fail()] = await acceptClaimed(test.store, test.claimant, { message: once });
    const [maybe = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    await test.store.markSubmitting([firstClaim(doubtful)], test.claimant, startMs);
    const ids = [untried, doubtful, maybe];
    for (const id of ids) {
      const [outcome] = (await test.store.cancel(account, messageIdOf(id), startMs)) ?? [];
      expect(outcome).toMatchObject({ result: "PENDING" });
    }
    expect(await test.restart(startMs + 1)).toEqual({
      claimsVoided: 3,
      became: { UNKNOWN: 2, CANCELLED: 1 },
      mayHaveLeft: [],
    });
    expect(await test.store.readStates(ids)).toEqual(["CANCELLED", "UNKNOWN", "UNKNOWN"]);
    const claim = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits,
      nowMs: startMs + 1,
    });
    expect(claim.deliveries).toEqual([]);
  });

  it("remembers of what may have left when its process died how many attempts were known then", async () => {
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    const once = { duplicatePolicy: "AT_MOST_ONCE" } as const;
    const [untried = expect.fail()] = await acceptClaimed(test.store, test.claimant, { message: once });
    const claim = async () => {
      const request = { claimant: test.claimant, gatewayId: gateway, limits, nowMs: startMs };
      return (await test.store.claim(request)).deliveries;
    };
    expect((await test.restart()).mayHaveLeft).toEqual([id]);
    const [again, unmarked] = await claim();
    expect(again).toMatchObject({ id, progress: { ...noProgress, afterCrash: 0 } });
    expect(unmarked).toMatchObject({ id: untried, progress: noProgress });
    expect((await test.restart()).mayHaveLeft).toEqual([id]);
    expect(await test.store.expireDue(startMs + 2 * dayMs, 10)).toEqual({ EXPIRED: 1, UNKNOWN: 1 });
  });

  it("P11 ends each once where several sweeps come at the same time", async () => {
    const silent = await acceptSubmitted(test.store, test.claimant, ["a"]);
    const due = buildAcceptance({ recipients: 3, message: { expireTimeMs: startMs + hourMs } });
    await test.store.accept([due]);
    const lateMs = startMs + dayMs + hourMs;
    const counts = await Promise.all([
      test.store.expireDue(lateMs, 10).then(({ EXPIRED = 0 }) => EXPIRED),
      test.store.expireDue(lateMs, 10).then(({ EXPIRED = 0 }) => EXPIRED),
      test.store.endSilent(lateMs, hourMs, 10).then(({ UNKNOWN = 0 }) => UNKNOWN),
      test.store.endSilent(lateMs, hourMs, 10).then(({ UNKNOWN = 0 }) => UNKNOWN),
    ]);
    expect(counts).toEqual([3, 0, 1, 0]);
    const reports = await test.store.readReports(account, 0, 100);
    const ended = reports.filter(({ state }) => state === "EXPIRED" || state === "UNKNOWN");
    expect(ended.map(({ deliveryId }) => deliveryId).toSorted()).toEqual([...idsOf(due), silent].toSorted());
  });

  it("P11 ends silence UNKNOWN once validity and grace are over", async () => {
    const id = await acceptSubmitted(test.store, test.claimant, ["a"]);
    expect(await test.store.endSilent(startMs + dayMs + hourMs - 1, hourMs, 10)).toEqual({});
    expect(await test.store.endSilent(startMs + dayMs + hourMs, hourMs, 10)).toEqual({ UNKNOWN: 1 });
    expect(await test.store.endSilent(startMs + dayMs + hourMs, hourMs, 10)).toEqual({});
    expect(await test.store.readStates([id])).toEqual(["UNKNOWN"]);
    const last = (await test.store.readReports(account, 0, 100)).at(-1);
    expect(last).toMatchObject({ state: "UNKNOWN", reason: "NO_RECEIPT" });
  });

  it("moves the queues of gateways that are gone, bounded, and keeps their order", async () => {
    const [gone, away] = [toGatewayId("gone"), toGatewayId("away")];
    const entries = [gone, gone, away, gateway].map((gatewayId) => buildAcceptance({ gatewayId }));
    await test.store.accept(entries);
    expect(await test.store.adoptOrphans([gateway], gateway, 2, new Map())).toBe(2);
    expect(await test.store.adoptOrphans([gateway], gateway, 10, new Map())).toBe(1);
    expect(await test.store.adoptOrphans([gateway], gateway, 10, new Map())).toBe(0);
    const claim = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits,
      nowMs: startMs,
    });
    expect(claim.deliveries.map(({ id }) => id)).toEqual(idsOf(...entries));
  });

  it("moves what waits under a former name of a gateway to its name of today, and only the rest to the first", async () => {
    const [former, today, gone] = [toGatewayId("former"), toGatewayId("today"), toGatewayId("gone")];
    const entries = [former, gone, former].map((gatewayId) => buildAcceptance({ gatewayId }));
    await test.store.accept(entries);
    const known = [gateway, today];
    expect(await test.store.adoptOrphans(known, gateway, 10, new Map([[former, today]]))).toBe(3);
    const claim = await test.store.claim({
      claimant: test.claimant,
      gatewayId: today,
      limits,
      nowMs: startMs,
    });
    const [first = expect.fail(), , last = expect.fail()] = entries;
    expect(claim.deliveries.map(({ id }) => id)).toEqual(idsOf(first, last));
  });

  it("voids all claims at a start: in doubt becomes UNKNOWN, the rest waits at its old place", async () => {
    const once = { duplicatePolicy: "AT_MOST_ONCE" } as const;
    const [doubtful] = await acceptClaimed(test.store, test.claimant, { message: once });
    const [untried] = await acceptClaimed(test.store, test.claimant, { message: once });
    const [again] = await acceptClaimed(test.store, test.claimant);
    const submitting = [doubtful, again].map((id) => id ?? expect.fail());
    await test.store.markSubmitting(submitting.map(firstClaim), test.claimant, startMs);
    const waiting = buildAcceptance();
    await test.store.accept([waiting]);
    const former = test.claimant;
    const recovery = await test.restart(startMs + hourMs);
    expect(recovery).toEqual({ claimsVoided: 3, became: { UNKNOWN: 1 }, mayHaveLeft: [again] });
    expect(test.claimant).not.toBe(former);
    expect(await test.store.readStates([doubtful ?? expect.fail()])).toEqual(["UNKNOWN"]);
    const last = (await test.store.readReports(account, 0, 100)).at(-1);
    expect(last).toMatchObject({ state: "UNKNOWN", reason: "AMBIGUOUS", timeMs: startMs + hourMs });
    const claim = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits,
      nowMs: startMs,
    });
    expect(claim.deliveries.map(({ id }) => id)).toEqual([untried, again, ...idsOf(waiting)]);
    expect(await test.restart()).toEqual({
      ...nothingRecovered,
      claimsVoided: 3,
      mayHaveLeft: [again, ...idsOf(waiting)],
    });
    expect(await test.store.rescue(startMs)).toEqual(nothingRecovered);
  });

  it("P35 keeps the reference of a multipart delivery over a start", async () => {
    const acceptance = buildAcceptance({ segmentCount: 2, wantsClaim: true, claimant: test.claimant });
    const [outcome] = await test.store.accept([acceptance]);
    await test.store.takeReferences([{ sender: "Acme", recipient: recipientAt(0) }], startMs);
    await test.restart();
    const claim = await test.store.claim({
      claimant: test.claimant,
      gatewayId: gateway,
      limits,
      nowMs: startMs,
    });
    const before = outcome?.kind === "accepted" ? outcome.claimed[0]?.reference : undefined;
    expect(claim.deliveries[0]?.reference).toBe(before);
  });

  it("P23 tells what waits by gateway and lane, with the oldest time", async () => {
    await test.store.accept([
      buildAcceptance({ recipients: 2 }),
      buildAcceptance({ message: { lane: "OTP", acceptTimeMs: startMs + 5, expireTimeMs: startMs + dayMs } }),
    ]);
    expect(await test.store.backlog()).toEqual({
      queued: 3,
      byQueue: [
        { gatewayId: gateway, lane: "OTP", count: 1, oldestTimeMs: startMs + 5 },
        { gatewayId: gateway, lane: "NORMAL", count: 2, oldestTimeMs: startMs },
      ],
      parkedReceipts: 0,
    });
  });

  it("P23 counts the oldest from its acceptance until a gateway was tried, also where it was put behind others", async () => {
    const [later = expect.fail(), tried = expect.fail()] = await acceptClaimed(test.store, test.claimant, {
      recipients: 2,
    });
    const availableTimeMs = startMs + hourMs;
    const retry = { kind: "retry", gatewayId: gateway, availableTimeMs, mayHaveBeenSent: false } as const;
    const attempt = buildAttempt([buildPart({ outcome: "THROTTLED" })], { outcome: "THROTTLED" });
    const untriedVerdict = { ...retry, progress: noProgress };
    const triedVerdict = { ...retry, progress: { ...noProgress, attemptCount: 1 } };
    await test.store.settle([
      buildSubmitted(later, test.claimant, [], { attempt: undefined, verdict: untriedVerdict }),
      buildSubmitted(tried, test.claimant, [], { attempt, verdict: triedVerdict }),
    ]);
    const message = { acceptTimeMs: startMs + 5, expireTimeMs: startMs + dayMs };
    await test.store.accept([buildAcceptance({ message })]);
    expect((await test.store.backlog()).byQueue).toMatchObject([{ count: 3, oldestTimeMs: startMs }]);
    await test.store.cancel(account, messageIdOf(later), startMs);
    expect((await test.store.backlog()).byQueue).toMatchObject([{ count: 1, oldestTimeMs: startMs + 5 }]);
  });
});
