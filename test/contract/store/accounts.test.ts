import { expect, it } from "vitest";
import { createStandings, type StandingsDeps } from "../../../src/app/accounts/standings.ts";
import { type ChangesDeps, createChanges } from "../../../src/app/changes.ts";
import { lookEveryMs } from "../../../src/app/followed.ts";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import { judgeCall, judgeRecipient } from "../../../src/policy/order.ts";
import { compileSenderTable, noSenderTable } from "../../../src/policy/sender-table.ts";
import type { ApiKey } from "../../../src/store/records/api-keys.ts";
import { actAt, caller } from "../../support/acts.ts";
import { type account, dayMs, gateway, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const ops = toAccountId("ops");
const act = (subject: string, timeMs = startMs) => actAt(timeMs, subject);
/** With what they follow, which each process has once. */
function follow(
  store: StandingsDeps["store"] & ChangesDeps["store"],
  clock: ChangesDeps["clock"],
  senderTable = noSenderTable,
) {
  const changes = createChanges({ store, clock });
  return { ...createStandings({ store, changes, senderTable }), look: () => changes.look() };
}

const everything = {
  before: Number.MAX_SAFE_INTEGER,
  limit: 100,
  keyId: "",
  subjectKind: "" as const,
  subject: "",
};
const key: ApiKey = {
  id: "k1",
  accountId: shop,
  scopes: ["SEND", "READ", "MANAGE"],
  name: "till",
  hash: "ab".repeat(32),
  createTimeMs: startMs,
  revokeTimeMs: undefined,
  expireTimeMs: undefined,
  useTimeMs: undefined,
};

describeStore("accounts and the audit log", (test) => {
  it("keeps accounts over a restart, each id once, and lists them by id", async () => {
    const wanted = { id: shop, displayName: "The shop", policy: "{}" };
    const made = { ...wanted, state: "ACTIVE", revision: 1, createTimeMs: startMs };
    expect(await test.store.createAccount(act("shop"), wanted, false)).toEqual(made);
    await expect(test.store.createAccount(act("shop"), wanted, false)).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    await test.store.createAccount(act("crm"), { ...wanted, id: toAccountId("crm") }, false);
    await test.restart();
    expect(await test.store.readAccount(shop)).toEqual(made);
    expect((await test.store.listAccounts("", 10)).map(({ id }) => id)).toEqual(["crm", "shop"]);
    expect((await test.store.listAccounts("crm", 10)).map(({ id }) => id)).toEqual(["shop"]);
  });

  it("knows accounts by their row, their key, or the configuration, and refuses to change others", async () => {
    const { store } = test;
    const rename = (id: string, isConfigured: boolean) =>
      store.updateAccount(act(id), toAccountId(id), { displayName: "x" }, undefined, isConfigured);
    await expect(rename("nobody", false)).rejects.toMatchObject({ code: "UNKNOWN_ACCOUNT" });
    expect(await rename("infile", true)).toMatchObject({ displayName: "x", revision: 2 });
    await test.plant("api_keys", {
      ...{ id: "old", account_id: "haskey", role: "ACCOUNT", name: "", hash: "", create_time: 1 },
    });
    expect(await store.findAccount(toAccountId("haskey"))).toEqual({ account: undefined, hasKey: true });
    expect(await rename("haskey", false)).toMatchObject({ displayName: "x" });
    const wanted = { id: toAccountId("infile2"), displayName: "", policy: "{}" };
    await expect(store.createAccount(act(""), wanted, true)).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
  });

  it("makes the row of an account with its first key", async () => {
    await test.store.createKey(act("k1"), key);
    expect(await test.store.readAccount(shop)).toMatchObject({ state: "ACTIVE", revision: 1 });
  });

  it("changes what is at the revision that was meant, and refuses what was changed in between", async () => {
    const { store } = test;
    await store.createKey(act("k1"), key);
    const update = (displayName: string, revision?: number) =>
      store.updateAccount(act("shop"), shop, { displayName }, revision, false);
    expect(await update("one", 1)).toMatchObject({ displayName: "one", revision: 2 });
    await expect(update("two", 1)).rejects.toMatchObject({
      code: "STALE_REVISION",
      details: { metadata: { revision: "2" } },
    });
    await expect(update("two", 0)).rejects.toMatchObject({ code: "STALE_REVISION" });
    expect(await update("two")).toMatchObject({ displayName: "two", revision: 3 });
    expect(await update("two", 3), "nothing changes").toMatchObject({ revision: 3 });
    expect(await update("two", 2), "repeated, since its answer was lost").toMatchObject({ revision: 3 });
    expect(await store.listAudit(everything)).toHaveLength(3);
  });

  it("refuses the second of two operators who both saw that nothing of an account was ever set", async () => {
    const update = (displayName: string) =>
      test.store.updateAccount(act("infile"), toAccountId("infile"), { displayName }, 0, true);
    expect(await update("one")).toMatchObject({ displayName: "one", revision: 2 });
    await expect(update("two")).rejects.toMatchObject({
      code: "STALE_REVISION",
      details: { metadata: { revision: "2" } },
    });
    const [entry] = await test.store.listAudit(everything);
    expect(JSON.parse(entry?.before ?? "")).toMatchObject({ accountId: "infile", revision: "0" });
  });

  it("leaves an account suspended of which then only the sending is disabled", async () => {
    const set = (state: "ACTIVE" | "SENDING_DISABLED" | "SUSPENDED") =>
      test.store.setAccountState(act("shop"), shop, state, true);
    expect(await set("SENDING_DISABLED")).toMatchObject({ state: "SENDING_DISABLED", revision: 2 });
    const suspended = await set("SUSPENDED");
    expect(suspended).toMatchObject({ state: "SUSPENDED", revision: 3 });
    expect(await set("SENDING_DISABLED")).toEqual(suspended);
    await set("ACTIVE");
    expect(await set("SENDING_DISABLED")).toMatchObject({ state: "SENDING_DISABLED" });
  });

  it("gives each act a number, with who, what and what stood there before, and none to what changes nothing", async () => {
    const { store } = test;
    await store.createKey(act("k1"), key);
    await store.createKey(act("k1"), key);
    await store.setPaused(act("alpha"), gateway, { reason: "works", timeMs: startMs });
    await store.setPaused(act("alpha", startMs + 1), gateway, undefined);
    await store.revokeKey(act("k1"), "k1", []);
    await store.revokeKey(act("k1"), "k1", []);
    await store.noteAct({ ...act(""), method: "smsrelay.v1.MaintenanceService/DownloadBackup" });
    await test.restart();
    const entries = await test.store.listAudit(everything);
    expect(entries.map(({ number, subject }) => [number, subject])).toEqual([
      [5, ""],
      [4, "k1"],
      [3, "alpha"],
      [2, "alpha"],
      [1, "k1"],
    ]);
    const { keyId, actor, peer, method, request } = caller;
    expect(entries[2]).toEqual({
      ...{
        number: 3,
        timeMs: startMs + 1,
        subjectKind: "GATEWAY",
        subject: "alpha",
        keyId,
        actor,
        peer,
        method,
        request,
      },
      before: JSON.stringify({ reason: "works", pauseTime: new Date(startMs).toISOString() }),
    });
    expect(JSON.parse(entries[1]?.before ?? "")).toMatchObject({ keyId: "k1", accountId: "shop" });
    expect(JSON.stringify(entries), "no hash").not.toContain(key.hash);
  });

  it("lists acts by key and subject, from any number down", async () => {
    const { store } = test;
    for (const [keyId, subject] of [
      ["a", "x"],
      ["b", "x"],
      ["a", "y"],
      ["a", "x"],
    ] as const)
      await store.noteAct({ ...act(subject), keyId });
    const numbers = async (filter: Partial<typeof everything>) =>
      (await store.listAudit({ ...everything, ...filter })).map(({ number }) => number);
    expect(await numbers({ keyId: "a" })).toEqual([4, 3, 1]);
    expect(await numbers({ subject: "x" })).toEqual([4, 2, 1]);
    expect(await numbers({ keyId: "a", subject: "x" })).toEqual([4, 1]);
    expect(await numbers({ keyId: "a", before: 4, limit: 1 })).toEqual([3]);
  });

  it("counts acts on where all of them are gone by their age", async () => {
    const { store } = test;
    await store.noteAct(act(""));
    const retention = {
      ...{
        bodiesMs: dayMs,
        reportsMs: dayMs,
        messagesMs: dayMs,
        requestIdsMs: dayMs,
        parkedReceiptsMs: dayMs,
      },
      ...{ referencesMs: dayMs, smscIdsMs: dayMs, auditMs: 3 * dayMs },
    };
    await store.clean(startMs + 2 * dayMs, retention, 500);
    expect(await store.listAudit(everything)).toHaveLength(1);
    await store.clean(startMs + 4 * dayMs, retention, 500);
    expect(await store.listAudit(everything)).toEqual([]);
    await store.noteAct(act(""));
    expect(await store.listAudit(everything)).toMatchObject([{ number: 2 }]);
  });

  it("leaves no gap and skips none where many administer at once", async () => {
    const stores = [test.store, await test.openElsewhere(), await test.openElsewhere()];
    const reader = await test.openElsewhere();
    const seen: string[] = [];
    let after = 0;
    const read = async () => {
      for (const { id, seq } of await reader.changesAfter(after, 500)) {
        seen.push(id);
        after = seq;
      }
    };
    const ids = Array.from({ length: 30 }, (_, index) => `account-${String(index).padStart(2, "0")}`);
    const made = ids.map(async (id, index) => {
      const wanted = { id: toAccountId(id), displayName: "", policy: "{}" };
      await stores[index % stores.length]?.createAccount(act(id), wanted, false);
    });
    let isMade = false;
    const allMade = Promise.all(made).finally(() => {
      isMade = true;
    });
    // One read after the other, as a replica looks: what is committed under a number that it has passed is lost to it.
    while (!isMade) await read();
    await allMade;
    await read();
    expect(seen.toSorted(), "each once").toEqual(ids);
    const numbers = (await test.store.listAudit(everything)).map(({ number }) => number);
    expect(numbers.toReversed()).toEqual(ids.map((_, index) => index + 1));
    expect(await test.store.lastChange()).toBe(ids.length);
  });

  it("suspends, reinstates, and keeps one of two operators who suspend each other", async () => {
    const { store } = test;
    const elsewhere = await test.openElsewhere();
    const suspend = (at: typeof store, by: string, id: string) =>
      at.setAccountState({ ...act(id), accountId: toAccountId(by) }, toAccountId(id), "SUSPENDED", true);
    const ends = await Promise.allSettled([suspend(store, "ops", "boss"), suspend(elsewhere, "boss", "ops")]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(ends.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "INVALID_ACCOUNT" },
    });
    const away = toAccountId((await store.readAccount(ops))?.state === "SUSPENDED" ? "ops" : "boss");
    const by = away === "ops" ? "boss" : "ops";
    const back = { ...act(away), accountId: toAccountId(by) };
    expect(await store.setAccountState(back, away, "ACTIVE", true)).toMatchObject({ state: "ACTIVE" });
  });

  it("counts no key of a suspended account among those of operators, and lets nobody act with a revoked one", async () => {
    const { store } = test;
    const admin = (id: string, accountId: string) =>
      store.createKey(act(id), { ...key, id, accountId: toAccountId(accountId), scopes: ["ADMIN"] });
    await admin("ops-key", "ops");
    await admin("boss-key", "boss");
    await store.setAccountState(act("boss"), toAccountId("boss"), "SUSPENDED", false);
    const revoke = (id: string, besides: Parameters<typeof store.revokeKey>[2]) =>
      store.revokeKey(act(id), id, besides);
    expect(await revoke("ops-key", [])).toBe("last_operator");
    expect(await revoke("ops-key", [toAccountId("boss")]), "suspended, too").toBe("last_operator");
    expect(await revoke("ops-key", [toAccountId("boss"), toAccountId("infile")])).toBe("revoked");
    await expect(store.setAccountState(act("x"), shop, "SUSPENDED", true)).rejects.toMatchObject({
      code: "INVALID_CREDENTIALS",
    });
  });
});

describeStore("an operator who was suspended, or whose key was revoked, elsewhere a moment ago", (test) => {
  it("does nothing more, whatever it is, and no entry tells of it", async () => {
    const { store } = test;
    const elsewhere = await test.openElsewhere();
    const wanted = { id: toAccountId("new"), displayName: "", policy: "{}" };
    const identity = { issuer: "https://id", value: "till", accountId: shop, scopes: ["SEND"] } as const;
    await store.createKey(act("k1"), key);
    await store.createKey(act("gone"), { ...key, id: "gone", accountId: ops, scopes: ["ADMIN"] });
    await store.setIdentity(act("till"), identity, false);
    const everyAct = (by: Partial<ReturnType<typeof act>>) => {
      const asked = { ...act(""), ...by };
      return {
        createAccount: () => store.createAccount(asked, wanted, false),
        updateAccount: () => store.updateAccount(asked, shop, { displayName: "x" }, undefined, false),
        setAccountState: () => store.setAccountState(asked, shop, "SUSPENDED", false),
        createKey: () => store.createKey(asked, { ...key, id: "outlives" }),
        revokeKey: () => store.revokeKey(asked, "k1", "any"),
        setPaused: () => store.setPaused(asked, gateway, { reason: "", timeMs: startMs }),
        setIdentity: () => store.setIdentity(asked, { ...identity, value: "two" }, false),
        removeIdentity: () => store.removeIdentity(asked, identity.issuer, identity.value),
        noteAct: () => store.noteAct(asked),
      };
    };
    await elsewhere.setAccountState(act("boss"), toAccountId("boss"), "SUSPENDED", true);
    await elsewhere.revokeKey(act("gone"), "gone", "any");
    const before = await store.listAudit(everything);
    for (const [by, code] of [
      [{ accountId: toAccountId("boss") }, "INVALID_ACCOUNT"],
      [{ keyId: "gone" }, "INVALID_CREDENTIALS"],
    ] as const) {
      for (const [name, call] of Object.entries(everyAct(by)))
        await expect(call(), name).rejects.toMatchObject({ code });
    }
    expect(await store.listAudit(everything)).toEqual(before);
    expect((await store.listKeys(undefined, 100, undefined)).map(({ id }) => id)).not.toContain("outlives");
    expect(await store.pausedGateways()).toEqual([]);
    expect(await store.listIdentities(undefined, 100, undefined)).toEqual([identity]);
  });
});

describeStore("accounts that every call asks for", (test) => {
  const suspend = (state: "SUSPENDED" | "ACTIVE") =>
    test.store.setAccountState(act("shop"), shop, state, true);

  it("are asked for once, and known as suspended elsewhere at the second look", async () => {
    const { clock } = test;
    const here = follow(test.store, clock);
    const there = follow(await test.openElsewhere(), clock);
    for (const standings of [here, there]) {
      expect(await standings.of(shop)).toMatchObject({ state: "ACTIVE" });
      expect(standings.of(shop), "from memory").toMatchObject({ state: "ACTIVE" });
    }
    here.change(await suspend("SUSPENDED"));
    expect(await here.of(shop)).toMatchObject({ state: "SUSPENDED" });
    for (let looks = 0; looks < 2; looks += 1) {
      clock.advance(lookEveryMs);
      await there.look();
    }
    expect(await there.of(shop)).toMatchObject({ state: "SUSPENDED" });
    here.change(await suspend("ACTIVE"));
    clock.advance(lookEveryMs);
    await there.look();
    expect(await there.of(shop)).toMatchObject({ state: "ACTIVE" });
  });

  it("bring their approved senders along, where only those may be used, and follow them too", async () => {
    const { store, clock } = test;
    const there = follow(await test.openElsewhere(), clock);
    const policy = '{"registeredSendersOnly":true}';
    await store.updateAccount(act("shop"), shop, { policy }, undefined, true);
    await store.requestSender(act("shop"), shop, { sender: "ACME", purpose: "", regionCodes: [] });
    const isTaken = async () => {
      clock.advance(lookEveryMs);
      await there.look();
      const { rules } = await there.of(shop);
      if (rules === undefined) throw new Error("the account has no rules");
      const facts = {
        ...{
          sender: "ACME",
          recipientCount: 1,
          premium: false,
          isText: true,
          lane: undefined,
          needsSegments: () => false,
        },
        contentCategory: "INFORMATIONAL",
      } as const;
      return judgeCall(rules, facts) === undefined;
    };
    expect(await isTaken()).toBe(false);
    const review = { state: "APPROVED", reason: "", isShared: false } as const;
    await store.reviewSender(act("shop"), shop, "ACME", review);
    expect(await isTaken()).toBe(true);
    await store.deleteSender(act("shop"), shop, "ACME");
    expect(await isTaken()).toBe(false);
  });

  it("are judged by the operators' table, and by another one as soon as it is read again", async () => {
    const { store, clock } = test;
    const senderTable = compileSenderTable([
      { countries: ["NL"], kinds: ["ALPHANUMERIC"], registered: true },
    ]);
    const standings = follow(store, clock, senderTable);
    const ruleOf = async () => {
      const { rules } = await standings.of(shop);
      const judged = { number: "+31612345678" as E164, country: "NL", knownCountry: "NL", nowMs: startMs };
      const sender = { kind: "ALPHANUMERIC", address: "ACME" } as const;
      const told = { contentCategory: "INFORMATIONAL", lane: "NORMAL", suppressions: [] } as const;
      return rules && judgeRecipient(rules, { ...judged, ...told, sender })?.rule;
    };
    expect(await ruleOf(), "without a policy").toBe("SENDER_COUNTRY");
    await store.requestSender(act("shop"), shop, { sender: "ACME", purpose: "", regionCodes: [] });
    await store.reviewSender(act("shop"), shop, "ACME", { state: "APPROVED", reason: "", isShared: false });
    standings.change({ id: shop });
    expect(await ruleOf()).toBeUndefined();
    standings.replaceSenderTable(
      compileSenderTable([{ countries: ["NL"], kinds: ["SHORT_CODE"], registered: false }]),
    );
    expect(await ruleOf()).toBe("SENDER_COUNTRY");
    standings.replaceSenderTable(noSenderTable);
    expect((await standings.of(shop)).rules, "no rule more than before").toBeUndefined();
  });

  it("are not taken as a read brings them that a change has overtaken", async () => {
    const { store, clock } = test;
    let hold: Promise<void> | undefined;
    const slow = {
      line: store.line,
      lastChange: () => store.lastChange(),
      changesAfter: (seq: number, limit: number) => store.changesAfter(seq, limit),
      hasOlderReader: (version: number) => store.hasOlderReader(version),
      approvedSenders: (id: typeof account) => store.approvedSenders(id),
      sessions: store.sessions,
      async readAccount(id: typeof account) {
        const found = await store.readAccount(id);
        await hold;
        return found;
      },
    };
    const standings = follow(slow, clock);
    await standings.look();
    const held = Promise.withResolvers<void>();
    hold = held.promise;
    const asked = standings.of(shop);
    await suspend("SUSPENDED");
    await standings.look();
    hold = undefined;
    held.resolve();
    expect(await asked).toMatchObject({ state: "SUSPENDED" });
  });

  // A standby takes over without the last acts, and gives their numbers to others.
  const lost = 3;
  it.each([
    { title: "counts fewer acts than were seen", acts: 0, lineAfter: "line" },
    { title: "is in another line, whose acts are as many again", acts: lost + 2, lineAfter: "another line" },
  ])("are all read again where the store $title", async ({ acts, lineAfter }) => {
    const { store, clock } = test;
    let isLost = false;
    const failing = {
      get line() {
        return { id: isLost ? lineAfter : "line" };
      },
      lastChange: async () => (await store.lastChange()) + (isLost ? 0 : lost),
      changesAfter: (seq: number, limit: number) => store.changesAfter(seq, limit),
      hasOlderReader: (version: number) => store.hasOlderReader(version),
      readAccount: (id: typeof account) => store.readAccount(id),
      approvedSenders: (id: typeof account) => store.approvedSenders(id),
      sessions: store.sessions,
    };
    const standings = follow(failing, clock);
    await standings.look();
    expect(await standings.of(shop)).toMatchObject({ state: "ACTIVE" });
    isLost = true;
    await suspend("SUSPENDED");
    for (let made = 0; made < acts; made += 1) await store.noteAct(act(""));
    clock.advance(lookEveryMs);
    await standings.look();
    expect(await standings.of(shop)).toMatchObject({ state: "SUSPENDED" });
  });
});
