import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import { ownerOfKey } from "../../../src/domain/limit-owner.ts";
import { buildAcceptance, dayMs, hourMs, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const bank = toAccountId("bank");

describeStore("what is counted of accounts", (test) => {
  const accept = (accountId: typeof shop, acceptTimeMs: number, counted?: number, requestId?: string) =>
    test.store.accept([
      {
        ...buildAcceptance({
          message: { accountId, acceptTimeMs },
          ...(requestId !== undefined && { request: { id: requestId, hash: "1:x:y" } }),
        }),
        counted: counted === undefined ? undefined : { owners: [accountId], count: counted },
      },
    ]);

  it("is the messages of the last hour and day of UTC in which some came, by account, and outlives a restart", async () => {
    await accept(bank, startMs, 5);
    await Promise.all([accept(shop, startMs, 2), accept(shop, startMs + hourMs - 1, 3)]);
    expect(await test.store.readCounts(shop)).toMatchObject({ hourCount: 5, dayCount: 5 });
    await accept(shop, startMs + hourMs, 1);
    await test.restart();
    expect(await test.store.readCounts(shop)).toEqual({
      hour: startMs / hourMs + 1,
      hourCount: 1,
      day: startMs / dayMs,
      dayCount: 6,
      replicaCount: 1,
    });
    await accept(shop, startMs + dayMs, 4);
    expect(await test.store.readCounts(shop)).toMatchObject({ hourCount: 4, dayCount: 4 });
    expect(await test.store.readCounts(bank)).toMatchObject({ hourCount: 5, dayCount: 5 });
  });

  it("is nothing of what is accepted without limits, is answered again, or comes late from an hour that is over", async () => {
    await accept(shop, startMs);
    expect(await test.store.readCounts(shop)).toMatchObject({ hour: 0, hourCount: 0, day: 0, dayCount: 0 });
    await accept(shop, startMs + hourMs, 2, "once");
    await Promise.all([accept(shop, startMs + hourMs, 2, "once"), accept(shop, startMs, 7, "late")]);
    expect(await test.store.readCounts(shop)).toMatchObject({ hourCount: 2, dayCount: 9 });
  });

  it("is kept for a key beside its account, by one acceptance", async () => {
    const key = ownerOfKey("till");
    const message = { accountId: shop, acceptTimeMs: startMs };
    await test.store.accept([
      { ...buildAcceptance({ message }), counted: { owners: [shop, key], count: 3 } },
    ]);
    for (const owner of [shop, key])
      expect(await test.store.readCounts(owner)).toMatchObject({ hourCount: 3, dayCount: 3 });
  });

  it("begins anew where a clock had gone far ahead, instead of counting nothing until that time comes", async () => {
    await accept(shop, startMs + 1_000 * dayMs, 9);
    await accept(shop, startMs, 2);
    await accept(shop, startMs, 3);
    expect(await test.store.readCounts(shop)).toMatchObject({
      hour: startMs / hourMs,
      hourCount: 5,
      day: startMs / dayMs,
      dayCount: 5,
    });
  });
});
