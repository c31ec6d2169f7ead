import { describe, expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { Store } from "../../../src/store/store.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { acceptClaimed, account, buildAcceptance, buildSubmitted } from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

const second = toAccountId("beta");

/** Reads as a subscriber does, and fails on the first gap; answers the last number. */
async function follow(store: Store, after: number): Promise<number> {
  let last = after;
  for (const { number } of await store.readReports(account, after, 1_000)) {
    expect(number).toBe(last + 1);
    last = number;
  }
  return last;
}

describe.skipIf(postgresMissing !== undefined)(
  `report numbers on PostgreSQL ${postgresMissing ?? ""}`,
  () => {
    const world = useReplicas();
    it("are commit order: a commit that waits is passed by nobody of its account, and holds up no other", async () => {
      const [left, right] = [await world.join("left"), await world.join("right")];
      // Before anybody waits: the store waits for a lock for 10 s.
      const third = await world.join("third");
      await left.store.accept([buildAcceptance()]);
      const onlooker = await world.database.connect();
      await onlooker.query("BEGIN");
      await onlooker.query("SELECT 1 FROM report_counters WHERE account_id = $1 FOR UPDATE", [account]);
      const first = left.store.accept([buildAcceptance()]);
      await world.untilWaiting(1);
      const next = right.store.accept([buildAcceptance()]);
      await world.untilWaiting(2);
      await third.store.accept([buildAcceptance({ message: { accountId: second } })]);
      expect(await follow(third.store, 0)).toBe(1);
      await onlooker.query("COMMIT");
      await onlooker.end();
      await Promise.all([first, next]);
      expect(await follow(third.store, 0)).toBe(3);
      expect(await third.store.reportBounds(account)).toEqual({ oldest: 1, last: 3 });
    });

    it("have no gap where a transaction was cut off after it took its numbers", async () => {
      const { store } = await world.join("one");
      await store.accept([buildAcceptance()]);
      // What is holding the counter has advanced it, and dies.
      const dying = await world.database.connect();
      await dying.query("BEGIN");
      await dying.query("UPDATE report_counters SET last = last + 5 WHERE account_id = $1", [account]);
      const accepted = store.accept([buildAcceptance()]);
      await world.untilWaiting(1);
      await dying.end();
      await accepted;
      expect(await follow(store, 0)).toBe(2);
    });

    it("never show a gap to a subscriber that moves between replicas while all of them write", async () => {
      const replicas = [await world.join("a"), await world.join("b"), await world.join("c")];
      let isDone = false;
      const writing = Promise.all(
        replicas.map(async ({ store, claimant }) => {
          for (let round = 0; round < 30; round += 1) {
            const accountId = round % 3 === 0 ? second : account;
            const ids = await acceptClaimed(store, claimant, { recipients: 2, message: { accountId } });
            await store.settle(ids.map((id) => buildSubmitted(id, claimant, [`${claimant}-${id}`])));
          }
        }),
      ).then(() => {
        isDone = true;
      });
      let position = 0;
      let turn = 0;
      while (!isDone) {
        const reader = replicas[turn++ % replicas.length]?.store ?? expect.fail("no replica");
        position = await follow(reader, position);
      }
      await writing;
      const [first] = replicas;
      position = await follow(first?.store ?? expect.fail("no replica"), position);
      // 3 replicas, 20 rounds of this account, 2 recipients, QUEUED and SUBMITTED.
      expect(position).toBe(3 * 20 * 2 * 2);
    });
  },
);
