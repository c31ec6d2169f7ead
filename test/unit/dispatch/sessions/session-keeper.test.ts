import { afterEach, describe, expect, it } from "vitest";
import { SessionKeeper } from "../../../../src/dispatch/sessions/session-keeper.ts";
import type { GatewayId } from "../../../../src/domain/ids.ts";
import type { Gateway } from "../../../../src/gateways/gateway.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import type { Division, SessionShare } from "../../../../src/store/gateway-sessions.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createMemoryGateway } from "../../../support/memory-gateway.ts";
import { buildOffer } from "../../../support/store-builders.ts";

const LEASE_MS = 4_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));
let keeper: SessionKeeper | undefined;
let clock = createFakeClock();
afterEach(async () => {
  await keeper?.stop();
  expect(clock.waiting).toBe(0);
});

/** A keeper of one gateway whose sessions the test divides. */
function setUp() {
  clock = createFakeClock();
  const events: string[] = [];
  const drained = Promise.withResolvers<void>();
  const memory = createMemoryGateway("north", { sessions: 4 });
  const gateway: Gateway = {
    ...memory,
    openSession: (slot) => void events.push(`open ${slot}`),
    closeSession(slot, graceMs) {
      events.push(graceMs === undefined ? `drain ${slot}` : `close ${slot}`);
      return graceMs === undefined ? drained.promise : Promise.resolve();
    },
  };
  const share: { -readonly [Key in keyof SessionShare]: SessionShare[Key] } = {
    own: [],
    surplus: undefined,
    others: [],
    resumeCount: 0,
  };
  let answer: () => Promise<Division> = () => held();
  const held = (fromMs = clock.monotonic()) =>
    Promise.resolve({ heldUntilMs: fromMs + LEASE_MS, shares: new Map([[gateway.id, { ...share }]]) });
  let hint = () => {};
  const elsewhere: boolean[] = [];
  const kept = new SessionKeeper({
    sessions: {
      replicaId: "one",
      divide: (offers) => {
        events.push(offers.length === 0 ? "leave" : "look");
        return answer();
      },
      release(_id: GatewayId, slots) {
        events.push(`release ${slots.join()}`);
        share.own = share.own.filter((slot) => !slots.includes(slot));
        share.surplus = undefined;
        return Promise.resolve();
      },
      onChange(listener) {
        hint = listener;
        return () => {};
      },
    },
    gateways: () => new Map([[gateway.id, gateway]]),
    isClosing: () => false,
    offers: () => [buildOffer(gateway.id, 4)],
    setReadyElsewhere(_id, isReady) {
      elsewhere.push(isReady);
      events.push(isReady ? "others can send" : "others cannot send");
    },
    onResumed: () => void events.push("resumed"),
    clock,
    log: silentLogger,
  });
  keeper = kept;
  return {
    kept,
    share,
    events,
    elsewhere,
    drained,
    held,
    hint: () => hint(),
    answerWith: (next: () => Promise<Division>) => {
      answer = next;
    },
    async advance(ms: number) {
      clock.advance(ms);
      await turn();
    },
    /** What happened beside looks since the last call. */
    take: () => events.splice(0).filter((event) => event !== "look" && event !== "others cannot send"),
  };
}

const other = (state: "ready" | "connecting") => ({
  replicaId: "two",
  report: buildOffer("x" as GatewayId, 1, { state }).report,
});

describe("a session keeper", () => {
  it("opens what is its own, and looks each second and at every hint, but not in crowds", async () => {
    const { kept, share, events, advance, hint } = setUp();
    share.own = [0, 2];
    expect(kept.isHeld()).toBe(false);
    kept.start();
    await advance(0);
    expect(events).toEqual(["look", "others cannot send", "open 0", "open 2"]);
    expect(kept.isHeld()).toBe(true);
    events.length = 0;
    for (let count = 0; count < 5; count += 1) hint();
    await advance(49);
    expect(events).toEqual([]);
    await advance(1);
    await advance(999);
    expect(events.filter((event) => event === "look")).toHaveLength(1);
    await advance(1);
    expect(events.filter((event) => event === "look")).toHaveLength(2);
  });

  it("releases what others are due once it is drained, and opens it no more meanwhile", async () => {
    const { kept, share, advance, take, drained } = setUp();
    Object.assign(share, { own: [0, 1], surplus: 1 });
    kept.start();
    await advance(0);
    // What is in memory for it must not take another gateway.
    expect(take()).toEqual(["open 0", "open 1", "others can send", "drain 1"]);
    await advance(1_000);
    expect(take()).toEqual(["open 0", "others can send"]);
    drained.resolve();
    await advance(0);
    expect(take()).toEqual(["release 1"]);
  });

  it("closes everything before the lease ends that it cannot renew, and opens it when it is back", async () => {
    const { kept, share, advance, take, answerWith, held } = setUp();
    share.own = [0, 1];
    kept.start();
    await advance(0);
    answerWith(() => Promise.reject(new Error("away")));
    for (let second = 1; second < 4; second += 1) await advance(1_000);
    take();
    expect(kept.isHeld()).toBe(true);
    await advance(1_000);
    expect([kept.isHeld(), take()]).toEqual([false, ["close 0", "close 1"]]);
    answerWith(() => held());
    await advance(1_000);
    expect([kept.isHeld(), take()]).toEqual([true, ["open 0", "open 1"]]);
  });

  it("takes an answer for nothing that came after the lease it gives", async () => {
    const { kept, share, advance, take, answerWith, held } = setUp();
    share.own = [0];
    const late = Promise.withResolvers<Division>();
    answerWith(() => late.promise);
    kept.start();
    await advance(0);
    const asked = held();
    await advance(LEASE_MS);
    late.resolve(await asked);
    await turn();
    expect([kept.isHeld(), take()]).toEqual([false, []]);
  });

  it("closes at once what another has taken, and all when the replica lost its lease", async () => {
    const { kept, share, advance, take } = setUp();
    share.own = [0, 1, 2];
    kept.start();
    await advance(0);
    share.own = [0, 2];
    await advance(1_000);
    expect(take()).toContain("close 1");
    kept.lapse();
    expect([kept.isHeld(), take()]).toEqual([false, ["close 0", "close 2"]]);
  });

  it("takes the word of others that they can send for a few seconds longer than they give it", async () => {
    const { kept, share, advance, elsewhere } = setUp();
    share.others = [other("connecting")];
    kept.start();
    await advance(0);
    expect(elsewhere.at(-1)).toBe(false);
    share.others = [other("ready")];
    await advance(1_000);
    share.others = [other("connecting")];
    await advance(1_000);
    await advance(1_000);
    expect(elsewhere.at(-1)).toBe(true);
    await advance(1_000);
    expect(elsewhere.at(-1)).toBe(false);
  });

  it("hears once of each resume by hand that comes after it began", async () => {
    const { kept, share, advance, take } = setUp();
    share.resumeCount = 5;
    kept.start();
    await advance(0);
    await advance(1_000);
    share.resumeCount = 6;
    await advance(1_000);
    await advance(1_000);
    expect(take()).toEqual(["resumed"]);
  });

  it("wants nothing more when it stops, and then releases what it had", async () => {
    const { kept, share, advance, take } = setUp();
    share.own = [0, 3];
    kept.start();
    await advance(0);
    take();
    await Promise.all([kept.stop(), kept.stop()]);
    expect(take()).toEqual(["leave", "release 0,3"]);
  });
});
