import { describe, expect, it } from "vitest";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { gatewayConfig as config, createTestPool } from "../../../support/gateway-pool.ts";

const createPool = () => createTestPool(createFakeClock());
const ids = (gateways: readonly { readonly id: string }[]) => gateways.map(({ id }) => id);

describe("createGatewayPool", () => {
  it("adds what is new and lets go what is gone", () => {
    const pool = createPool();
    expect(ids(pool.replace([config("north"), config("south")]).added)).toEqual(["north", "south"]);
    const { added, removed } = pool.replace([config("south"), config("east")]);
    expect(ids(added)).toEqual(["east"]);
    expect(ids(removed)).toEqual(["north"]);
    expect([...pool.gateways().keys()]).toEqual(["south", "east"]);
  });

  it("keeps a connection whose gateway changed in its rules only", () => {
    const pool = createPool();
    pool.replace([config("north", { rate: 10, window: 5 })]);
    const [before] = pool.gateways().values();
    const change = pool.replace([
      config("north", { rate: 20, window: 5, priority: 1, countries: ["SE"], paused: true }),
    ]);
    expect(change).toEqual({ added: [], removed: [] });
    expect([...pool.gateways().values()][0]).toBe(before);
    expect(pool.routes()).toMatchObject([
      { pdusPerSecond: 20, priority: 1, rules: { countries: { allow: ["SE"] } } },
    ]);
    expect([...pool.entries().values()][0]?.isPaused).toBe(true);
  });

  it("tells dispatch the rules and the rate, and whether receipts come", () => {
    const pool = createPool();
    pool.replace([
      config("north", { countries: ["SE"], prefixes: { deny: ["+4670"] }, premium: true }),
      config("south", { receipts: "none" }),
    ]);
    expect(pool.routes()).toMatchObject([
      {
        rules: { countries: { allow: ["SE"] }, prefixes: { deny: ["+4670"] }, premium: true },
        priority: 100,
        weight: 1,
        expectsReceipts: true,
      },
      { expectsReceipts: false },
    ]);
  });

  it("keeps a connection whose rate, and with it the window, changed only", () => {
    const pool = createPool();
    pool.replace([config("north", { rate: 100 })]);
    const [before] = pool.gateways().values();
    expect(pool.replace([config("north", { rate: 500 })])).toEqual({ added: [], removed: [] });
    expect(pool.replace([config("north", { window: 7 })])).toEqual({ added: [], removed: [] });
    expect([...pool.gateways().values()]).toEqual([before]);
  });

  it("keeps a connection whose gateway has got other former names, which are known then", () => {
    const pool = createPool();
    pool.replace([config("north")]);
    expect(pool.names().renamed).toEqual(new Map());
    expect(pool.replace([config("north", { formerIds: ["old"] })])).toEqual({ added: [], removed: [] });
    expect(pool.names().renamed).toEqual(new Map([["old", "north"]]));
    expect(pool.names().formerIdsOf(toGatewayId("north"))).toEqual(["old"]);
  });

  it("replaces a gateway whose connection changed", () => {
    const pool = createPool();
    pool.replace([config("north")]);
    const [before] = pool.gateways().values();
    const { added, removed } = pool.replace([config("north", { host: "other" })]);
    expect(removed).toEqual([before]);
    expect(ids(added)).toEqual(["north"]);
    expect([...pool.gateways().values()]).toEqual(added);
  });
});
