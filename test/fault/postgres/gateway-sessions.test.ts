import { describe, expect, it } from "vitest";
import { toGatewayId } from "../../../src/domain/ids.ts";
import { actAt } from "../../support/acts.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { buildAcceptance, buildOffer, gateway, startMs } from "../../support/store-builders.ts";
import { passUntilTold, type Replica, useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(
  `sessions among replicas on PostgreSQL ${postgresMissing ?? ""}`,
  () => {
    const world = useReplicas();
    const look = async ({ store }: Replica, sessions = 4, id = gateway) => {
      const { shares } = await store.sessions.divide([buildOffer(id, sessions)]);
      return shares.get(id) ?? expect.fail("no share");
    };
    /** Looks as each would, and gives up what is not due, until nothing moves any more. */
    const settle = async (replicas: readonly Replica[], sessions = 4, id = gateway) => {
      // Each has to know of the others first.
      for (const replica of replicas) await look(replica, sessions, id);
      for (let isMoving = true; isMoving; ) {
        isMoving = false;
        for (const replica of replicas) {
          const before = await owners();
          const { surplus } = await look(replica, sessions, id);
          if (surplus !== undefined) await replica.store.sessions.release(id, [surplus]);
          if ((await owners()) !== before) isMoving = true;
        }
      }
      return Promise.all(replicas.map(async (replica) => (await look(replica, sessions, id)).own.length));
    };
    const owners = async () =>
      JSON.stringify(
        await world.database.query("SELECT gateway_id, slot, owner FROM gateway_sessions ORDER BY 1, 2"),
      );
    const leaseOfOne = () =>
      world.database.query("SELECT lease_until > now() AS is_held FROM replicas WHERE id = 'one'");
    const endSessionLeases = async (owner: string) => {
      await world.keepLeases();
      await world.database.query(
        "UPDATE gateway_sessions SET lease_until = now() - interval '1 second' WHERE owner = $1",
        [owner],
      );
    };

    it("are in the store with their owner, its epoch and its lease", async () => {
      await look(await world.join("one"));
      const rows = await world.database.query(
        `SELECT slot, owner, epoch, lease_until > now() + interval '4 seconds' AS is_leased
         FROM gateway_sessions ORDER BY slot`,
      );
      expect(rows).toEqual([0, 1, 2, 3].map((slot) => ({ slot, owner: "one", epoch: "1", is_leased: true })));
    });

    it("are given up one by one to a replica that joins, until all have as many", async () => {
      const one = await world.join("one");
      expect((await look(one)).own).toEqual([0, 1, 2, 3]);
      const two = await world.join("two");
      expect(await look(two)).toMatchObject({ own: [], surplus: undefined });
      expect(await look(one)).toMatchObject({ own: [0, 1, 2, 3], surplus: 3 });
      // Held until it is released: a session that is being closed is nobody else's.
      expect((await look(two)).own).toEqual([]);
      await one.store.sessions.release(gateway, [3]);
      expect((await look(two)).own).toEqual([3]);
      expect(await settle([one, two])).toEqual([2, 2]);
      expect((await settle([one, two, await world.join("three")])).toSorted()).toEqual([1, 1, 2]);
    });

    it("are never two replicas' at once, and never more than a replica is due, when all start together", async () => {
      const replicas = await Promise.all(["a", "b", "c", "d", "e"].map((name) => world.join(name)));
      await Promise.all(replicas.map((replica) => look(replica, 7)));
      const shares = await Promise.all(replicas.map((replica) => look(replica, 7)));
      const own = shares.flatMap((share) => share.own);
      expect(new Set(own).size).toBe(own.length);
      expect((await settle(replicas, 7)).toSorted()).toEqual([1, 1, 1, 2, 2]);
    });

    it("of gateways with few are spread over the replicas", async () => {
      const replicas = await Promise.all(["a", "b", "c"].map((name) => world.join(name)));
      const counts = new Map(replicas.map((replica) => [replica, 0]));
      for (let index = 0; index < 30; index += 1) {
        const own = await settle(replicas, 1, toGatewayId(`g${index}`));
        expect(own.toSorted()).toEqual([0, 0, 1]);
        replicas.forEach((replica, at) => {
          counts.set(replica, (counts.get(replica) ?? 0) + (own[at] ?? 0));
        });
      }
      expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(4);
    });

    it("stay with an owner whose lease runs, and go to others once it is over", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await settle([one, two]);
      await world.endLease("two");
      expect((await look(one)).own).toHaveLength(2);
      await endSessionLeases("two");
      expect((await look(one)).own).toEqual([0, 1, 2, 3]);
      expect(await look(two)).toMatchObject({ own: [] });
    });

    it("are lost by an owner that was found dead, until it has joined again", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await settle([one, two]);
      await world.endLease("two");
      await one.store.rescue(startMs);
      const { heldUntilMs, shares } = await two.store.sessions.divide([buildOffer(gateway, 4)]);
      expect([heldUntilMs, shares.size]).toEqual([Number.NEGATIVE_INFINITY, 0]);
      await two.store.join(startMs);
      expect((await look(two)).own).toEqual([]);
      await endSessionLeases("two");
      expect(await settle([one, two])).toEqual([2, 2]);
    });

    it("of a former process under the same name stay taken until its lease is over: it may still run", async () => {
      await look(await world.join("one"));
      await world.endLease("one");
      const next = await world.join("one");
      expect((await look(next)).own).toEqual([]);
      await endSessionLeases("one");
      expect((await look(next)).own).toEqual([0, 1, 2, 3]);
    });

    it("P60 are not taken from others by a replica that could not renew its own lease either", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await settle([one, two]);
      await endSessionLeases("two");
      // As where the database hung for longer than a lease: the first renewal begins the time anew.
      await world.endLease("one");
      one.clock.advance(1_000);
      await expect.poll(leaseOfOne).toEqual([{ is_held: true }]);
      expect((await look(one)).own).toHaveLength(2);
      // Its owner was as far away, and goes on with them.
      expect((await look(two)).own).toHaveLength(2);
    });

    it("go at once from a replica that leaves to the others, and are told to them", async () => {
      const [leaving, staying] = [await world.join("leaving"), await world.join("staying")];
      await settle([leaving, staying]);
      const { shares } = await leaving.store.sessions.divide([]);
      expect(shares.get(gateway)).toMatchObject({ own: expect.any(Array), surplus: expect.any(Number) });
      const told = new Promise<void>((resolve) => staying.store.sessions.onChange(resolve));
      await leaving.store.sessions.release(gateway, shares.get(gateway)?.own ?? []);
      await passUntilTold(leaving, told);
      expect((await look(staying)).own).toEqual([0, 1, 2, 3]);
    });

    it("are left by a replica whose configuration has fewer, or the gateway no more", async () => {
      const { store } = await world.join("one");
      await store.sessions.divide([buildOffer(gateway, 3)]);
      const fewer = await store.sessions.divide([buildOffer(gateway, 2)]);
      expect(fewer.shares.get(gateway)).toMatchObject({ own: [0, 1, 2], surplus: 2 });
      const none = await store.sessions.divide([buildOffer(toGatewayId("beta"), 1)]);
      expect(none.shares.get(gateway)).toMatchObject({ own: [0, 1, 2], surplus: 2 });
    });

    it("are seen by every replica, with what each says of the gateway", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await settle([one, two]);
      const said = { state: "circuit_open", reason: "too many failed", boundSessions: 1 } as const;
      await two.store.sessions.divide([buildOffer(gateway, 4, said)]);
      expect((await look(one)).others).toEqual([{ replicaId: "two", report: expect.objectContaining(said) }]);
      await two.store.close();
      expect((await look(one)).others).toEqual([]);
    });

    it("are told to others as soon as a gateway is doing otherwise, but not for each figure", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await settle([one, two]);
      let changes = 0;
      two.store.sessions.onChange(() => {
        changes += 1;
      });
      /** How often it was told until now: what is told of reports afterwards comes behind it. */
      const changesTold = async () => {
        for (let turn = 0; turn < 2; turn += 1) {
          const reported = new Promise<void>((resolve) => two.store.onReports(() => resolve()));
          await one.store.accept([buildAcceptance()]);
          await passUntilTold(one, reported);
        }
        const told = changes;
        changes = 0;
        return told;
      };
      await changesTold();
      const say = (report: Parameters<typeof buildOffer>[2]) =>
        one.store.sessions.divide([buildOffer(gateway, 4, report)]);
      await say({ inFlight: 7 });
      expect(await changesTold(), "a figure").toBe(0);
      await say({ state: "connecting" });
      expect(await changesTold(), "another state").toBe(1);
      await say({ state: "connecting", inFlight: 8 });
      expect(await changesTold(), "a figure again").toBe(0);
      await say({});
      expect(await changesTold(), "the first state").toBe(1);
    });

    it("know at every replica how often a gateway was resumed", async () => {
      const [one, two] = [await world.join("one"), await world.join("two")];
      await one.store.setPaused(actAt(), gateway, undefined);
      await one.store.setPaused(actAt(), gateway, { reason: "works", timeMs: startMs });
      await one.store.setPaused(actAt(), gateway, undefined);
      expect((await look(two)).resumeCount).toBe(2);
    });
  },
);
