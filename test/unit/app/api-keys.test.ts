import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ConfiguredKey, createApiKeys } from "../../../src/app/api-keys.ts";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { ApiKey } from "../../../src/store/keeping.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function setUp(configured: readonly ConfiguredKey[] = []) {
  const clock = createFakeClock();
  const rows = new Map<string, ApiKey>();
  const reads = { count: 0 };
  const store = {
    id: "store-1",
    createKey: async (key: ApiKey) => !rows.has(key.id) && rows.set(key.id, key).size > 0,
    listKeys: async () => {
      reads.count++;
      return [...rows.values()];
    },
    revokeKey: async (id: string, revokeTimeMs: number) => {
      const key = rows.get(id);
      if (key !== undefined) rows.set(id, { ...key, revokeTimeMs: key.revokeTimeMs ?? revokeTimeMs });
      return key !== undefined;
    },
  };
  return { clock, rows, reads, store, keys: createApiKeys({ store, configured, clock }) };
}

const request = { accountId: toAccountId("shop"), role: "ACCOUNT", name: "till" } as const;

describe("createApiKeys", () => {
  it("makes keys of the published form and keeps only their hash", async () => {
    const { keys, rows } = setUp();
    const { apiKey, secret } = await keys.create(request);
    expect(secret).toMatch(/^smsr_[a-z2-7]{12}_[A-Za-z0-9_-]{43}$/);
    expect(secret).toContain(apiKey.id);
    expect(JSON.stringify([...rows.values()])).not.toContain(secret.slice(18));
    expect(apiKey.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("knows whose key it is", async () => {
    const { keys } = setUp();
    const { apiKey, secret } = await keys.create(request);
    expect(await keys.verify(secret)).toEqual({ keyId: apiKey.id, accountId: "shop", role: "ACCOUNT" });
  });

  it("refuses a wrong secret under a known id, and anything malformed", async () => {
    const { keys } = setUp();
    const { secret } = await keys.create(request);
    const last = secret.at(-1) === "A" ? "Q" : "A";
    expect(await keys.verify(secret.slice(0, -1) + last)).toBeUndefined();
    expect(await keys.verify(`${secret} `)).toBeUndefined();
    expect(await keys.verify("")).toBeUndefined();
  });

  it("refuses a key made by another store", async () => {
    const { secret } = await setUp().keys.create(request);
    expect(await setUp().keys.verify(secret)).toBeUndefined();
  });

  it("refuses a revoked key at once", async () => {
    const { keys } = setUp();
    const { apiKey, secret } = await keys.create(request);
    await keys.verify(secret);
    expect((await keys.revoke(apiKey.id, { force: false })).revokeTimeMs).toBeTypeOf("number");
    expect(await keys.verify(secret)).toBeUndefined();
    expect(await keys.hasAny()).toBe(false);
  });

  /** A store whose next answers are as old as the questions and come when the test lets them. */
  function slowly(store: ReturnType<typeof setUp>["store"]) {
    const waiting: (() => void)[] = [];
    const listKeys = store.listKeys;
    store.listKeys = async () => {
      const answer = await listKeys();
      await new Promise<void>((resolve) => waiting.push(resolve));
      return answer;
    };
    return {
      async answer() {
        await expect.poll(() => waiting.length).toBeGreaterThan(0);
        waiting.shift()?.();
      },
    };
  }

  it("refuses a revoked key at once where a read was under way that did not see it", async () => {
    const { keys, store, clock } = setUp();
    const { apiKey, secret } = await keys.create(request);
    clock.advance(10_001);
    const reads = slowly(store);
    const verified = keys.verify(secret);
    const revoked = keys.revoke(apiKey.id, { force: false });
    await reads.answer();
    expect(await verified).toMatchObject({ keyId: apiKey.id });
    await reads.answer();
    expect((await revoked).revokeTimeMs).toBeTypeOf("number");
    expect(await keys.verify(secret)).toBeUndefined();
  });

  it("answers a revocation that is stored, and refuses the key at once, also where keys cannot be read any more", async () => {
    const { keys, store, rows } = setUp();
    const { apiKey, secret } = await keys.create(request);
    await keys.verify(secret);
    const { revokeKey } = store;
    store.revokeKey = async (id, timeMs) => {
      store.listKeys = () => Promise.reject(new Error("the store is away"));
      return revokeKey(id, timeMs);
    };
    expect(await keys.revoke(apiKey.id, { force: false })).toEqual(rows.get(apiKey.id));
    expect(rows.get(apiKey.id)?.revokeTimeMs).toBeTypeOf("number");
    expect(await keys.verify(secret)).toBeUndefined();
  });

  it("does not trust what was asked for too long ago when its answer comes", async () => {
    const { keys, store, clock } = setUp();
    const { apiKey, secret } = await keys.create(request);
    clock.advance(10_001);
    const reads = slowly(store);
    const verified = keys.verify(secret);
    await Promise.resolve();
    await store.revokeKey(apiKey.id, 1);
    clock.advance(10_001);
    await reads.answer();
    await reads.answer();
    expect(await verified).toBeUndefined();
  });

  it("revokes the last key of an operator only when that is insisted on", async () => {
    const { keys } = setUp();
    const make = (role: "ACCOUNT" | "OPERATOR") =>
      keys.create({ accountId: toAccountId("a"), role, name: "" });
    await make("ACCOUNT");
    const first = await make("OPERATOR");
    const second = await make("OPERATOR");
    await keys.revoke(first.apiKey.id, { force: false });
    await keys.revoke(first.apiKey.id, { force: false });
    await expect(keys.revoke(second.apiKey.id, { force: false })).rejects.toMatchObject({
      code: "NOT_CHANGEABLE",
    });
    expect(await keys.verify(second.secret)).toBeDefined();
    expect((await keys.revoke(second.apiKey.id, { force: true })).revokeTimeMs).toBeTypeOf("number");
  });

  it("says so when no stored key has the id to revoke", async () => {
    await expect(setUp().keys.revoke("nobody", { force: false })).rejects.toMatchObject({
      code: "INVALID_PARAMETER",
    });
  });

  it("learns of a revocation by another process within ten seconds", async () => {
    const { keys, store, clock } = setUp();
    const { apiKey, secret } = await keys.create(request);
    await store.revokeKey(apiKey.id, 1);
    clock.advance(10_001);
    expect(await keys.verify(secret)).toBeUndefined();
  });

  it("does not ask the store for each call, nor for each unknown key", async () => {
    const { keys, reads } = setUp();
    const { secret } = await keys.create(request);
    const before = reads.count;
    for (let i = 0; i < 50; i++) await keys.verify(secret);
    for (let i = 0; i < 50; i++) await keys.verify(`smsr_aaaaaaaaaaaa_${"x".repeat(43)}`);
    expect(reads.count).toBe(before);
  });

  it("takes keys of the configuration, as written and by their hash", async () => {
    const plain = "p".repeat(32);
    const hashed = "h".repeat(40);
    const digest = createHash("sha256").update(hashed).digest("hex");
    const { keys } = setUp([
      { accountId: "shop", role: "ACCOUNT", key: plain },
      { accountId: "ops", role: "OPERATOR", key: `sha256:${digest}` },
    ]);
    expect(await keys.verify(plain)).toMatchObject({ accountId: "shop", role: "ACCOUNT" });
    expect(await keys.verify(hashed)).toMatchObject({ accountId: "ops", role: "OPERATOR" });
    expect(await keys.verify(digest)).toBeUndefined();
    expect(await keys.hasAny()).toBe(true);
  });

  it("tells whether anybody could call in a role", async () => {
    const { keys } = setUp([{ accountId: "shop", role: "ACCOUNT", key: "p".repeat(32) }]);
    expect([await keys.hasAny("ACCOUNT"), await keys.hasAny("OPERATOR")]).toEqual([true, false]);
    const { apiKey } = await keys.create({ ...request, role: "OPERATOR" });
    expect(await keys.hasAny("OPERATOR")).toBe(true);
    await keys.revoke(apiKey.id, { force: true });
    expect(await keys.hasAny("OPERATOR")).toBe(false);
  });
});
