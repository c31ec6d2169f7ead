import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import { actAt, caller } from "../../support/acts.ts";
import { startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const bank = toAccountId("bank");
const byItself = { ...actAt(startMs, "shop"), accountId: shop };
const byOperator = actAt(startMs, "shop");
const approval = { state: "APPROVED", reason: "", isShared: false } as const;
const everything = {
  before: Number.MAX_SAFE_INTEGER,
  limit: 100,
  keyId: "",
  subjectKind: "" as const,
  subject: "",
};

describeStore("senders", (test) => {
  const ask = (accountId: typeof shop, sender: string, purpose = "", regionCodes: readonly string[] = []) =>
    test.store.requestSender({ ...byItself, accountId }, accountId, { sender, purpose, regionCodes });
  const review = (accountId: typeof shop, sender: string, fields = {}) =>
    test.store.reviewSender(byOperator, accountId, sender, { ...approval, ...fields });

  it("are asked for, decided on, asked for again where they were rejected, and given up", async () => {
    const asked = await ask(shop, "ACME", "codes");
    expect(asked).toEqual({
      ...{ accountId: shop, sender: "ACME", state: "PENDING", isShared: false, regionCodes: [] },
      ...{ purpose: "codes", reason: "", createTimeMs: startMs },
    });
    expect(await test.store.approvedSenders(shop)).toEqual([]);
    const rejected = await review(shop, "ACME", { state: "REJECTED", reason: "a brand of others" });
    expect(rejected).toMatchObject({ state: "REJECTED", reason: "a brand of others" });
    expect(await ask(shop, "ACME", "ours")).toMatchObject({ state: "PENDING", purpose: "ours", reason: "" });
    await review(shop, "ACME");
    await test.restart();
    expect(await test.store.approvedSenders(shop)).toEqual([{ sender: "ACME", regionCodes: [] }]);
    expect(await ask(shop, "ACME", "other"), "stays").toMatchObject({ state: "APPROVED", purpose: "ours" });
    await test.store.deleteSender(byItself, shop, "ACME");
    expect(await test.store.approvedSenders(shop)).toEqual([]);
    for (const gone of [test.store.deleteSender(byItself, shop, "ACME"), review(shop, "ACME")])
      await expect(gone).rejects.toMatchObject({ code: "UNKNOWN_SENDER" });
  });

  it("are for the countries that they were asked for, and for others only once they are given up", async () => {
    expect(await ask(shop, "ACME", "", ["BE", "NL"])).toMatchObject({ regionCodes: ["BE", "NL"] });
    expect(await ask(shop, "ACME", "", ["NL"]), "pending").toMatchObject({ regionCodes: ["NL"] });
    await review(shop, "ACME");
    await test.restart();
    expect(await test.store.approvedSenders(shop)).toEqual([{ sender: "ACME", regionCodes: ["NL"] }]);
    expect(await ask(shop, "ACME", "", ["NL"])).toMatchObject({ state: "APPROVED" });
    for (const others of [["BE"], []])
      await expect(ask(shop, "ACME", "", others)).rejects.toMatchObject({ code: "NOT_CHANGEABLE" });
    await test.store.deleteSender(byOperator, shop, "ACME");
    const [entry] = await test.store.listAudit(everything);
    expect(JSON.parse(entry?.before ?? "")).toMatchObject({ regionCodes: ["NL"] });
    expect(await ask(shop, "ACME")).toMatchObject({ state: "PENDING", regionCodes: [] });
  });

  it("are listed by name, and of all accounts by account and name, from any one on", async () => {
    for (const sender of ["b", "a", "c"]) await ask(shop, sender);
    for (const sender of ["b", "d"]) await ask(bank, sender);
    const namesOf = async (after: string, limit: number) =>
      (await test.store.listSendersOf(shop, after, limit)).map(({ sender }) => sender);
    expect([await namesOf("", 2), await namesOf("b", 2)]).toEqual([["a", "b"], ["c"]]);
    const all = await test.store.listSenders({ accountId: bank, sender: "b" }, 3);
    expect(all.map(({ accountId, sender }) => `${accountId} ${sender}`)).toEqual([
      "bank d",
      "shop a",
      "shop b",
    ]);
  });

  it("belong to one account where people take them for the same, unless both are shared", async () => {
    await ask(shop, "Acme Inc");
    await ask(bank, "ACMEINC");
    await review(shop, "Acme Inc");
    const refused = { code: "NOT_CHANGEABLE", message: expect.stringContaining("shop") };
    await expect(review(bank, "ACMEINC")).rejects.toMatchObject(refused);
    await expect(review(bank, "ACMEINC", { isShared: true })).rejects.toMatchObject(refused);
    await review(shop, "Acme Inc", { isShared: true });
    await expect(review(bank, "ACMEINC")).rejects.toMatchObject(refused);
    expect(await review(bank, "ACMEINC", { isShared: true })).toMatchObject({ state: "APPROVED" });
    await ask(shop, "ACMEINC");
    await test.store.deleteSender(byOperator, bank, "ACMEINC");
    expect(await review(shop, "ACMEINC"), "its own are no others").toMatchObject({ state: "APPROVED" });
  });

  it("go to one of two operators who approve the same for two accounts at once", async () => {
    const elsewhere = await test.openElsewhere();
    await ask(shop, "ACME");
    await ask(bank, "acme");
    const ends = await Promise.allSettled([
      review(shop, "ACME"),
      elsewhere.reviewSender(byOperator, bank, "acme", approval),
    ]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("stand in the audit log where an operator acts, and as a change where an approved one goes", async () => {
    await ask(shop, "ACME");
    await ask(shop, "EMCA");
    await test.store.deleteSender(byItself, shop, "EMCA");
    expect(await test.store.listAudit(everything)).toEqual([]);
    await test.store.requestSender(byOperator, shop, { sender: "OTHER", purpose: "", regionCodes: [] });
    await review(shop, "ACME");
    await review(shop, "ACME");
    await test.store.deleteSender(byItself, shop, "ACME");
    const entries = await test.store.listAudit(everything);
    expect(entries.map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(JSON.parse(entries[0]?.before ?? "")).toEqual({ sender: "ACME", state: "SENDER_STATE_APPROVED" });
    expect(entries[1]).toMatchObject({ keyId: caller.keyId, subjectKind: "ACCOUNT", subject: "shop" });
    expect(await test.store.changesAfter(0, 10)).toEqual([{ kind: "account", id: "shop", seq: 3 }]);
  });
});
