import { expect, it } from "vitest";
import { createSuppressionLists, followSuppressions } from "../../../src/app/accounts/suppression-lists.ts";
import { createChanges } from "../../../src/app/changes.ts";
import { lookEveryMs } from "../../../src/app/followed.ts";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import type { IncomingPart } from "../../../src/domain/receipt.ts";
import { accountScopes } from "../../../src/domain/scopes.ts";
import { everybodysList, type Suppression } from "../../../src/domain/suppression.ts";
import { actAt } from "../../support/acts.ts";
import { gateway, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const bank = toAccountId("bank");
const act = actAt(startMs, "shop");
const number = (index: number) => `+4670${String(index).padStart(7, "0")}` as E164;
const anna = number(1);
const bert = number(2);

const key = {
  ...{ id: "till", accountId: shop, scopes: accountScopes, name: "", hash: "", createTimeMs: startMs },
  ...{ revokeTimeMs: undefined, expireTimeMs: undefined, useTimeMs: undefined },
};

type Upserted = Pick<Suppression, "recipient" | "contentCategories" | "expireTimeMs">;
const always = (recipient: E164): Upserted => ({ recipient, contentCategories: [], expireTimeMs: undefined });

describeStore("suppressed numbers", (test) => {
  const change = (upserted: readonly Upserted[], removed: readonly E164[] = [], accountId = shop) =>
    test.store.changeSuppressions(act, accountId, { upserted, removed });
  const list = (accountId = shop, nowMs = startMs) =>
    test.store.listSuppressions(accountId, undefined, undefined, nowMs, 1_000);
  const numbersOf = (found: readonly Suppression[]) => found.map(({ recipient }) => recipient);

  it("are added, changed, removed and counted, and each act is told once", async () => {
    expect(await change([always(anna), always(bert)])).toBe(2);
    expect(await change([always(anna)]), "again").toBe(2);
    const advertised = { ...always(bert), contentCategories: ["ADVERTISEMENT"], expireTimeMs: startMs + 1 };
    expect(await change([advertised, always(number(3))], [anna, number(9)])).toBe(2);
    await test.restart();
    expect(await list()).toEqual([
      { ...advertised, accountId: shop, source: "CALL", createTimeMs: startMs },
      { ...always(number(3)), accountId: shop, source: "CALL", createTimeMs: startMs },
    ]);
    expect(await change([], [bert, number(3)])).toBe(0);
    expect(await change([], [bert, number(3)]), "absent").toBe(0);
    const everything = { before: 99, limit: 99, keyId: "", subject: "shop" };
    expect((await test.store.listAudit(everything)).map(({ before }) => before)).toEqual([
      '{"suppressionCount":"2"}',
      '{"suppressionCount":"2"}',
      '{"suppressionCount":"0"}',
    ]);
  });

  it("are kept by account, and found with those that hold for all", async () => {
    await change([always(anna)]);
    await change([always(bert)], [], everybodysList);
    await change([always(number(3))], [], bank);
    const found = await test.store.findSuppressions(shop, [anna, bert, number(3)], startMs);
    expect(found.map(({ accountId, recipient }) => [accountId, recipient]).toSorted()).toEqual([
      ["*", bert],
      ["shop", anna],
    ]);
    expect(await test.store.findSuppressions(bank, [anna], startMs)).toEqual([]);
  });

  it("come by 500 in one commit, are found among a thousand, and listed from any one on", async () => {
    const all = Array.from({ length: 1_000 }, (_, index) => number(index));
    expect(await change(all.slice(0, 500).map(always))).toBe(500);
    expect(await change(all.slice(450, 950).map(always))).toBe(950);
    expect(await test.store.findSuppressions(shop, all, startMs)).toHaveLength(950);
    const after = { recipient: number(499), source: "CALL" } as const;
    const page = await test.store.listSuppressions(shop, after, undefined, startMs, 3);
    expect(numbersOf(page)).toEqual([number(500), number(501), number(502)]);
    const one = await test.store.listSuppressions(shop, undefined, number(700), startMs, 3);
    expect(numbersOf(one)).toEqual([number(700)]);
    expect(await change([], all.slice(0, 500))).toBe(450);
    expect(await test.store.findSuppressions(shop, all, startMs)).toHaveLength(450);
  });

  it("end at their time, and are deleted and counted off some time after", async () => {
    await change([{ ...always(anna), expireTimeMs: startMs + 100 }, always(bert)]);
    const find = async (nowMs: number) =>
      numbersOf(await test.store.findSuppressions(shop, [anna, bert], nowMs)).toSorted();
    expect([await find(startMs + 99), await find(startMs + 100)]).toEqual([[anna, bert], [bert]]);
    expect(numbersOf(await list(shop, startMs + 100))).toEqual([bert]);
    expect(await test.store.deleteEndedSuppressions(startMs + 99, 10)).toBe(0);
    expect(await test.store.deleteEndedSuppressions(startMs + 100, 10)).toBe(1);
    expect(numbersOf(await list())).toEqual([bert]);
    expect(await change([always(number(3))])).toBe(2);
  });

  it("are no more than a list may have, and refused whole beyond", async () => {
    const most = (upserted: readonly Upserted[]) =>
      test.store.changeSuppressions(act, shop, { upserted, removed: [] }, 2);
    expect(await most([always(anna)])).toBe(1);
    await expect(most([always(bert), always(number(3))])).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
    expect(numbersOf(await list())).toEqual([anna]);
    expect(await most([always(anna), always(bert)])).toBe(2);
  });
});

describeStore("handsets that say STOP and START", (test) => {
  const says = (text: string, more: Partial<IncomingPart> = {}): IncomingPart => ({
    ...{ gatewayId: gateway, from: anna.slice(1), to: "72404", dataCoding: 0, text },
    ...{ data: Buffer.from(text), udh: new Uint8Array(0), concatenation: undefined, arrivalTimeMs: startMs },
    ...more,
  });
  const hear = async (text: string, more: Partial<IncomingPart> = {}) =>
    (await test.store.recordIncoming([says(text, more)]))[0]?.optedOut;
  const approve = async (accountId: typeof shop, sender = "72404", isShared = true) => {
    await test.store.requestSender(act, accountId, { sender, purpose: "", regionCodes: [] });
    await test.store.reviewSender(act, accountId, sender, { state: "APPROVED", reason: "", isShared });
  };
  const list = async (accountId: typeof shop) =>
    (await test.store.listSuppressions(accountId, undefined, undefined, startMs, 10)).map(
      ({ recipient, source }) => `${recipient} ${source}`,
    );
  const change = (upserted: readonly Upserted[], removed: readonly E164[] = []) =>
    test.store.changeSuppressions(act, shop, { upserted, removed });

  it("are suppressed for each account with the number, and freed again, of what they said alone", async () => {
    for (const accountId of [shop, bank]) await approve(accountId);
    expect((await hear("Stop."))?.toSorted()).toEqual([bank, shop]);
    expect(await hear("STOP"), "again").toBeUndefined();
    await test.restart();
    for (const accountId of [shop, bank]) expect(await list(accountId)).toEqual([`${anna} HANDSET`]);
    expect(await change([always(anna), always(bert)])).toBe(2);
    expect(await list(shop)).toEqual([`${anna} CALL`, `${anna} HANDSET`, `${bert} CALL`]);
    expect(await hear("start")).toBeUndefined();
    expect(await list(shop)).toEqual([`${anna} CALL`, `${bert} CALL`]);
    expect(await list(bank)).toEqual([]);
    await hear("UNSTOP", { from: bert.slice(1) });
    expect(await list(shop), "by a call").toEqual([`${anna} CALL`, `${bert} CALL`]);
    await hear("QUIT");
    expect(await change([], [anna]), "both go").toBe(1);
    expect(await list(shop)).toEqual([`${bert} CALL`]);
    expect(await test.store.changeSuppressions(act, bank, { upserted: [], removed: [] })).toBe(1);
  });

  it("are heard by the number that they wrote to, as it was approved, and by nobody else", async () => {
    await approve(shop, "46700000099");
    await test.store.requestSender(act, bank, { sender: "72404", purpose: "", regionCodes: [] });
    for (const to of ["72404", "46700000098"]) expect(await hear("STOP", { to })).toBeUndefined();
    expect(await hear("STOP", { to: "+46700000099", from: "0701" })).toBeUndefined();
    expect(await hear("STOP", { to: "+46700000099", isFromNational: true })).toBeUndefined();
    expect(await hear("please stop", { to: "46700000099" })).toBeUndefined();
    const concatenation = { reference: 9, total: 2, sequence: 1 };
    expect(await hear("STOP", { to: "46700000099", concatenation })).toBeUndefined();
    expect(await list(shop)).toEqual([]);
    expect(await hear("STOP", { to: "+46700000099" })).toEqual([shop]);
  });

  it("opt out by the account's own words", async () => {
    await approve(shop);
    const policy = '{"optOutWords":{"allowed":["NEJ"]}}';
    await test.store.updateAccount(act, shop, { policy }, undefined, true);
    expect(await hear("STOP")).toBeUndefined();
    expect(await hear("Nej!")).toEqual([shop]);
  });

  it("stand in the audit log, and share a commit with an operator's acts", async () => {
    await approve(shop);
    const [, stored] = await Promise.all([
      test.store.createKey(act, key),
      test.store.recordIncoming([says("STOP"), says("hello"), says("STOP", { from: bert.slice(1) })]),
      change([always(number(3))]),
      test.store.noteKeyUse(["none"], startMs),
    ]);
    expect(stored.map(({ optedOut }) => optedOut)).toEqual([[shop], undefined, [shop]]);
    expect(await list(shop)).toEqual([`${anna} HANDSET`, `${bert} HANDSET`, `${number(3)} CALL`]);
    const everything = { before: 99, limit: 99, keyId: "", subject: "shop" };
    const entries = await test.store.listAudit(everything);
    expect(entries.filter(({ method }) => method === "deliver_sm")).toMatchObject([
      {
        actor: "handset",
        peer: gateway,
        subjectKind: "ACCOUNT",
        request: `{"recipient":"${bert}","word":"STOP"}`,
      },
      {
        actor: "handset",
        peer: gateway,
        subjectKind: "ACCOUNT",
        request: `{"recipient":"${anna}","word":"STOP"}`,
      },
    ]);
    const numbers = entries.map(({ number: one }) => one);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describeStore("suppressed numbers that every send asks for", (test) => {
  const change = (upserted: readonly Upserted[], accountId = shop) =>
    test.store.changeSuppressions(act, accountId, { upserted, removed: [] });

  /** A process on the store: it looks as the background does. */
  async function follow(store: typeof test.store) {
    let asked = 0;
    const counted = {
      suppressionsAfter: store.suppressionsAfter,
      findSuppressions: (...input: Parameters<typeof store.findSuppressions>) => {
        asked += 1;
        return store.findSuppressions(...input);
      },
    };
    const lists = createSuppressionLists({ store: counted });
    const changes = createChanges({ store, clock: test.clock });
    followSuppressions(lists, changes);
    const look = async () => {
      test.clock.advance(lookEveryMs);
      await changes.look();
    };
    await look();
    await expect.poll(() => lists.isWhole).toBe(true);
    const find = async (accountId: typeof shop, recipients: readonly E164[]) => [
      ...((await lists.find(accountId, recipients, startMs))?.keys() ?? []),
    ];
    return { lists, look, find, asked: () => asked };
  }

  it("are known elsewhere by the second look, and cost accounts without a list nothing", async () => {
    const there = await follow(await test.openElsewhere());
    expect(there.lists.find(shop, [anna, bert], startMs), "at once").toBeUndefined();
    await change([always(anna)]);
    await there.look();
    await there.look();
    expect(await there.find(shop, [anna, bert])).toEqual([anna]);
    expect(there.lists.find(shop, [bert], startMs), "no list has it").toBeUndefined();
    expect(there.lists.find(bank, [anna, bert], startMs), "no list").toBeUndefined();
    expect(there.asked()).toBe(1);
    await change([always(bert)], everybodysList);
    await there.look();
    await there.look();
    expect(await there.find(bank, [anna, bert, bert])).toEqual([bert]);
    await test.store.changeSuppressions(act, shop, { upserted: [], removed: [anna] });
    expect(await there.find(shop, [anna]), "removed").toEqual([]);
  });

  it("are all known after a start, and by the store's word before all are read", async () => {
    const all = Array.from({ length: 2_500 }, (_, index) => number(index));
    for (let from = 0; from < all.length; from += 500) await change(all.slice(from, from + 500).map(always));
    await test.restart();
    const lists = createSuppressionLists({ store: test.store });
    const asked = await lists.find(shop, [anna, number(9_999)], startMs);
    expect([...(asked?.keys() ?? [])], "before").toEqual([anna]);
    const { find } = await follow(test.store);
    expect(await find(shop, all.slice(2_000))).toEqual(all.slice(2_000));
    expect(await find(shop, [number(9_999)])).toEqual([]);
  });

  it("are read again where the first reading failed, and what is written meanwhile is not missed", async () => {
    await change([always(anna)]);
    let fails = true;
    const lists = createSuppressionLists({
      store: {
        findSuppressions: test.store.findSuppressions,
        async suppressionsAfter(...input) {
          if (fails) throw new Error("away");
          const found = await test.store.suppressionsAfter(...input);
          // Written after this page was read, and noticed by a look before the reading ends.
          if (found.length > 0 && found[0]?.recipient === anna) {
            await change([always(bert)]);
            await lists.readOn();
          }
          return found;
        },
      },
    });
    await lists.readOn();
    fails = false;
    await expect
      .poll(async () => {
        await lists.readOn();
        return lists.isWhole;
      })
      .toBe(true);
    expect([...((await lists.find(shop, [anna, bert], startMs))?.keys() ?? [])].toSorted()).toEqual([
      anna,
      bert,
    ]);
  });
});
