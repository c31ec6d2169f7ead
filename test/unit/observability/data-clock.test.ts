import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/observability/clock.ts";
import { createDataClock } from "../../../src/observability/data-clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A machine whose wall clock is set by the test. */
function setUp() {
  const fake = createFakeClock();
  let setByMs = 0;
  const machine: Clock = { ...fake, monotonic: () => fake.monotonic(), now: () => fake.now() + setByMs };
  return {
    fake,
    clock: createDataClock(machine, silentLogger),
    setBy(ms: number) {
      setByMs += ms;
    },
  };
}

describe("the clock of what is stored", () => {
  it("P60 judges nothing by its age for ten minutes after the machine's clock jumped, in either direction", () => {
    for (const jumpMs of [dayMs, -dayMs, minuteMs + 1]) {
      const { fake, clock, setBy } = setUp();
      expect(clock.sweepTimeMs()).toBe(clock.now());
      setBy(jumpMs);
      expect(clock.sweepTimeMs()).toBeUndefined();
      fake.advance(10 * minuteMs - 1);
      expect(clock.sweepTimeMs()).toBeUndefined();
      fake.advance(1);
      expect(clock.sweepTimeMs()).toBe(clock.now());
      expect(clock.jumpCount).toBe(1);
    }
  });

  it("begins the ten minutes anew where the clock is set right again", () => {
    const { fake, clock, setBy } = setUp();
    setBy(dayMs);
    expect(clock.sweepTimeMs()).toBeUndefined();
    fake.advance(5 * minuteMs);
    setBy(-dayMs);
    expect(clock.sweepTimeMs()).toBeUndefined();
    fake.advance(9 * minuteMs);
    expect(clock.sweepTimeMs()).toBeUndefined();
    fake.advance(minuteMs);
    expect(clock.sweepTimeMs()).toBe(clock.now());
  });

  it("takes small steps and time that passed as they are", () => {
    const { fake, clock, setBy } = setUp();
    for (let hour = 0; hour < 48; hour += 1) {
      setBy(30_000);
      expect(clock.sweepTimeMs()).toBe(clock.now());
      fake.advance(60 * minuteMs);
    }
    expect(clock.jumpCount).toBe(0);
  });

  it("P60 follows the database's clock, whatever the machine's shows", () => {
    const { fake, clock, setBy } = setUp();
    const databaseMs = fake.now() - 25 * 60 * minuteMs;
    const read = (timeMs: number, tookMs = 2) => {
      const sentMs = fake.monotonic();
      fake.advance(tookMs);
      clock.adopt({ timeMs, sentMs, receivedMs: fake.monotonic() });
    };
    read(databaseMs + 1.3);
    expect(clock.now()).toBe(databaseMs + 2);
    setBy(dayMs);
    fake.advance(1_000);
    expect(clock.now()).toBe(databaseMs + 1_002);
    expect(clock.sweepTimeMs()).toBe(databaseMs + 1_002);
    // An answer that took 8 s says nothing against it.
    read(databaseMs + 9_000, 8_000);
    expect(clock.now()).toBe(databaseMs + 9_002);
    read(databaseMs + 9_502);
    expect(clock.now()).toBe(databaseMs + 9_502);
    expect(clock.jumpCount).toBe(0);
    read(databaseMs + dayMs);
    expect(clock.now() - databaseMs - dayMs).toBeLessThanOrEqual(2);
    expect(clock.sweepTimeMs()).toBeUndefined();
    expect(clock.jumpCount).toBe(1);
  });
});
