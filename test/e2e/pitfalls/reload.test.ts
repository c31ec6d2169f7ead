/** What becomes of gateways, and of what is under way on them, when the configuration is read again. */
import { describe, expect, it } from "vitest";
import { GatewayState } from "../../../src/gen/smsrelay/v1/gateway.ts";
import { startServiceWorld } from "../../support/service-world.ts";

const { GATEWAY_STATE_PAUSED: PAUSED, GATEWAY_STATE_READY: READY } = GatewayState;

describe("A pause in the file", () => {
  it("ends with the file that says it, also for a gateway that left and comes back", async () => {
    await using world = await startServiceWorld([{}, { gateway: { paused: true } }]);
    await world.untilGateway("south", ({ state }) => state === PAUSED);
    const [north, south] = await new Promise<readonly Readonly<Record<string, unknown>>[]>((resolve) => {
      void world.reload((gateways) => {
        resolve(gateways);
        return gateways.slice(0, 1);
      });
    });
    if (north === undefined || south === undefined) throw new TypeError("two gateways were configured");
    await world.reload(() => [north, { ...south, paused: false }]);
    await world.untilGateway("south", ({ state }) => state === READY);
    await world.reload(() => [north, south]);
    expect((await world.gateway("south")).state).toBe(PAUSED);
    await world.reload(() => [north, { ...south, paused: false }]);
    await world.untilGateway("south", ({ state }) => state === READY);
  });

  it("leaves one by hand in force where it ends, and comes back after a resume by hand with a file that says it anew", async () => {
    await using world = await startServiceWorld([{ gateway: { paused: true } }]);
    const { gateways } = world.clients;
    const say = (paused: boolean) => world.reload((all) => all.map((one) => ({ ...one, paused })));
    await gateways.pauseGateway({ gatewayId: "north", reason: "maintenance" });
    await say(false);
    expect(await world.gateway("north")).toMatchObject({ state: PAUSED, stateDescription: "maintenance" });
    await say(true);
    await gateways.resumeGateway({ gatewayId: "north" });
    await world.untilGateway("north", ({ state }) => state === READY);
    await say(true);
    expect((await world.gateway("north")).state).toBe(READY);
    await say(false);
    await say(true);
    expect((await world.gateway("north")).state).toBe(PAUSED);
  });
});

describe("A rate that changes", () => {
  it("changes the windows that follow from it and leaves the sessions bound", async () => {
    await using world = await startServiceWorld([{ gateway: { rate: 100, sessions: 2 } }]);
    const before = await world.untilGateway("north", (gateway) => gateway.boundSessionCount === 2);
    expect(before.windowSize).toBe(30);
    const say = (change: object) => world.reload((all) => all.map((one) => ({ ...one, ...change })));
    await say({ rate: 1_000 });
    expect(await world.gateway("north")).toMatchObject({ boundSessionCount: 2, windowSize: 300 });
    await say({ window: 1 });
    expect(await world.gateway("north")).toMatchObject({ boundSessionCount: 2, windowSize: 2 });
    await Promise.all(Array.from({ length: 20 }, async () => world.ended(await world.send())));
    expect(world.smsc.counters()).toMatchObject({ binds: 2, closed: 0 });
  });
});
