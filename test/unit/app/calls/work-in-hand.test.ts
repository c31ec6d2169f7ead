import { describe, expect, it } from "vitest";
import { createWorkInHand, type Place, type WorkInHand } from "../../../../src/app/calls/work-in-hand.ts";
import { lanes } from "../../../../src/domain/message.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function setUp(random = () => 0.5) {
  const clock = createFakeClock();
  return { clock, work: createWorkInHand({ clock, random }) };
}

/** Keeps `count` messages in hand, each of which takes `tookMs`, for a while. */
function workOff(
  { clock, work }: ReturnType<typeof setUp>,
  load: { readonly count: number; readonly tookMs: number; readonly rounds: number },
): void {
  for (let round = 0; round < load.rounds; round++) {
    const places = Array.from({ length: load.count }, () => work.enter(1));
    clock.advance(load.tookMs);
    for (const place of places) place.leaveStored();
  }
}

/** Enters calls until one is refused, and leaves them again; answers how many were let in. */
function roomFor(work: WorkInHand, lane: (typeof lanes)[number], most = 20_000): number {
  const places: Place[] = [];
  while (places.length < most && work.retryAfterMs(lane) === undefined) places.push(work.enter(1));
  for (const place of places) place.leave();
  return places.length;
}

describe("work in hand", () => {
  it("takes a burst in where nothing was late before", () => {
    const { work } = setUp();
    for (let count = 0; count < 4_000; count++) {
      expect(work.retryAfterMs("BULK")).toBeUndefined();
      work.enter(1);
    }
  });

  it("P23 lets less in while what is in hand takes long, and more again once it does not", () => {
    const world = setUp();
    const atFirst = roomFor(world.work, "NORMAL");
    workOff(world, { count: 3_000, tookMs: 400, rounds: 10 });
    const late = roomFor(world.work, "NORMAL");
    expect(late).toBeLessThan(1_000);
    workOff(world, { count: 10, tookMs: 5, rounds: 2_000 });
    expect(roomFor(world.work, "NORMAL")).toBe(atFirst);
  });

  it("never refuses what a few busy clients have in flight, however slow the machine", () => {
    const world = setUp();
    workOff(world, { count: 128, tookMs: 30_000, rounds: 100 });
    for (const lane of lanes) expect(roomFor(world.work, lane)).toBeGreaterThan(600);
    for (let call = 0; call < 16; call++) world.work.enter(500);
    expect(world.work.retryAfterMs("BULK")).toBeUndefined();
  });

  it("P27 refuses BULK before NORMAL, and NORMAL before OTP", () => {
    const world = setUp();
    workOff(world, { count: 3_000, tookMs: 400, rounds: 10 });
    const rooms = lanes.map((lane) => roomFor(world.work, lane));
    expect(rooms).toEqual(rooms.toSorted((left, right) => right - left));
    expect(new Set(rooms).size).toBe(lanes.length);
  });

  it("asks those who can wait to stay away longer, each for another time", () => {
    const draws = [0, 0.5, 0.999];
    const { work } = setUp(() => draws.shift() ?? 0);
    for (let count = 0; count < 20_000; count++) work.enter(1);
    expect(work.retryAfterMs("BULK")).toBe(2_000);
    expect(work.retryAfterMs("NORMAL")).toBe(1_000);
    expect(work.retryAfterMs("OTP")).toBe(375);
  });

  it("asks all to stay away longer while most are refused, and no longer once that is over", () => {
    const world = setUp();
    workOff(world, { count: 3_000, tookMs: 400, rounds: 10 });
    /** The delay that the last of so many is told. */
    const refuse = (count: number) => {
      const places = Array.from({ length: 2_000 }, () => world.work.enter(1));
      let delayMs = 0;
      for (let refused = 0; refused < count; refused++) delayMs = world.work.retryAfterMs("NORMAL") ?? 0;
      for (const place of places) place.leave();
      return delayMs;
    };
    expect(refuse(20_000)).toBe(1_000);
    workOff(world, { count: 100, tookMs: 400, rounds: 1 });
    expect(refuse(1)).toBeGreaterThan(4_000);
    workOff(world, { count: 1_000, tookMs: 200, rounds: 500 });
    expect(refuse(1)).toBe(1_000);
  });

  it("counts a place once, however often it is left", () => {
    const { work } = setUp();
    const place = work.enter(1);
    work.enter(1);
    place.leaveStored();
    place.leave();
    place.leaveStored();
    expect(work.figures().units).toBeCloseTo(1.02);
  });

  it("is tight well before anything is refused", () => {
    const { work } = setUp();
    while (!work.isTight()) work.enter(1);
    expect(lanes.map((lane) => work.retryAfterMs(lane))).toEqual([undefined, undefined, undefined]);
  });
});
