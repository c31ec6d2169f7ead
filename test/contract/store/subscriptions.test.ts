import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import { account, buildAcceptance, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const other = toAccountId("other");

describeStore("subscriptions", (test) => {
  it("P44 are made once, at the first position, and outlive a restart", async () => {
    const made = await test.store.openSubscription(account, "crm", 5, startMs);
    expect(made).toMatchObject({
      name: "crm",
      position: 5,
      createTimeMs: startMs,
      acknowledgeTimeMs: undefined,
    });
    await test.restart();
    const opened = await test.store.openSubscription(account, "crm", 9, startMs + 1);
    expect(opened).toEqual({ ...made, readerEpoch: opened.readerEpoch });
    expect(await test.store.readSubscription(account, "crm")).toEqual(opened);
  });

  it("give each reader a higher epoch, also after they were deleted, and tell who reads now", async () => {
    const open = async (nowMs: number) =>
      (await test.store.openSubscription(account, "crm", 0, nowMs)).readerEpoch;
    const epochs = [await open(startMs), await open(startMs), await open(startMs - 60_000)];
    await test.store.deleteSubscription(account, "crm");
    epochs.push(await open(startMs + 1_000));
    expect(new Set(epochs).size).toBe(4);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    const keys = ["none", "crm"].map((name) => ({ accountId: account, name }));
    expect(await test.store.readerEpochs(keys)).toEqual([undefined, epochs.at(-1)]);
    expect(await test.store.readerEpochs([{ accountId: other, name: "crm" }])).toEqual([undefined]);
  });

  it("can be made before anything reads them, stay as they are, and take nobody's place", async () => {
    const made = await test.store.createSubscription(account, "crm", 5, startMs, 2);
    expect(made).toMatchObject({ name: "crm", position: 5, createTimeMs: startMs });
    const opened = await test.store.openSubscription(account, "crm", 9, startMs + 1);
    expect(opened).toMatchObject({ position: 5, createTimeMs: startMs });
    expect(opened.readerEpoch).toBeGreaterThan(made.readerEpoch);
    expect(await test.store.createSubscription(account, "crm", 7, startMs + 2)).toEqual(opened);
    const together = ["a", "a"].map((name) => test.store.createSubscription(account, name, 0, startMs, 2));
    const [first, second] = await Promise.all(together);
    expect(second).toEqual(first);
    const refused = test.store.createSubscription(account, "b", 0, startMs, 2);
    await expect(refused).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  });

  it("move forward only, and not beyond the last report", async () => {
    await test.store.accept([buildAcceptance({ recipients: 4 })]);
    await test.store.openSubscription(account, "crm", 0, startMs);
    const acknowledge = (position: number) =>
      test.store.acknowledge(account, "crm", position, startMs + position);
    expect(await acknowledge(3)).toBe("acknowledged");
    expect(await acknowledge(3)).toBe("unchanged");
    expect(await acknowledge(1)).toBe("unchanged");
    expect(await acknowledge(5)).toBe("beyond_last");
    expect(await test.store.acknowledge(account, "none", 1, startMs)).toBe("unknown_subscription");
    expect(await test.store.readSubscription(account, "crm")).toMatchObject({
      position: 3,
      acknowledgeTimeMs: startMs + 3,
    });
  });

  it("belong to their account, are listed by name and can be deleted", async () => {
    for (const name of ["b", "a"]) await test.store.openSubscription(account, name, 0, startMs);
    await test.store.openSubscription(other, "a", 0, startMs);
    const list = async (after?: string, limit = 10) =>
      (await test.store.listSubscriptions(account, { after, limit })).map(({ name }) => name);
    expect(await list()).toEqual(["a", "b"]);
    expect(await list(undefined, 1)).toEqual(["a"]);
    expect(await list("a")).toEqual(["b"]);
    expect(await list("b")).toEqual([]);
    expect(await test.store.deleteSubscription(account, "a")).toBe(true);
    expect(await test.store.deleteSubscription(account, "a")).toBe(false);
    expect(await test.store.listSubscriptions(other, { after: undefined, limit: 10 })).toHaveLength(1);
  });

  it("P61 are refused beyond the account's number, while those that are there can be opened", async () => {
    for (const name of ["a", "b"]) await test.store.openSubscription(account, name, 0, startMs, 2);
    const refused = test.store.openSubscription(account, "c", 0, startMs, 2);
    await expect(refused).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
      details: { quota: { subject: `account ${account}` } },
    });
    expect((await test.store.openSubscription(account, "a", 0, startMs, 2)).name).toBe("a");
    expect((await test.store.openSubscription(other, "c", 0, startMs, 2)).name).toBe("c");
    await test.store.deleteSubscription(account, "b");
    expect((await test.store.openSubscription(account, "c", 0, startMs, 2)).name).toBe("c");
  });
});
