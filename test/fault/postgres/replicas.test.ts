import { describe, expect, it } from "vitest";
import { messageIdOf, toGatewayId } from "../../../src/domain/ids.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { firstClaimNumber, nothingRecovered } from "../../../src/store/accepting.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptClaimed,
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  firstClaim,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { passUntilTold, type Replica, useReplicas } from "./replica-world.ts";

const full = { afterPosition: -1, limit: 100, view: "FULL" } as const;

describe.skipIf(postgresMissing !== undefined)(`replicas on PostgreSQL ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  const claim = ({ store, claimant }: Replica, most = 100) =>
    store.claim({
      claimant,
      gatewayId: gateway,
      limits: { OTP: most, NORMAL: most, BULK: most },
      nowMs: startMs,
    });

  it("claim at the same time without taking anything twice, and nothing is left", async () => {
    const [left, right] = [await world.join("left"), await world.join("right")];
    const entries = Array.from({ length: 50 }, () => buildAcceptance({ recipients: 10 }));
    await left.store.accept(entries);
    const rounds = await Promise.all(
      Array.from({ length: 40 }, (_, index) => claim(index % 2 === 0 ? left : right, 17)),
    );
    const ids = rounds.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(500);
    expect((await left.store.backlog()).queued).toBe(0);
  });

  it("finds what another replica put behind the last claimed key", async () => {
    const [left, right] = [await world.join("left"), await world.join("right")];
    await left.store.accept([
      buildAcceptance({ message: { acceptTimeMs: startMs, expireTimeMs: startMs + 9_000 } }),
    ]);
    expect((await claim(left)).deliveries).toHaveLength(1);
    // The other one's clock is behind.
    const late = { acceptTimeMs: startMs - 200, expireTimeMs: startMs + 9_000 };
    await right.store.accept([buildAcceptance({ message: late })]);
    left.clock.advance(100);
    expect((await claim(left)).deliveries).toHaveLength(1);
    await right.store.accept([
      buildAcceptance({ message: { acceptTimeMs: startMs - 60_000, expireTimeMs: startMs + 9_000 } }),
    ]);
    left.clock.advance(3_000);
    expect((await claim(left)).deliveries).toHaveLength(1);
  });

  it("lose their claims when their lease ends; what they settle late changes no state, but its ids are kept", async () => {
    const [lost, other] = [await world.join("lost"), await world.join("other")];
    const [id] = await acceptClaimed(lost.store, lost.claimant);
    const deliveryId = id ?? expect.fail("nothing was claimed");
    expect(await other.store.rescue(startMs)).toEqual(nothingRecovered);
    await world.endLease("lost");
    expect(await other.store.rescue(startMs)).toEqual({
      ...nothingRecovered,
      claimsVoided: 1,
      mayHaveLeft: [deliveryId],
    });
    expect((await claim(other)).deliveries).toMatchObject([{ id: deliveryId }]);

    const [late] = await lost.store.settle([buildSubmitted(deliveryId, lost.claimant, ["late-1"])]);
    expect(late).toEqual({ kind: "fenced" });
    const second = { claimNumber: firstClaimNumber + 1 };
    const [own] = await other.store.settle([buildSubmitted(deliveryId, other.claimant, ["own-1"], second)]);
    expect(own).toEqual({ kind: "settled", state: "SUBMITTED" });
    const status = await other.store.readStatus(account, messageIdOf(deliveryId), full);
    expect(status?.deliveries[0]?.attempts).toMatchObject([
      { number: 1, parts: [{ smscMessageId: "late-1" }], trace: { marks: ["FENCED"] } },
      { number: 1, parts: [{ smscMessageId: "own-1" }], trace: { marks: [] } },
    ]);
    // Its receipt is known, and touches its attempt only.
    const [receipt] = await other.store.recordReceipts([
      buildReceipt("late-1", { verdict: "UNDELIVERABLE" }),
    ]);
    expect(receipt).toMatchObject({ kind: "matched", state: "SUBMITTED", isFirstFinal: false });
  });

  it("end UNKNOWN what was SUBMITTING under AT_MOST_ONCE, and send again what was not", async () => {
    const [lost, other] = [await world.join("lost"), await world.join("other")];
    const message = { duplicatePolicy: "AT_MOST_ONCE" } as const;
    const [doubtful] = await acceptClaimed(lost.store, lost.claimant, { message });
    const [untouched] = await acceptClaimed(lost.store, lost.claimant, { message });
    const ids = [doubtful, untouched].map((id) => id ?? expect.fail("nothing was claimed"));
    expect(await lost.store.markSubmitting(ids.slice(0, 1).map(firstClaim), lost.claimant, startMs)).toEqual([
      true,
    ]);
    await world.endLease("lost");
    // Two in one batch, as when one that hung goes on: the second finds nothing left.
    const rescued = await Promise.all([other.store.rescue(startMs), other.store.rescue(startMs)]);
    expect(rescued).toEqual([{ claimsVoided: 2, became: { UNKNOWN: 1 }, mayHaveLeft: [] }, nothingRecovered]);
    expect(await other.store.readStates(ids)).toEqual(["UNKNOWN", "QUEUED"]);
    expect(await lost.store.markSubmitting(ids.slice(1).map(firstClaim), lost.claimant, startMs)).toEqual([
      false,
    ]);
  });

  it("know by a monotonic clock that the lease is over, claim nothing then, and join again under a new epoch", async () => {
    const replica = await world.join("frozen", { leaseMs: 5_000 });
    const other = await world.join("other");
    await other.store.accept([buildAcceptance()]);
    expect(replica.store.isLeaseHeld()).toBe(true);
    const lost = new Promise<void>((resolve) => replica.store.onLeaseLost(resolve));
    await world.endLease("frozen");
    await other.store.rescue(startMs);
    // As after SIGCONT: time has passed, and the renewal that follows is refused.
    replica.clock.advance(60_000);
    expect(replica.store.isLeaseHeld()).toBe(false);
    await lost;
    expect(replica.store.isLeaseHeld()).toBe(false);
    const { claimant } = await replica.store.join(startMs);
    expect([replica.claimant, claimant]).toEqual(["frozen.1", "frozen.2"]);
    expect(replica.store.isLeaseHeld()).toBe(true);
    expect((await claim({ ...replica, claimant })).deliveries).toHaveLength(1);
  });

  it("P60 judge nobody before they have renewed their own lease without a break for a whole lease time", async () => {
    const [one, two] = [await world.join("one"), await world.join("two")];
    await acceptClaimed(two.store, two.claimant);
    const ownLease = async () => {
      const [row] = await world.database.query<{ lease_until: string; held_ms: number }>(
        `SELECT lease_until::text, (extract(epoch FROM clock_timestamp() - held_since) * 1000)::int AS held_ms
         FROM replicas WHERE id = 'one'`,
      );
      return row ?? expect.fail("no such replica");
    };
    const renew = async () => {
      const before = await ownLease();
      one.clock.advance(1_000);
      await expect.poll(async () => (await ownLease()).lease_until).not.toBe(before.lease_until);
    };
    const [forAWhile, notInTime, dead] = [
      "UPDATE replicas SET held_since = now() - interval '1 hour' WHERE id = 'one'",
      "UPDATE replicas SET lease_until = now() + interval '2 seconds' WHERE id = 'one'",
      "UPDATE replicas SET lease_until = now() - interval '1 second' WHERE id = 'two'",
    ];
    await world.database.query(dead);
    expect(await one.store.rescue(startMs), "it has just begun").toMatchObject({ claimsVoided: 0 });
    await world.database.query(forAWhile);
    await world.database.query(notInTime);
    expect(await one.store.rescue(startMs), "it is late itself").toMatchObject({ claimsVoided: 0 });
    await renew();
    expect((await ownLease()).held_ms, "the time begins anew").toBeLessThan(30_000);
    expect(await one.store.rescue(startMs), "the others may be late too").toMatchObject({ claimsVoided: 0 });
    await world.database.query(forAWhile);
    await renew();
    expect((await ownLease()).held_ms, "renewed in time").toBeGreaterThan(30_000);
    expect(await one.store.rescue(startMs)).toMatchObject({ claimsVoided: 1 });
  });

  it("take over from a former process of the same name once its lease has ended, and not before", async () => {
    const former = await world.join("one", { leaseMs: 2_000 });
    const [id] = await acceptClaimed(former.store, former.claimant);
    const next = await world.open({ replicaName: "one", clock: systemClock });
    const [before] = await world.database.query("SELECT lease_until::text FROM replicas WHERE id = 'one'");
    const { claimant, recovery } = await next.join(startMs);
    expect(recovery).toEqual({ ...nothingRecovered, claimsVoided: 1, mayHaveLeft: [id] });
    expect(claimant).toBe("one.2");
    const [late] = await former.store.settle([buildSubmitted(id ?? expect.fail(), former.claimant, ["a"])]);
    expect(late).toEqual({ kind: "fenced" });
    const isAfter = "SELECT held_since >= $1::timestamptz AS is_after FROM replicas WHERE id = 'one'";
    expect(await world.database.query(isAfter, [before?.["lease_until"]])).toEqual([{ is_after: true }]);
  });

  it("refuse a name under which another process takes part", async () => {
    const { store, clock } = await world.join("one");
    const stranger = await world.open({ replicaName: "one", clock: systemClock, leaseMs: 200 });
    await expect(stranger.join(startMs)).rejects.toMatchObject({
      reason: "LOCKED",
      message: expect.stringMatching(/another process takes part as replica one; end it/),
    });
    clock.advance(1_000);
    expect(store.isLeaseHeld()).toBe(true);
  });

  it("free on closing what others may go on with", async () => {
    const [leaving, other] = [await world.join("leaving"), await world.join("other")];
    await acceptClaimed(leaving.store, leaving.claimant);
    await leaving.store.close();
    expect(await other.store.rescue(startMs)).toMatchObject({ claimsVoided: 1 });
  });

  it("accept twins of one request once", async () => {
    const [left, right] = [await world.join("left"), await world.join("right")];
    const request = { id: "r1", hash: "same" };
    const twins = Array.from({ length: 10 }, () => buildAcceptance({ request }));
    const outcomes = await Promise.all(
      twins.map((twin, index) => (index % 2 === 0 ? left : right).store.accept([twin])),
    );
    const kinds = outcomes.flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "known")).toHaveLength(9);
  });

  it("P37 gather one message from parts that arrive at two of them at once", async () => {
    const [left, right] = [await world.join("left"), await world.join("right")];
    for (let reference = 1; reference <= 10; reference += 1) {
      const part = (sequence: number) => ({
        gatewayId: gateway,
        from: "46701234567",
        to: "72404",
        dataCoding: 0,
        text: undefined,
        data: Uint8Array.of(sequence),
        udh: new Uint8Array(),
        concatenation: { reference, total: 2, sequence },
        arrivalTimeMs: startMs,
      });
      const stored = await Promise.all([
        left.store.recordIncoming([part(1)]),
        right.store.recordIncoming([part(2)]),
      ]);
      const [first, second] = stored.flat();
      expect(first?.id).toBe(second?.id);
      expect([first?.isComplete, second?.isComplete].toSorted()).toEqual([false, true]);
    }
  });

  it("P2 bring a receipt and its response together that were committed at the same moment", async () => {
    const [submitting, receiving] = [await world.join("submitting"), await world.join("receiving")];
    const [id] = await acceptClaimed(submitting.store, submitting.claimant);
    const onlooker = await world.database.connect();
    await onlooker.query("BEGIN");
    await onlooker.query("SELECT 1 FROM report_counters FOR UPDATE");
    // The settlement has written its ids, and waits for the counter.
    const settling = submitting.store.settle([
      buildSubmitted(id ?? expect.fail(), submitting.claimant, ["x"]),
    ]);
    await world.untilWaiting(1);
    expect(await receiving.store.recordReceipts([buildReceipt("x")])).toEqual([{ kind: "parked" }]);
    await onlooker.query("COMMIT");
    await onlooker.end();
    await settling;
    // The look at what is parked, which any replica takes each second.
    expect(await receiving.store.takeParked(receiving.clock.now() + 60_000, 10)).toMatchObject({
      taken: [{ outcome: { kind: "matched", state: "DELIVERED" } }],
    });
    expect(await receiving.store.readStates([id ?? expect.fail()])).toEqual(["DELIVERED"]);
    expect((await receiving.store.backlog()).parkedReceipts).toBe(0);
  });

  it("tell each other of new reports and of waiting deliveries", async () => {
    const [writing, reading] = [await world.join("writing"), await world.join("reading")];
    const reported = new Promise<unknown>((resolve) =>
      reading.store.onReports((id, last) => resolve([id, last])),
    );
    const waiting = new Promise<unknown>((resolve) => reading.store.onWaiting(resolve));
    await writing.store.accept([buildAcceptance()]);
    await passUntilTold(writing, Promise.all([reported, waiting]));
    expect(await reported).toEqual([account, 1]);
    expect(await waiting).toBe(gateway);
  });

  it("find by polling what no hint told them", async () => {
    const [writing, reading] = [await world.join("writing"), await world.join("reading")];
    await reading.store.readReports(account, 0, 10);
    const reported = new Promise<unknown>((resolve) =>
      reading.store.onReports((id, last) => resolve([id, last])),
    );
    const waiting = new Promise<unknown>((resolve) => reading.store.onWaiting(resolve));
    await writing.store.accept([buildAcceptance({ gatewayId: toGatewayId("beta") })]);
    reading.clock.advance(1_000);
    expect(await reported).toEqual([account, 1]);
    expect(await waiting).toBe("beta");
  });
});
