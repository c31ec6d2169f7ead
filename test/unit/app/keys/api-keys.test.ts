import { createHash, createHmac, hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createChanges } from "../../../../src/app/changes.ts";
import { createApiKeys } from "../../../../src/app/keys/api-keys.ts";
import type { ConfiguredKey } from "../../../../src/app/keys/configured-keys.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { accountScopes, operatorScopes, type Scope } from "../../../../src/domain/scopes.ts";
import type { ApiKey, RevokeOutcome, RotateOutcome } from "../../../../src/store/records/api-keys.ts";
import type { Act } from "../../../../src/store/records/audit.ts";
import { caller } from "../../../support/acts.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";

/** A store of keys in memory, with the changes that it notes. */
function createKeyStore() {
  const rows = new Map<string, ApiKey>();
  const changed: { kind: string; id: string; seq: number }[] = [];
  const reads = { count: 0, ids: [] as string[], looks: 0, uses: [] as string[][] };
  const note = (id: string) => changed.push({ kind: "key", id, seq: changed.length + 1 });
  const store = {
    id: "store-1",
    line: { id: "line-1" },
    sessions: { replicaId: "this-one" as string | undefined },
    /** Whether a replica of a release runs that notes no changes of keys. */
    hasOlder: false,
    lastChange: async () => {
      reads.looks++;
      return changed.length;
    },
    changesAfter: async (seq: number, limit: number) => changed.slice(seq, seq + limit),
    hasOlderReader: async (_version: number) => store.hasOlder,
    createKey: async (_act: Act, key: ApiKey) =>
      !rows.has(key.id) && rows.set(key.id, key).size > 0 && note(key.id) > 0,
    findKeys: async (ids: readonly string[]) => {
      reads.count++;
      reads.ids.push(...ids);
      return ids.flatMap((id) => rows.get(id) ?? []);
    },
    listKeys: async () => [...rows.values()],
    hasLiveKey: async (wanted: "any" | "operator", nowMs: number) =>
      [...rows.values()].some(
        ({ scopes, revokeTimeMs, expireTimeMs = Number.POSITIVE_INFINITY }) =>
          (wanted === "any" || scopes.includes("ADMIN")) &&
          revokeTimeMs === undefined &&
          expireTimeMs > nowMs,
      ),
    rotateKey: async (_act: Act, id: string, key: ApiKey, expireTimeMs: number): Promise<RotateOutcome> => {
      const former = rows.get(id);
      if (former === undefined) return "unknown";
      rows.set(id, { ...former, expireTimeMs }).set(key.id, key);
      note(id);
      return "rotated";
    },
    noteKeyUse: async (ids: readonly string[], useTimeMs: number) => {
      reads.uses.push([...ids]);
      for (const id of ids) rows.set(id, { ...(rows.get(id) as ApiKey), useTimeMs });
    },
    revokeKey: async (
      { timeMs: revokeTimeMs }: Act,
      id: string,
      besides: readonly string[] | "any",
    ): Promise<RevokeOutcome> => {
      const live = [...rows.values()].filter((key) => key.revokeTimeMs === undefined);
      const operators = live.filter(({ scopes }) => scopes.includes("ADMIN"));
      if (besides.length === 0 && operators.length === 1 && operators[0]?.id === id) return "last_operator";
      const key = live.find((one) => one.id === id);
      if (key === undefined) return "unchanged";
      rows.set(id, { ...key, revokeTimeMs });
      note(id);
      return "revoked";
    },
  };
  return { store, rows, reads, note };
}

type KeyStore = ReturnType<typeof createKeyStore>["store"];

/** A process on it: `look` is what each does every half second. */
function startProcess(store: KeyStore, clock: FakeClock, configured: readonly ConfiguredKey[] = []) {
  const changes = createChanges({ store, clock });
  const keys = createApiKeys({ store, changes, configured, clock });
  const look = async () => {
    await changes.look();
    await keys.look();
  };
  return { ...keys, look };
}

function setUp(configured: readonly ConfiguredKey[] = []) {
  const clock = createFakeClock();
  const made = createKeyStore();
  return { ...made, clock, keys: startProcess(made.store, clock, configured) };
}

const keysIdOf = (key: string) => `cfg-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;

const request = { accountId: toAccountId("shop"), scopes: accountScopes, name: "till" } as const;

describe("createApiKeys", () => {
  it("makes keys of the published form and keeps only their hash", async () => {
    const { keys, rows } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    expect(secret).toMatch(/^smsr_[a-z2-7]{12}_[A-Za-z0-9_-]{43}$/);
    expect(secret).toContain(apiKey.id);
    expect(JSON.stringify([...rows.values()])).not.toContain(secret.slice(18));
    expect(apiKey.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("knows whose key it is", async () => {
    const { keys } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    expect(await keys.verify(secret)).toEqual({ keyId: apiKey.id, accountId: "shop", scopes: accountScopes });
  });

  it("refuses a wrong secret under a known id, and anything malformed", async () => {
    const { keys } = setUp();
    const { secret } = await keys.create(request, caller);
    const last = secret.at(-1) === "A" ? "Q" : "A";
    expect(await keys.verify(secret.slice(0, -1) + last)).toBeUndefined();
    expect(await keys.verify(`${secret} `)).toBeUndefined();
    expect(await keys.verify("")).toBeUndefined();
  });

  it("refuses a key made by another store", async () => {
    const { secret } = await setUp().keys.create(request, caller);
    expect(await setUp().keys.verify(secret)).toBeUndefined();
  });

  it("refuses a revoked key at once", async () => {
    const { keys } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    await keys.verify(secret);
    expect((await keys.revoke(apiKey.id, { force: false }, caller)).revokeTimeMs).toBeTypeOf("number");
    expect(await keys.verify(secret)).toBeUndefined();
    expect(await keys.hasAny()).toBe(false);
  });

  it("refuses a revoked key where it was read just before it was revoked, and the read comes back after the look", async () => {
    const { keys, store, clock } = setUp();
    const elsewhere = startProcess(store, clock);
    const { apiKey, secret } = await keys.create(request, caller);
    await elsewhere.look();
    const { findKeys } = store;
    const slow = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    store.findKeys = async (ids) => {
      const answer = await findKeys(ids);
      begun.resolve();
      await slow.promise;
      return answer;
    };
    const verified = elsewhere.verify(secret);
    await begun.promise;
    store.findKeys = findKeys;
    await keys.revoke(apiKey.id, { force: false }, caller);
    await elsewhere.look();
    slow.resolve();
    expect(await verified).toBeUndefined();
    expect(elsewhere.whyRefused(secret)).toMatchObject({ reason: "REVOKED" });
  });

  it("answers a revocation that is stored, and refuses the key at once, also where keys cannot be read any more", async () => {
    const { keys, store, rows } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    await keys.verify(secret);
    const { revokeKey } = store;
    store.revokeKey = async (...input) => {
      store.findKeys = () => Promise.reject(new SmsError("SERVICE_UNAVAILABLE"));
      return revokeKey(...input);
    };
    expect(await keys.revoke(apiKey.id, { force: false }, caller)).toEqual(rows.get(apiKey.id));
    expect(rows.get(apiKey.id)?.revokeTimeMs).toBeTypeOf("number");
    await expect(keys.verify(secret)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("revokes the last key of an operator only when that is insisted on", async () => {
    const { keys } = setUp();
    const make = (scopes: readonly Scope[]) =>
      keys.create({ accountId: toAccountId("a"), scopes, name: "" }, caller);
    await make(accountScopes);
    const first = await make(operatorScopes);
    const second = await make(operatorScopes);
    await keys.revoke(first.apiKey.id, { force: false }, caller);
    await keys.revoke(first.apiKey.id, { force: false }, caller);
    await expect(keys.revoke(second.apiKey.id, { force: false }, caller)).rejects.toMatchObject({
      code: "NOT_CHANGEABLE",
    });
    expect(await keys.verify(second.secret)).toBeDefined();
    expect((await keys.revoke(second.apiKey.id, { force: true }, caller)).revokeTimeMs).toBeTypeOf("number");
  });

  it("tells whose an id is, also of a key that another process made a moment ago, by ten reads a second at most", async () => {
    const { keys, clock, rows, reads } = setUp([
      { accountId: "ops", scopes: operatorScopes, key: "p".repeat(32) },
    ]);
    const ofFile = `cfg-${hash("sha256", "p".repeat(32)).slice(0, 12)}`;
    expect(keys.holderOf(ofFile), "without a read").toMatchObject({ accountId: "ops", keyId: ofFile });
    const { apiKey } = await keys.create(request, caller);
    const held = { keyId: apiKey.id, accountId: "shop", scopes: accountScopes };
    expect(await keys.holderOf(apiKey.id)).toEqual(held);
    expect(await keys.holderOf("unknown")).toBeUndefined();
    rows.set("elsewhere", { ...apiKey, id: "elsewhere" });
    const asked = [
      keys.holderOf("elsewhere"),
      ...Array.from({ length: 50 }, (_, at) => keys.holderOf(`no-${at}`)),
    ];
    const before = reads.count;
    clock.advance(100);
    expect((await Promise.all(asked))[0]).toEqual({ ...held, keyId: "elsewhere" });
    expect(reads.count).toBe(before + 1);
    await keys.revoke("elsewhere", { force: true }, caller);
    expect(keys.holderOf("elsewhere")).toBeUndefined();
    const ending = await keys.create({ ...request, expireTimeMs: clock.now() + 500 }, caller);
    expect(await keys.holderOf(ending.apiKey.id)).toMatchObject({ keyId: ending.apiKey.id });
    clock.advance(500);
    expect(keys.holderOf(ending.apiKey.id)).toBeUndefined();
  });

  it("says so when no key has the id to revoke, or one of the configuration", async () => {
    const { keys } = setUp([{ accountId: "shop", scopes: accountScopes, key: "p".repeat(32) }]);
    const configuredId = keysIdOf("p".repeat(32));
    for (const force of [false, true]) {
      const revoke = (id: string) => keys.revoke(id, { force }, caller);
      await expect(revoke("nobody")).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
      await expect(revoke(configuredId)).rejects.toMatchObject({ code: "NOT_CHANGEABLE" });
      await expect(revoke("cfg-000000000000")).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
    }
  });

  it("makes a key under the caller's id once, so that asking again after a lost answer makes no second one", async () => {
    const { keys, rows } = setUp();
    const { apiKey, secret } = await keys.create({ ...request, keyId: "till-3" }, caller);
    expect(apiKey.id).toBe("till-3");
    expect(secret).toMatch(/^smsr_till-3_[A-Za-z0-9_-]{43}$/);
    expect(await keys.verify(secret)).toMatchObject({ keyId: "till-3", accountId: "shop" });
    const again = () => keys.create({ ...request, keyId: "till-3" }, caller);
    await expect(again()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await keys.revoke("till-3", { force: false }, caller);
    await expect(again()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect(rows.size).toBe(1);
  });

  it("never lets a narrower key be a whole one: not at a release that knows roles only, nor by other scopes in the store", async () => {
    const { keys, rows, store } = setUp();
    /** What a release that knows roles only wants to find in the row. */
    const hashOfBefore = (secret: string) => createHmac("sha256", store.id).update(secret).digest("hex");
    for (const scopes of [accountScopes, operatorScopes]) {
      const whole = await keys.create({ ...request, scopes }, caller);
      expect(whole.apiKey.hash).toBe(hashOfBefore(whole.secret));
    }
    const { apiKey, secret } = await keys.create({ ...request, scopes: ["READ"] }, caller);
    expect(await keys.verify(secret)).toMatchObject({ scopes: ["READ"] });
    expect(apiKey.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(apiKey.hash).not.toBe(hashOfBefore(secret));
    for (const scopes of [["SEND", "READ"], accountScopes, operatorScopes] as const) {
      rows.set(apiKey.id, { ...apiKey, scopes });
      const after = startProcess(store, createFakeClock());
      expect(await after.verify(secret)).toBeUndefined();
    }
  });

  it("takes a key until it ends, to the moment, and says in the log why not", async () => {
    const { keys, clock } = setUp();
    const expireTimeMs = clock.now() + 60_000;
    const { apiKey, secret } = await keys.create({ ...request, expireTimeMs }, caller);
    await keys.look();
    clock.advance(59_999);
    await keys.look();
    expect(await keys.verify(secret)).toMatchObject({ keyId: apiKey.id });
    expect(await keys.holderOf(apiKey.id)).toMatchObject({ accountId: "shop" });
    expect(await keys.hasAny()).toBe(true);
    clock.advance(1);
    expect(await keys.verify(secret)).toBeUndefined();
    expect(await keys.holderOf(apiKey.id)).toBeUndefined();
    expect(await keys.hasAny()).toBe(false);
    expect(keys.whyRefused(secret)).toMatchObject({ reason: "EXPIRED", keyId: apiKey.id });
  });

  it("lets a rotated key go on for as long as was said, here and at a replica that looks, and no key of the configuration be rotated", async () => {
    const { keys, clock, store } = setUp([{ accountId: "ops", scopes: operatorScopes, key: "p".repeat(32) }]);
    const elsewhere = startProcess(store, clock);
    const first = await keys.create({ ...request, scopes: ["READ"] }, caller);
    await elsewhere.look();
    const second = await keys.rotate({ keyId: first.apiKey.id, overlapMs: 5_000 }, caller);
    expect(second.apiKey).toMatchObject({ accountId: "shop", scopes: ["READ"], name: "till" });
    await elsewhere.look();
    clock.advance(4_999);
    await elsewhere.look();
    for (const replica of [keys, elsewhere]) {
      const found = await Promise.all([first, second].map(({ secret }) => replica.verify(secret)));
      expect(found).toMatchObject([{ scopes: ["READ"] }, { scopes: ["READ"] }]);
    }
    clock.advance(1);
    for (const replica of [keys, elsewhere]) {
      expect(await replica.verify(first.secret)).toBeUndefined();
      expect(await replica.verify(second.secret)).toMatchObject({ scopes: ["READ"] });
    }
    const configured = keys.rotate({ keyId: keysIdOf("p".repeat(32)), overlapMs: 0 }, caller);
    await expect(configured).rejects.toMatchObject({ code: "NOT_CHANGEABLE" });
  });

  it("notes the hour in which a key was used, once, without a call that waits", async () => {
    const { keys, reads, rows, clock } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    await keys.look();
    expect(reads.uses).toEqual([]);
    const [head = "", tail = ""] = [secret.slice(0, -1), secret.at(-1) === "A" ? "Q" : "A"];
    // Neither is a use: a wrong secret, and a right one by another's name.
    for (const [shown, name] of [[head + tail], [secret, "other"], [secret, "another-key"]] as const)
      expect(await keys.verify(shown ?? "", name)).toBeUndefined();
    await keys.look();
    expect(reads.uses).toEqual([]);
    for (const name of [apiKey.id, "shop"])
      expect(await keys.verify(secret, name)).toMatchObject({ keyId: apiKey.id });
    for (let i = 0; i < 10; i++) await keys.verify(secret);
    expect(reads.uses).toEqual([]);
    await keys.look();
    await keys.verify(secret);
    await keys.look();
    expect(reads.uses).toEqual([[apiKey.id]]);
    clock.advance(3_600_000);
    await keys.look();
    await keys.verify(secret);
    await keys.look();
    expect(reads.uses).toEqual([[apiKey.id], [apiKey.id]]);
    expect(rows.get(apiKey.id)?.useTimeMs).toBe(Math.floor(clock.now() / 3_600_000) * 3_600_000);
  });

  it("takes a key for a wrong one where the store holds a hash of another length", async () => {
    const { keys, rows, note, clock } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    for (const hash of ["", "no hash", apiKey.hash.slice(2), `${apiKey.hash}00`]) {
      rows.set(apiKey.id, { ...apiKey, hash });
      note(apiKey.id);
      clock.advance(500);
      await keys.look();
      expect(await keys.verify(secret), hash).toBeUndefined();
    }
  });

  it("looks for a key that it does not know by a read that begins after the call, ten times a second at most", async () => {
    const { keys, reads, clock, store } = setUp();
    await keys.look();
    const wrong = `smsr_aaaaaaaaaaaa_${"x".repeat(43)}`;
    expect(await keys.verify(wrong)).toBeUndefined();
    const { secret } = await startProcess(store, clock).create(request, caller);
    const before = reads.count;
    const asked = keys.verify(secret);
    const others = Array.from({ length: 100 }, () => keys.verify(wrong));
    expect(reads.count).toBe(before);
    clock.advance(100);
    expect(await asked).toMatchObject({ accountId: "shop" });
    for (const other of others) expect(await other).toBeUndefined();
    expect(reads.count).toBe(before + 1);
    expect(keys.verify(secret), "at once from then on").toMatchObject({ accountId: "shop" });
  });

  it("takes each of a flood of unknown keys for a wrong one, by one read, and asks for none of them again until somebody acts", async () => {
    const { keys, reads, clock, store } = setUp();
    await keys.look();
    const flood = () =>
      Array.from({ length: 3_000 }, (_, at) => keys.verify(`smsr_no-${at}_${"x".repeat(43)}`));
    expect(await Promise.all(flood())).toEqual(new Array(3_000).fill(undefined));
    expect(reads.ids).toHaveLength(3_000);
    clock.advance(100);
    const before = reads.looks;
    expect(await Promise.all(flood())).toEqual(new Array(3_000).fill(undefined));
    expect([reads.ids.length, reads.looks - before]).toEqual([3_000, 1]);
    const made = await startProcess(store, clock).create({ ...request, keyId: "no-7" }, caller);
    const asked = [keys.verify(made.secret), ...flood()];
    clock.advance(100);
    expect((await Promise.all(asked)).filter((holder) => holder !== undefined)).toMatchObject([
      { keyId: "no-7" },
    ]);
  });

  it("answers a wrong key without a read where nobody else writes the store, once it was looked for", async () => {
    const { store } = setUp();
    store.sessions.replicaId = undefined;
    const keys = startProcess(store, createFakeClock());
    const wrong = `smsr_aaaaaaaaaaaa_${"x".repeat(43)}`;
    expect(await keys.verify(wrong)).toBeUndefined();
    expect(keys.verify(wrong), "at once").toBeUndefined();
    const { secret } = await keys.create({ ...request, keyId: "aaaaaaaaaaaa" }, caller);
    expect(keys.verify(secret)).toMatchObject({ accountId: "shop" });
  });

  it("tells a key that cannot be looked for from a wrong one", async () => {
    const { keys, store, clock } = setUp();
    const wrong = `smsr_aaaaaaaaaaaa_${"x".repeat(43)}`;
    const { lastChange } = store;
    store.lastChange = () => Promise.reject(new SmsError("SERVICE_UNAVAILABLE"));
    await expect(keys.verify(wrong)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    store.lastChange = lastChange;
    clock.advance(100);
    expect(await keys.verify(wrong)).toBeUndefined();
  });

  it("reads a key when it is first used, and after that the one that was changed, however many there are", async () => {
    const { keys, reads, store, clock } = setUp();
    const made = [];
    for (let i = 0; i < 20; i++) made.push(await keys.create(request, caller));
    const elsewhere = startProcess(store, clock);
    await elsewhere.look();
    reads.ids = [];
    await Promise.all(made.map(({ secret }) => elsewhere.verify(secret)));
    expect(reads.ids).toHaveLength(20);
    for (let i = 0; i < 10; i++) {
      clock.advance(500);
      await elsewhere.look();
      for (const { secret } of made) expect(elsewhere.verify(secret)).toMatchObject({ accountId: "shop" });
    }
    expect(reads.ids).toHaveLength(20);
    const [revoked, ...others] = made;
    await keys.revoke(revoked?.apiKey.id ?? "", { force: false }, caller);
    reads.ids = [];
    clock.advance(500);
    await elsewhere.look();
    for (const { secret } of others) expect(elsewhere.verify(secret)).toBeDefined();
    expect(await elsewhere.verify(revoked?.secret ?? "")).toBeUndefined();
    expect(reads.ids).toEqual([revoked?.apiKey.id]);
  });

  it("reads again what it holds at each look while a replica runs that notes no changes of keys, and once more when it is gone", async () => {
    const { keys, reads, store, rows, clock } = setUp();
    const { apiKey, secret } = await keys.create(request, caller);
    const wrong = `smsr_elsewhere_${"x".repeat(43)}`;
    expect(await keys.verify(wrong)).toBeUndefined();
    store.hasOlder = true;
    await keys.look();
    reads.ids = [];
    await keys.look();
    expect(reads.ids).toEqual([apiKey.id]);
    // That replica revokes one and makes one, and ends before the next look.
    rows.set(apiKey.id, { ...apiKey, revokeTimeMs: clock.now() });
    const hash = createHmac("sha256", store.id).update(wrong).digest("hex");
    rows.set("elsewhere", { ...apiKey, id: "elsewhere", hash });
    store.hasOlder = false;
    clock.advance(500);
    await keys.look();
    expect(await keys.verify(secret)).toBeUndefined();
    expect(await keys.verify(wrong)).toMatchObject({ keyId: "elsewhere" });
    reads.ids = [];
    await keys.look();
    expect(reads.ids).toEqual([]);
  });

  it("does not ask the store for each call", async () => {
    const { keys, reads } = setUp();
    const { secret } = await keys.create(request, caller);
    await keys.look();
    const before = reads.count;
    for (let i = 0; i < 50; i++) await keys.verify(secret);
    expect(reads.count).toBe(before);
  });

  it("knows ten thousand keys that were right, and forgets the oldest of more, not all", async () => {
    const { keys, rows } = setUp();
    const secrets: string[] = [];
    const { secret: first } = await keys.create(request, caller);
    const row = [...rows.values()][0] as ApiKey;
    for (let i = 0; i < 10_000; i++) {
      const secret = `smsr_k${i}_${"x".repeat(43)}`;
      secrets.push(secret);
      rows.set(`k${i}`, {
        ...row,
        id: `k${i}`,
        hash: createHmac("sha256", "store-1").update(secret).digest("hex"),
      });
    }
    await keys.look();
    const found = await Promise.all([first, ...secrets].map((secret) => keys.verify(secret)));
    expect(found.filter((holder) => holder === undefined)).toEqual([]);
    expect(secrets.filter((secret) => !keys.isKnown(secret))).toEqual([]);
    expect(keys.isKnown(first)).toBe(false);
  });

  it("does not let a call wait for the store where nobody else writes it, however old its look is", async () => {
    const { store, rows } = setUp();
    store.sessions.replicaId = undefined;
    const clock = createFakeClock();
    const keys = startProcess(store, clock);
    const { secret } = await keys.create(request, caller);
    await keys.look();
    rows.clear();
    clock.advance(60_000);
    expect(keys.verify(secret)).toMatchObject({ accountId: "shop" });
  });

  it("takes keys of the configuration, as written and by their hash", async () => {
    const plain = "p".repeat(32);
    const hashed = "h".repeat(40);
    const digest = createHash("sha256").update(hashed).digest("hex");
    const { keys } = setUp([
      { accountId: "shop", scopes: accountScopes, key: plain },
      { accountId: "ops", scopes: operatorScopes, key: `sha256:${digest}` },
    ]);
    expect(await keys.verify(plain)).toMatchObject({ accountId: "shop", scopes: accountScopes });
    expect(await keys.verify(hashed)).toMatchObject({ accountId: "ops", scopes: operatorScopes });
    expect(await keys.verify(digest)).toBeUndefined();
    expect(await keys.hasAny()).toBe(true);
  });

  it("tells whether anybody could call what wants a scope", async () => {
    const { keys } = setUp([{ accountId: "shop", scopes: accountScopes, key: "p".repeat(32) }]);
    expect([await keys.hasAny(), await keys.hasAny("ADMIN")]).toEqual([true, false]);
    const { apiKey } = await keys.create({ ...request, scopes: operatorScopes }, caller);
    expect(await keys.hasAny("ADMIN")).toBe(true);
    await keys.revoke(apiKey.id, { force: true }, caller);
    expect(await keys.hasAny("ADMIN")).toBe(false);
  });
});
