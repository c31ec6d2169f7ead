import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { Act } from "../../../src/store/records/audit.ts";
import type { Identity } from "../../../src/store/records/identities.ts";
import { account, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const till: Identity = {
  issuer: "https://id.example",
  value: "till",
  accountId: account,
  scopes: ["SEND", "READ", "MANAGE"],
};

const act: Act = {
  timeMs: startMs,
  keyId: "op",
  accountId: undefined,
  actor: "",
  peer: "127.0.0.1:1",
  method: "smsrelay.v1.AdminService/SetIdentity",
  subject: "https://id.example till",
  request: "{}",
};

describeStore("identities", (test) => {
  const set = (identity: Identity, isConfigured = true) =>
    test.store.setIdentity(act, identity, isConfigured);

  it("are kept by issuer and value, set again, removed, and listed in that order", async () => {
    const others: readonly Identity[] = [
      { ...till, value: "Till", scopes: ["SEND"] },
      { ...till, issuer: "https://a.example", accountId: toAccountId("other"), scopes: ["ADMIN"] },
    ];
    for (const identity of [till, ...others]) expect(await set(identity)).toEqual(identity);
    await set({ ...till, scopes: ["READ"] });
    await test.restart();
    const [capital, a] = others;
    expect(await test.store.listIdentities(undefined, 100, undefined)).toEqual([
      a,
      capital,
      { ...till, scopes: ["READ"] },
    ]);
    expect(await test.store.removeIdentity(act, till.issuer, till.value)).toBe(true);
    expect(await test.store.removeIdentity(act, till.issuer, till.value)).toBe(false);
    expect(await test.store.listIdentities(undefined, 100, undefined)).toEqual([a, capital]);
  });

  it("stand in the audit log with what was there before, once for each that changed something", async () => {
    await set(till);
    await set(till);
    await set({ ...till, scopes: ["READ"] });
    await test.store.removeIdentity(act, till.issuer, till.value);
    await test.store.removeIdentity(act, till.issuer, till.value);
    const everything = {
      before: Number.MAX_SAFE_INTEGER,
      limit: 100,
      keyId: "",
      subject: "",
    };
    const entries = await test.store.listAudit(everything);
    expect(entries.map(({ before }) => (before === "" ? undefined : JSON.parse(before)))).toEqual([
      { ...till, scopes: ["READ"] },
      till,
      undefined,
    ]);
  });

  it("do nothing more as operators once they were taken away, or may do less, at another replica too", async () => {
    const issuer = "https://id.example";
    const operator = { issuer, value: "operator", accountId: account, scopes: ["ADMIN"] } as const;
    const byToken = { ...act, keyId: "", accountId: account, identity: { issuer, value: "operator" } };
    const there = await test.openElsewhere();
    await set(operator);
    expect(await there.setIdentity(byToken, till, true)).toEqual(till);
    for (const change of [
      () => set({ ...operator, scopes: ["SEND"] }),
      () => set({ ...operator, accountId: toAccountId("other") }),
      () => test.store.removeIdentity(act, issuer, "operator"),
    ]) {
      await change();
      await expect(there.setIdentity(byToken, operator, true)).rejects.toMatchObject({
        code: "INVALID_ACCOUNT",
      });
    }
  });

  it("act for accounts that somebody made", async () => {
    await expect(set(till, false)).rejects.toMatchObject({ code: "UNKNOWN_ACCOUNT" });
    expect(await test.store.listIdentities(undefined, 100, undefined)).toEqual([]);
  });
});
