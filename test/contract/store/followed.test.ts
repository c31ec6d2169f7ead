/** What stands in memory at each replica and is written at one of them is in effect at the others within a second. */
import { expect, it } from "vitest";
import { createChanges } from "../../../src/app/changes.ts";
import { lookEveryMs, trustMs } from "../../../src/app/followed.ts";
import { createPauses } from "../../../src/app/gateways/pauses.ts";
import { createApiKeys } from "../../../src/app/keys/api-keys.ts";
import { toAccountId, toGatewayId } from "../../../src/domain/ids.ts";
import { accountScopes, operatorScopes } from "../../../src/domain/scopes.ts";
import type { Store } from "../../../src/store/store.ts";
import { actAt, caller } from "../../support/acts.ts";
import { describeStore } from "./describe-store.ts";

describeStore("what replicas follow", (test) => {
  function startKeys(store: Store) {
    const { clock } = test;
    const changes = createChanges({ store, clock });
    return { ...createApiKeys({ store, changes, configured: [], clock }), look: () => changes.look() };
  }

  async function keysAtTwo() {
    const here = startKeys(test.store);
    const there = startKeys(await test.openElsewhere());
    const { apiKey, secret } = await here.create(
      { accountId: toAccountId("shop"), scopes: accountScopes, name: "till" },
      caller,
    );
    expect(await there.verify(secret)).toMatchObject({ accountId: "shop" });
    return { here, there, keyId: apiKey.id, secret };
  }

  it("is a key, which is refused at once where it was revoked, and at the other at the next look", async () => {
    const { here, there, keyId, secret } = await keysAtTwo();
    await here.revoke(keyId, { force: true }, caller);
    expect(await here.verify(secret)).toBeUndefined();
    test.clock.advance(lookEveryMs);
    await there.look();
    expect(await there.verify(secret)).toBeUndefined();
    expect(there.whyRefused(secret)).toMatchObject({ reason: "REVOKED", keyId });
  });

  it("is who else may look after the service: of two operators who revoke each other's key at once one is refused", async () => {
    const here = startKeys(test.store);
    const there = startKeys(await test.openElsewhere());
    const make = () =>
      here.create({ accountId: toAccountId("ops"), scopes: operatorScopes, name: "" }, caller);
    const [first, second] = [await make(), await make()];
    const ends = await Promise.allSettled([
      here.revoke(first.apiKey.id, { force: false }, caller),
      there.revoke(second.apiKey.id, { force: false }, caller),
    ]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(ends.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "NOT_CHANGEABLE" },
    });
    expect(await there.hasAny("ADMIN")).toBe(true);
  });

  it("is gone by without a look for less than a second where a replica may have written, and where none may, longer", async () => {
    const { here, there, keyId, secret } = await keysAtTwo();
    // Each process would hold it alone, and be told of nothing.
    const isAlone = test.store.sessions.replicaId === undefined;
    await here.revoke(keyId, { force: true }, caller);
    expect(trustMs).toBeLessThan(1_000);
    test.clock.advance(trustMs);
    expect((await there.verify(secret)) !== undefined).toBe(isAlone);
  });

  it("is a pause, its reason and its end", async () => {
    const { clock, store } = test;
    const there = createPauses({ store: await test.openElsewhere(), clock });
    const gatewayId = toGatewayId("north");
    const heard: unknown[] = [];
    there.onChange(() => heard.push(there.value));
    const timeMs = clock.now();
    for (const pause of [{ reason: "works", timeMs }, { reason: "longer works", timeMs }, undefined]) {
      await store.setPaused(actAt(), gatewayId, pause);
      clock.advance(lookEveryMs);
      await there.look();
    }
    expect(heard).toEqual([
      [{ gatewayId, reason: "works", timeMs }],
      [{ gatewayId, reason: "longer works", timeMs }],
      [],
    ]);
  });
});
