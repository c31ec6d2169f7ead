import { describe, expect, it } from "vitest";
import { useDispatchWorld } from "../../support/dispatch-world.ts";
import { ambiguous, createMemoryGateway, unsent } from "../../support/memory-gateway.ts";

const open = useDispatchWorld();

const gateways = (options: Parameters<typeof createMemoryGateway>[1] = {}) => ({
  north: createMemoryGateway("north", { sessions: 4, ...options }),
  south: createMemoryGateway("south"),
});

describe("a dispatcher without a session of a gateway that others can send by", () => {
  it("routes to it, leaves the delivery unclaimed, and takes no worse gateway", async () => {
    const { north, south } = gateways();
    const { send, dispatcher, advance, claims, store } = await open({ gateways: [north, south] });
    await advance(250);
    north.setOwnSessions(0);
    dispatcher.setReadyElsewhere(north.id, true);
    const asked = claims.length;
    expect(dispatcher.reserve(north.id, "OTP", 1)).toBe(0);
    await send({}, { lane: "OTP" });
    // Longer than the safety net's poll.
    await advance(6_000);
    expect([north.submissions, south.submissions]).toEqual([[], []]);
    expect(claims.slice(asked).filter(({ gatewayId }) => gatewayId === north.id)).toEqual([]);
    const { byQueue } = await store.backlog();
    expect(byQueue.map(({ gatewayId, count }) => [gatewayId, count])).toEqual([
      ["north", 1],
      ["north", 1],
    ]);
    expect(dispatcher.health(north.id)).toEqual({ kind: "elsewhere" });
  });

  it("fails over as soon as the others cannot send either", async () => {
    const { north, south } = gateways();
    const { send, until, dispatcher, advance } = await open({ gateways: [north, south] });
    await advance(250);
    north.setOwnSessions(0);
    dispatcher.setReadyElsewhere(north.id, true);
    const [id] = await send({});
    await advance(1_000);
    dispatcher.setReadyElsewhere(north.id, false);
    expect(await until(id ?? expect.fail(), "SUBMITTED")).toBe("SUBMITTED");
    expect([north.submissions.length, south.submissions.length]).toEqual([0, 1]);
  });

  it("hands back at once, at its former place, what it holds when it gives its last session up", async () => {
    const { north, south } = gateways({ window: 1, script: () => new Promise(() => {}) });
    const { send, dispatcher, advance, store, clock } = await open({
      gateways: [north, south],
      routes: { north: { pdusPerSecond: 100 } },
    });
    const ids = await send(...Array.from({ length: 5 }, () => ({ wantsClaim: false })));
    await north.arrivals.next();
    expect(dispatcher.figures().gateways.get(north.id)?.inMemory.NORMAL).toBe(4);
    dispatcher.setReadyElsewhere(north.id, true);
    north.setOwnSessions(0);
    await advance(100, 50);
    expect(dispatcher.figures().gateways.get(north.id)?.inMemory.NORMAL).toBe(0);
    const { claimant } = await store.join(clock.now());
    const limits = { OTP: 9, NORMAL: 9, BULK: 9 };
    const claim = await store.claim({ claimant, gatewayId: north.id, limits, nowMs: clock.now() });
    expect(claim.deliveries.map((one) => one.id).slice(-4)).toEqual(ids.slice(1));
    expect(south.submissions).toEqual([]);
  });

  it("P12 leaves what is ambiguous to the gateway that has the other parts", async () => {
    const { north, south } = gateways({ script: () => [ambiguous(1), unsent(2, "no_session")] });
    const { send, dispatcher, advance, view } = await open({ gateways: [north, south] });
    dispatcher.setReadyElsewhere(north.id, true);
    const [id] = await send({ text: "0123456789".repeat(20), wantsClaim: false });
    await north.arrivals.next();
    north.setOwnSessions(0);
    await advance(10_000);
    const delivery = await view(id ?? expect.fail());
    expect(delivery).toMatchObject({ state: "QUEUED", gatewayId: "north", attemptCount: 1 });
    expect(south.submissions).toEqual([]);
  });

  it("goes on where it gets a session back, at its share of the rate and with nothing saved", async () => {
    const { north, south } = gateways();
    const { send, dispatcher, advance } = await open({
      gateways: [north, south],
      routes: { north: { pdusPerSecond: 40, burst: 40 } },
    });
    await advance(250);
    north.setOwnSessions(0);
    dispatcher.setReadyElsewhere(north.id, true);
    await send(...Array.from({ length: 30 }, () => ({})));
    await advance(2_000);
    north.setOwnSessions(1);
    await advance(90, 10);
    expect(north.submissions).toHaveLength(0);
    await advance(10, 10);
    expect(north.submissions).toHaveLength(1);
    await advance(1_000, 10);
    expect(north.submissions.length).toBeGreaterThanOrEqual(10);
    expect(north.submissions.length).toBeLessThanOrEqual(11);
    expect(dispatcher.figures().gateways.get(north.id)?.pdusPerSecond).toBe(10);
  });
});
