import { describe, expect, it } from "vitest";
import { createReaders } from "../../../src/app/subscriptions/readers.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { account, startMs } from "../../support/store-builders.ts";
import { type Replica, useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(
  `readers of one subscription at several replicas ${postgresMissing ?? ""}`,
  () => {
    const world = useReplicas();
    const registerAt = ({ store, clock }: Replica) => {
      const readers = createReaders(10, { store, clock });
      return {
        async open() {
          const reader = readers.open(account, "crm");
          const { readerEpoch } = await store.openSubscription(account, "crm", 0, startMs);
          reader.hold(readerEpoch);
          return reader;
        },
        readers,
        /** Looks as after a second, and waits until that is over. */
        async look() {
          clock.advance(1_000);
          await store.readerEpochs([]);
          await new Promise((resolve) => setImmediate(resolve));
        },
      };
    };
    const reasonOf = (signal: AbortSignal) => (signal.aborted ? signal.reason.code : undefined);
    /** A look that meets one that goes on does nothing, so that one may not be enough. */
    const lookFor = async (at: { look(): Promise<void> }, { signal }: { readonly signal: AbortSignal }) => {
      await at.look();
      return reasonOf(signal);
    };

    it("end within a second where another replica's reader took over", async () => {
      const [one, two] = [registerAt(await world.join("one")), registerAt(await world.join("two"))];
      const older = await one.open();
      await one.look();
      expect(reasonOf(older.signal)).toBeUndefined();
      const newer = await two.open();
      await expect.poll(() => lookFor(one, older)).toBe("READER_REPLACED");
      await two.look();
      expect(reasonOf(newer.signal)).toBeUndefined();
      const newest = await one.open();
      await expect.poll(() => lookFor(two, newer)).toBe("READER_REPLACED");
      expect(reasonOf(newest.signal)).toBeUndefined();
    });

    it("end within a second where the subscription was deleted, or deleted and made again, elsewhere", async () => {
      const [replica, other] = [await world.join("one"), await world.join("two")];
      const here = registerAt(replica);
      const first = await here.open();
      await other.store.deleteSubscription(account, "crm");
      await expect.poll(() => lookFor(here, first)).toBe("UNKNOWN_SUBSCRIPTION");
      const second = await here.open();
      await other.store.deleteSubscription(account, "crm");
      await other.store.openSubscription(account, "crm", 0, startMs + 5_000);
      await expect.poll(() => lookFor(here, second)).toBe("READER_REPLACED");
    });

    it("read on where one of two that came together here was told its epoch last", async () => {
      const replica = await world.join("one");
      const { readers, look } = registerAt(replica);
      const replaced = readers.open(account, "crm");
      const present = readers.open(account, "crm");
      const open = () => replica.store.openSubscription(account, "crm", 0, startMs);
      present.hold((await open()).readerEpoch);
      replaced.hold((await open()).readerEpoch);
      await look();
      await look();
      expect([replaced, present].map(({ signal }) => reasonOf(signal))).toEqual([
        "READER_REPLACED",
        undefined,
      ]);
      present.close();
      expect(readers.count).toBe(1);
    });
  },
);
