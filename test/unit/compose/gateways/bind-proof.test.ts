import { afterEach, describe, expect, it } from "vitest";
import { createBindProofs } from "../../../../src/compose/gateways/bind-proof.ts";
import { gatewayNames } from "../../../../src/domain/gateway-names.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { systemClock } from "../../../../src/observability/clock.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { sqliteAdapter } from "../../../contract/store/sqlite-adapter.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

const credentials = {
  id: toGatewayId("north"),
  host: "smsc.example",
  port: 2775,
  systemId: "acme",
  password: "secret",
};

const renamed = toGatewayId("north-2");
const names = () => gatewayNames([{ id: renamed, formerIds: [credentials.id] }]);

describe("the proof of credentials", () => {
  it("P52 outlives the process, and holds for these credentials alone", async () => {
    const place = await sqliteAdapter.makePlace();
    closings.push(() => place.remove());
    let store = await place.open(createFakeClock());
    closings.push(() => store.close());
    const proofOf = (change: Partial<typeof credentials> = {}) =>
      createBindProofs({ store, clock: systemClock, log: silentLogger, names })({
        ...credentials,
        ...change,
      });
    expect(await proofOf().hasBound()).toBe(false);
    const first = proofOf();
    first.noteBound();
    first.noteBound();
    await expect.poll(() => proofOf().hasBound()).toBe(true);
    await store.close();
    store = await place.open(createFakeClock());
    expect(await proofOf().hasBound()).toBe(true);
    expect(await proofOf({ id: renamed }).hasBound(), "under its new name").toBe(true);
    expect(await proofOf({ id: toGatewayId("other") }).hasBound()).toBe(false);
    expect(await proofOf({ password: "Secret" }).hasBound()).toBe(false);
    expect(await proofOf({ systemId: "other" }).hasBound()).toBe(false);
    expect(await proofOf({ host: "other.example" }).hasBound()).toBe(false);
    // Nothing of the password stands in the store.
    expect(await store.boundCredentials()).toEqual([
      { gatewayId: "north", fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  it("is unknown while the store cannot tell", async () => {
    const store = {
      id: "store",
      boundCredentials: () => Promise.reject(new Error("away")),
      noteBound: () => Promise.reject(new Error("away")),
    };
    const proof = createBindProofs({ store, clock: systemClock, log: silentLogger, names })(credentials);
    proof.noteBound();
    expect(await proof.hasBound()).toBeUndefined();
  });
});
