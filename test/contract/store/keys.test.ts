import { expect, it } from "vitest";
import type { ApiKey } from "../../../src/store/records/api-keys.ts";
import { account, gateway, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const key: ApiKey = {
  id: "k1",
  accountId: account,
  scopes: ["SEND", "READ", "MANAGE"],
  name: "crm",
  hash: "ab".repeat(32),
  createTimeMs: startMs,
  revokeTimeMs: undefined,
};

describeStore("keys and pauses", (test) => {
  it("keeps keys by their hash, each id once, with what they may do, and revokes them once", async () => {
    const operator: ApiKey = { ...key, id: "k2", scopes: ["ADMIN"], createTimeMs: startMs + 1 };
    const reader: ApiKey = { ...key, id: "k3", scopes: ["READ"], createTimeMs: startMs + 2 };
    expect(await test.store.createKey(key)).toBe(true);
    expect(await test.store.createKey({ ...key, name: "other" })).toBe(false);
    expect(await test.store.createKey(operator)).toBe(true);
    expect(await test.store.createKey(reader)).toBe(true);
    expect(await test.store.revokeKey("k1", startMs + 2)).toBe(true);
    expect(await test.store.revokeKey("k1", startMs + 3)).toBe(false);
    await test.restart();
    expect(await test.store.listKeys()).toEqual([{ ...key, revokeTimeMs: startMs + 2 }, operator, reader]);
  });

  it("keeps a gateway paused over a restart until it is resumed", async () => {
    const pause = { reason: "maintenance", timeMs: startMs };
    await test.store.setPaused(gateway, { ...pause, reason: "first" });
    await test.store.setPaused(gateway, pause);
    await test.restart();
    expect(await test.store.pausedGateways()).toEqual([{ gatewayId: gateway, ...pause }]);
    await test.store.setPaused(gateway, undefined);
    expect(await test.store.pausedGateways()).toEqual([]);
  });

  it("remembers what each gateway was last bound with over a restart", async () => {
    expect(await test.store.boundCredentials()).toEqual([]);
    await test.store.noteBound({ gatewayId: gateway, fingerprint: "first" }, startMs);
    await test.store.noteBound({ gatewayId: gateway, fingerprint: "second" }, startMs + 1);
    await test.restart();
    expect(await test.store.boundCredentials()).toEqual([{ gatewayId: gateway, fingerprint: "second" }]);
  });
});
