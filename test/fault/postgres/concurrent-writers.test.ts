import { describe, expect, it } from "vitest";
import { type AccountId, toAccountId } from "../../../src/domain/ids.ts";
import { actAt } from "../../support/acts.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptClaimed,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  gateway,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(`writers on PostgreSQL ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  const deadlocks = async () => {
    const [row] = await world.database.query<{ deadlocks: string }>(
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    );
    return Number(row?.deadlocks);
  };

  it("never lock each other out, whatever the order in which work comes to them", async () => {
    const replicas = [await world.join("a"), await world.join("b")];
    const [left, right] = replicas;
    if (left === undefined || right === undefined) expect.fail("no replicas");
    const accounts = ["one", "two", "three", "four"].map(toAccountId);
    const ids = [];
    for (const [index, accountId] of accounts.entries()) {
      const claimed = await acceptClaimed(left.store, left.claimant, {
        recipients: 5,
        message: { accountId },
      });
      ids.push(...claimed);
      await left.store.settle(
        claimed.map((id, part) => buildSubmitted(id, left.claimant, [`${index}-${part}`])),
      );
    }
    const smscIds = ids.map((_, index) => `${Math.floor(index / 5)}-${index % 5}`);
    for (let round = 0; round < 15; round += 1) {
      const receipts = smscIds.map((id) => buildReceipt(id, { verdict: "RECORDED" }));
      const accepts = accounts.map((accountId) =>
        buildAcceptance({ message: { accountId }, segmentCount: 2 }),
      );
      await Promise.all([
        left.store.recordReceipts(receipts),
        right.store.recordReceipts(receipts.toReversed()),
        left.store.accept(accepts),
        right.store.accept(
          accounts
            .toReversed()
            .map((accountId) => buildAcceptance({ message: { accountId }, segmentCount: 2 })),
        ),
        ...replicas.map(({ store, claimant }) =>
          store.claim({
            claimant,
            gatewayId: gateway,
            limits: { OTP: 9, NORMAL: 9, BULK: 9 },
            nowMs: startMs,
          }),
        ),
        left.store.settle(ids.map((id) => buildSubmitted(id, left.claimant, ["again"]))),
        right.store.settle(ids.toReversed().map((id) => buildSubmitted(id, right.claimant, ["again"]))),
        right.store.rescue(startMs),
      ]);
    }
    const all = await Promise.all([left.store.backlog(), right.store.backlog()]);
    expect(all[0]).toEqual(all[1]);
    // Statistics come with a delay of up to a second; ending a connection hands them in.
    await Promise.all(replicas.map(({ store }) => store.close()));
    expect(await deadlocks()).toBe(0);
  });

  it("lock the audit counter for an act alone, not for the messages of its batch", async () => {
    const { store } = await world.join("a");
    await store.noteAct(actAt());
    const [holder, other] = [await world.database.connect(), await world.database.connect()];
    await holder.query("BEGIN; LOCK TABLE sms_relay.deliveries IN SHARE MODE");
    const batch = [store.accept([buildAcceptance()]), store.noteAct(actAt())];
    const waiting =
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%deliveries%'";
    await expect.poll(() => world.database.query(waiting)).toHaveLength(1);
    await other.query("SELECT last FROM sms_relay.audit_counter FOR UPDATE NOWAIT");
    await holder.query("COMMIT");
    await Promise.all(batch);
    expect(await store.lastChange()).toBe(2);
    for (const client of [holder, other]) await client.end();
  });

  it("never lock each other out where each ends what the other one notes a receipt of", async () => {
    const [left, right] = [await world.join("a"), await world.join("b")];
    for (let round = 0; round < 15; round += 1) {
      const ids = await acceptClaimed(left.store, left.claimant, { recipients: 20 });
      const named = ids.map((id, index) => ({ id, name: `${round}-${index}` }));
      await left.store.settle(named.map(({ id, name }) => buildSubmitted(id, left.claimant, [name])));
      const half = (rest: number) =>
        named.map(({ name }, index) =>
          buildReceipt(name, index % 2 === rest ? {} : { verdict: "RECORDED", stat: "ENROUTE" }),
        );
      await Promise.all([
        left.store.recordReceipts(half(0)),
        right.store.recordReceipts(half(1).toReversed()),
      ]);
      expect(new Set(await left.store.readStates(ids))).toEqual(new Set(["DELIVERED"]));
    }
    expect(await deadlocks()).toBe(0);
  });

  it("lock the counters of accounts in one order, also when each has some of them", async () => {
    const [left, right] = [await world.join("a"), await world.join("b")];
    const accounts = ["one", "three", "two"].map(toAccountId);
    const entries = (order: readonly AccountId[]) =>
      order.map((accountId) => buildAcceptance({ message: { accountId } }));
    await left.store.accept(entries(accounts));
    const onlooker = await world.database.connect();
    await onlooker.query("BEGIN");
    await onlooker.query("SELECT 1 FROM report_counters WHERE account_id = 'three' FOR UPDATE");
    const accepting = [
      left.store.accept(entries(accounts)),
      right.store.accept(entries(accounts.toReversed())),
    ];
    await world.untilWaiting(2);
    await onlooker.query("COMMIT");
    await onlooker.end();
    await Promise.all(accepting);
    await Promise.all([left, right].map(({ store }) => store.close()));
    expect(await deadlocks()).toBe(0);
  });

  it("lock references in one order", async () => {
    const [left, right] = [await world.join("a"), await world.join("b")];
    const pairs = Array.from({ length: 300 }, (_, index) => ({
      sender: "Acme",
      recipient: recipientAt(index),
    }));
    const taken: (number | undefined)[] = [];
    for (let round = 0; round < 10; round += 1) {
      const [forwards, backwards] = await Promise.all([
        left.store.takeReferences(pairs, startMs),
        right.store.takeReferences(pairs.toReversed(), startMs),
      ]);
      taken.push(forwards[0], backwards.at(-1));
    }
    expect(new Set(taken).size).toBe(20);
    await Promise.all([left, right].map(({ store }) => store.close()));
    expect(await deadlocks()).toBe(0);
  });

  it("try again what the server could not order", async () => {
    const { store, claimant } = await world.join("one");
    const [first, second] = await acceptClaimed(store, claimant, { recipients: 2 });
    if (first === undefined || second === undefined) expect.fail("nothing was claimed");
    const onlooker = await world.database.connect();
    await onlooker.query("SET deadlock_timeout = '60s'");
    await onlooker.query("BEGIN");
    // Against the order of ids, so that each holds what the other wants; the store is the one that is told so.
    await onlooker.query("SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE", [second]);
    const settling = store.settle([first, second].map((id) => buildSubmitted(id, claimant, [`x${id}`])));
    // Asked for inside the server, as soon as the store waits: a second later it has looked for a deadlock, and looks no more.
    await onlooker.query(`DO $$ BEGIN
      WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid) LOOP
        PERFORM pg_sleep(0.001);
      END LOOP;
      PERFORM 1 FROM deliveries WHERE id = '${first}' FOR UPDATE;
    END $$`);
    await onlooker.query("COMMIT");
    await onlooker.end();
    expect(await settling).toEqual([
      { kind: "settled", state: "SUBMITTED" },
      { kind: "settled", state: "SUBMITTED" },
    ]);
    await store.close();
    await expect.poll(deadlocks).toBeGreaterThan(0);
  });
});
