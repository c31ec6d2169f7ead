import { expect, it } from "vitest";
import type { ApiKey } from "../../../src/store/records/api-keys.ts";
import { actAt } from "../../support/acts.ts";
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
  expireTimeMs: undefined,
  useTimeMs: undefined,
};

describeStore("keys and pauses", (test) => {
  const allKeys = () => test.store.listKeys(undefined, 1_000, undefined);

  it("keeps keys by their hash, each id once, with what they may do, and revokes them once", async () => {
    const operator: ApiKey = { ...key, id: "k2", scopes: ["ADMIN"], createTimeMs: startMs + 1 };
    const reader: ApiKey = { ...key, id: "k3", scopes: ["READ"], createTimeMs: startMs + 2 };
    expect(await test.store.createKey(actAt(), key)).toBe(true);
    expect(await test.store.createKey(actAt(), { ...key, name: "other" })).toBe(false);
    expect(await test.store.createKey(actAt(), operator)).toBe(true);
    expect(await test.store.createKey(actAt(), reader)).toBe(true);
    expect(await test.store.revokeKey(actAt(startMs + 2), "k1", [])).toBe("revoked");
    expect(await test.store.revokeKey(actAt(startMs + 3), "k1", [])).toBe("unchanged");
    expect(await test.store.revokeKey(actAt(startMs + 3), "nobody", [])).toBe("unchanged");
    await test.restart();
    expect(await allKeys()).toEqual([reader, operator, { ...key, revokeTimeMs: startMs + 2 }]);
  });

  it("leaves one key of an operator where all are revoked at once, here and at another replica, unless that is insisted on", async () => {
    const stores = [test.store, await test.openElsewhere()];
    for (let round = 0; round < 10; round++) {
      const ids = [0, 1, 2, 3].map((i) => `operator-${round}-${i}`);
      for (const id of ids) await test.store.createKey(actAt(), { ...key, id, scopes: ["ADMIN"] });
      const revoke = (id: string, i: number, mayBeLast = false) =>
        stores[i % 2]?.revokeKey(actAt(), id, mayBeLast ? "any" : []);
      const outcomes = await Promise.all(ids.map((id, i) => revoke(id, i)));
      expect(outcomes.filter((outcome) => outcome === "last_operator")).toHaveLength(1);
      const left = (await allKeys()).filter((one) => one.revokeTimeMs === undefined);
      expect(left.map(({ id }) => id)).toEqual([ids[outcomes.indexOf("last_operator")]]);
      expect(await revoke(left[0]?.id ?? "", 0, true)).toBe("revoked");
    }
  });

  it("rotates a key that has not ended, once for each new id, and ends the old one no later than it was to", async () => {
    const { store } = test;
    const successor: ApiKey = { ...key, id: "k2", expireTimeMs: startMs + 90_000 };
    expect(await store.rotateKey(actAt(), "k1", successor, startMs + 1_000)).toBe("unknown");
    await store.createKey(actAt(), { ...key, expireTimeMs: startMs + 60_000 });
    expect(await store.rotateKey(actAt(), "k1", { ...key, name: "again" }, startMs + 1_000)).toBe("taken");
    expect(await store.rotateKey(actAt(), "k1", successor, startMs + 1_000)).toBe("rotated");
    const third = { ...successor, id: "k3" };
    expect(await store.rotateKey(actAt(startMs + 1_000), "k1", third, startMs + 2_000)).toBe("ended");
    expect(await store.rotateKey(actAt(), "k2", third, startMs + 120_000)).toBe("rotated");
    await store.revokeKey(actAt(), "k3", []);
    expect(await store.rotateKey(actAt(), "k3", { ...third, id: "k4" }, startMs + 2_000)).toBe("ended");
    await test.restart();
    const ends = (await allKeys()).map(({ id, expireTimeMs }) => [id, expireTimeMs]);
    expect(ends).toEqual([
      ["k1", startMs + 1_000],
      ["k2", startMs + 90_000],
      ["k3", startMs + 90_000],
    ]);
  });

  it("counts an operator's key that has ended for nothing, and takes no act of it", async () => {
    const { store } = test;
    const ends: ApiKey = { ...key, id: "ends", scopes: ["ADMIN"], expireTimeMs: startMs + 1_000 };
    await store.createKey(actAt(), ends);
    await store.createKey(actAt(), { ...key, id: "stays", scopes: ["ADMIN"] });
    const late = actAt(startMs + 1_000);
    expect(await store.revokeKey(late, "stays", [])).toBe("last_operator");
    await expect(store.revokeKey({ ...late, keyId: "ends" }, "stays", "any")).rejects.toMatchObject({
      code: "INVALID_CREDENTIALS",
    });
    expect(await store.revokeKey(actAt(startMs + 999), "stays", [])).toBe("revoked");
  });

  it("notes the hour of the last use, and never an earlier one", async () => {
    const { store } = test;
    await store.createKey(actAt(), key);
    await store.noteKeyUse(["k1", "nobody"], startMs);
    await store.noteKeyUse(["k1"], startMs - 3_600_000);
    expect(await allKeys()).toEqual([{ ...key, useTimeMs: startMs }]);
  });

  it("keeps a gateway paused over a restart until it is resumed", async () => {
    const pause = { reason: "maintenance", timeMs: startMs };
    await test.store.setPaused(actAt(), gateway, { ...pause, reason: "first" });
    await test.store.setPaused(actAt(), gateway, pause);
    await test.restart();
    expect(await test.store.pausedGateways()).toEqual([{ gatewayId: gateway, ...pause }]);
    await test.store.setPaused(actAt(), gateway, undefined);
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
