import { describe, expect, it } from "vitest";
import { messageIdOf } from "../../../src/domain/ids.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  gateway,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(`plans on PostgreSQL ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  const limits = { OTP: 5, NORMAL: 5, BULK: 5 };
  const page = { afterPosition: -1, limit: 10, view: "FULL" } as const;

  /** Entries read of each index so far. */
  const readOf = async () => {
    await world.database.query("SELECT pg_stat_clear_snapshot()");
    const rows = await world.database.query<{ index: string; entries: string }>(
      `SELECT indexrelname AS index, idx_tup_read AS entries FROM pg_stat_user_indexes`,
    );
    return new Map(rows.map(({ index, entries }) => [index, Number(entries)]));
  };

  it("made on empty tables stay by index however the tables grow", async () => {
    const { store, claimant } = await world.join("one");
    // Plans are made now and kept: nothing is known of the tables.
    const exercise = async (key: string) => {
      const id = await acceptSubmitted(store, claimant, [key], { message: { lane: "OTP" } });
      await store.accept([buildAcceptance()]);
      const { last } = await store.reportBounds(account);
      await store.readReports(account, last - 3, 10);
      await store.readStatus(account, messageIdOf(id), page);
      await store.listMessages(account, {}, { before: undefined, limit: 1 });
      await store.recordReceipts([buildReceipt(key)]);
      await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
      await store.cancel(account, messageIdOf(id), startMs);
      await store.expireDue(startMs, 10);
      await store.endSilent(startMs, 0, 10);
    };
    for (let round = 0; round < 8; round += 1) await exercise(`warm-${round}`);
    for (let round = 0; round < 30; round += 1) {
      const bulk = Array.from({ length: 40 }, () => buildAcceptance({ message: { lane: "BULK" } }));
      await Promise.all([
        store.accept(bulk),
        ...Array.from({ length: 20 }, (_, index) =>
          acceptSubmitted(store, claimant, [`fill-${round}-${index}`], { message: { lane: "OTP" } }).catch(
            () => undefined,
          ),
        ),
      ]);
    }
    // A session hands its figures in with what it does next, once a second has passed: all are made to do a little.
    const settled = async () => {
      let sumBefore = Number.NEGATIVE_INFINITY;
      const isAtRest = async () => {
        await Promise.all([
          store.takeReferences([{ sender: "Acme", recipient: recipientAt(0) }], startMs),
          ...[1, 2, 3].map(() => store.pausedGateways()),
        ]);
        const sum = [...(await readOf()).values()].reduce((total, entries) => total + entries, 0);
        const hasChanged = sum - sumBefore > 20;
        sumBefore = sum;
        return !hasChanged;
      };
      await expect.poll(isAtRest, { interval: 1_200, timeout: 15_000 }).toBe(true);
      return await readOf();
    };
    const before = await settled();
    await exercise("measured");
    const after = await settled();
    const read = [...after].map(([index, entries]) => [index, entries - (before.get(index) ?? 0)] as const);
    // Each table has well over a thousand rows; one round needs a few.
    expect(read.filter(([, entries]) => entries > 300)).toEqual([]);
  });
});
