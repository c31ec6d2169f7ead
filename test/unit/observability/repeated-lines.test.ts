import { describe, expect, it } from "vitest";
import { createLogger } from "../../../src/observability/logger.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const minuteMs = 60_000;

function capture() {
  const lines: Record<string, unknown>[] = [];
  const clock = createFakeClock();
  const log = createLogger({
    level: "info",
    showRecipients: false,
    isTerminal: false,
    clock,
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { lines, clock, log };
}

describe("Lines that may repeat with traffic", () => {
  it("come once at once and once a minute with their number and what the last one said", () => {
    const { lines, clock, log } = capture();
    for (let id = 1; id <= 200; id++) log.often.warn({ gateway: "north", id }, "Odd.");
    expect(lines).toMatchObject([{ level: "warn", gateway: "north", id: 1 }]);
    expect(lines[0]).not.toHaveProperty("count");
    clock.advance(minuteMs);
    expect(lines.slice(1)).toMatchObject([
      { level: "warn", gateway: "north", id: 200, count: 199, msg: "Odd." },
    ]);
    log.often.warn({ gateway: "north", id: 201 }, "Odd.");
    clock.advance(minuteMs - 1);
    expect(lines).toHaveLength(2);
    clock.advance(1);
    expect(lines).toHaveLength(3);
  });

  it("are told at once again after a minute without one, and leave no timer behind", () => {
    const { lines, clock, log } = capture();
    log.often.info({}, "Odd.");
    clock.advance(minuteMs);
    expect(clock.waiting).toBe(0);
    log.often.info({}, "Odd.");
    expect(lines).toHaveLength(2);
  });

  it("differ by gateway, reason, kind of error and what a child carries", () => {
    const { lines, log } = capture();
    const away = Object.assign(new Error("away"), { code: "ECONNREFUSED" });
    for (let round = 0; round < 3; round++) {
      log.often.warn({ gateway: "north" }, "Odd.");
      log.often.warn({ gateway: "south" }, "Odd.");
      log.child({ gateway: "east" }).often.warn({}, "Odd.");
      log.often.warn({ reason: "reset" }, "Odd.");
      log.often.warn({ err: new TypeError("x") }, "Odd.");
      log.often.warn({ err: away }, "Odd.");
      log.often.error({ gateway: "north" }, "Odd.");
    }
    expect(lines).toHaveLength(7);
  });

  it("are bounded in number whatever they carry", () => {
    const { lines, clock, log } = capture();
    for (let id = 0; id < 5_000; id++) log.often.warn({ reason: `reason ${id}` }, "Odd.");
    expect(lines).toHaveLength(1_001);
    clock.advance(minuteMs);
    expect(lines.slice(1_001)).toMatchObject([{ count: 3_999 }]);
  });

  it("are told when the log ends", () => {
    const { lines, clock, log } = capture();
    for (let round = 0; round < 3; round++) log.often.warn({}, "Odd.");
    log.flush();
    log.flush();
    expect(lines).toMatchObject([{}, { count: 2 }]);
    expect(clock.waiting).toBe(0);
  });
});
