import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import { actAt } from "../../support/acts.ts";
import { startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const lines = [
  { regionCode: "", prefix: "", standard: 90_000, premium: 90_000 },
  { regionCode: "NL", prefix: "", standard: 45_000, premium: 80_000 },
  { regionCode: "", prefix: "1201", standard: 0, premium: 1_000_000_000 },
];
const general = { accountId: "", startTimeMs: startMs, currencyCode: "EUR", lines } as const;

describeStore("lists of prices", (test) => {
  const put = (fields: object = {}, nowMs: number = startMs) =>
    test.store.importRates(actAt(nowMs), { ...general, ...fields }, true);
  const startOf = async (atMs: number) => (await test.store.validRates(shop, atMs))?.startTimeMs;

  it("hold from their time on, until the next one begins", async () => {
    expect(await test.store.validRates(shop, startMs)).toBeUndefined();
    await put();
    await put({ startTimeMs: startMs + 1_000 });
    await test.restart();
    expect(await test.store.validRates(shop, startMs)).toEqual(general);
    expect(await startOf(startMs - 1)).toBeUndefined();
    expect([await startOf(startMs + 999), await startOf(startMs + 1_000)]).toEqual([
      startMs,
      startMs + 1_000,
    ]);
  });

  it("of an account stand for those of all, until it has none again", async () => {
    await put();
    await put({ accountId: shop, currencyCode: "USDT" });
    expect(await test.store.validRates(shop, startMs)).toMatchObject({
      accountId: shop,
      currencyCode: "USDT",
    });
    await put({ accountId: shop, startTimeMs: startMs + 1, currencyCode: "", lines: [] });
    expect(await test.store.validRates(shop, startMs + 1)).toEqual(general);
  });

  it("are replaced by one of the same time, go when they are over, and are bounded in number", async () => {
    await put();
    await put({ currencyCode: "SEK" });
    expect(await test.store.validRates(shop, startMs)).toMatchObject({ currencyCode: "SEK" });
    await put({ startTimeMs: startMs + 5 }, startMs + 5);
    expect(await startOf(startMs), "over").toBeUndefined();
    for (let ms = 1; ms <= 10; ms++) await put({ startTimeMs: startMs + 100 + ms }, startMs + 5);
    await put({ startTimeMs: startMs + 105, currencyCode: "SEK" }, startMs + 5);
    const more = put({ startTimeMs: startMs + 200 }, startMs + 5);
    await expect(more).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  });

  it("belong to accounts that are known, and stand in the audit log without their lines", async () => {
    const unknown = test.store.importRates(actAt(), { ...general, accountId: shop }, false);
    await expect(unknown).rejects.toMatchObject({ code: "UNKNOWN_ACCOUNT" });
    await put();
    await put({ currencyCode: "SEK" });
    const everything = { before: Number.MAX_SAFE_INTEGER, limit: 10, keyId: "", subject: "" };
    const [last] = await test.store.listAudit({ ...everything, subjectKind: "" } as typeof everything);
    expect(JSON.parse(last?.before ?? "")).toMatchObject({ currencyCode: "EUR", rateCount: 3 });
  });
});
