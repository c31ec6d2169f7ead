import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import {
  account,
  buildAcceptance,
  dayMs,
  hourMs,
  newMessageId,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

describeStore("status and lists", (test) => {
  it("pages the deliveries of a message and counts all its states on each page", async () => {
    const acceptance = buildAcceptance({ recipients: 5 });
    await test.store.accept([acceptance]);
    const read = (afterPosition: number) =>
      test.store.readStatus(account, acceptance.message.id, { afterPosition, limit: 2, view: "BASIC" });
    const pages = [await read(-1), await read(1), await read(3)];
    expect(pages.map((page) => page?.nextPosition)).toEqual([1, 3, undefined]);
    expect(pages.flatMap((page) => page?.deliveries ?? []).map(({ id }) => id)).toEqual(
      acceptance.deliveries.map(({ id }) => id),
    );
    expect(pages.map((page) => page?.stateCounts)).toEqual(Array.from({ length: 3 }, () => ({ QUEUED: 5 })));
  });

  it("shows no account another's message", async () => {
    const acceptance = buildAcceptance();
    await test.store.accept([acceptance]);
    const page = { afterPosition: -1, limit: 2, view: "BASIC" } as const;
    expect(await test.store.readStatus(toAccountId("other"), acceptance.message.id, page)).toBeUndefined();
    expect(await test.store.readStatus(account, newMessageId(), page)).toBeUndefined();
  });

  it("lists messages newest first, after one, by reference and by time", async () => {
    const entries = Array.from({ length: 6 }, (_, index) => {
      const acceptTimeMs = startMs + index * 1_000;
      const expireTimeMs = startMs + dayMs;
      return buildAcceptance({ message: { acceptTimeMs, expireTimeMs, clientReference: `r${index % 2}` } });
    });
    await test.store.accept(entries);
    await test.store.accept([buildAcceptance({ message: { accountId: toAccountId("other") } })]);
    const list = async (
      filter = {},
      before = undefined as (typeof entries)[0]["message"]["id"] | undefined,
    ) =>
      (await test.store.listMessages(account, filter, { before, limit: 3 })).map(({ message }) =>
        entries.findIndex((entry) => entry.message.id === message.id),
      );
    expect(await list()).toEqual([5, 4, 3]);
    expect(await list({}, entries[3]?.message.id)).toEqual([2, 1, 0]);
    expect(await list({ clientReference: "r0" })).toEqual([4, 2, 0]);
    expect(await list({ clientReference: "none" })).toEqual([]);
    expect(await list({ acceptedFromMs: startMs + 1_000, acceptedUntilMs: startMs + 3_000 })).toEqual([2, 1]);
    expect(await list({ acceptedFromMs: startMs + hourMs })).toEqual([]);
  });

  it("reads states in the order asked, and nothing of unknown ids", async () => {
    const acceptance = buildAcceptance({ recipients: 2 });
    await test.store.accept([acceptance]);
    const [first, second] = acceptance.deliveries.map(({ id }) => id);
    const unknown = buildAcceptance().deliveries[0]?.id;
    const ids = [second, unknown, first].map((id) => id ?? expect.fail());
    expect(await test.store.readStates(ids)).toEqual(["QUEUED", undefined, "QUEUED"]);
  });
});
