import { describe, expect, it } from "vitest";
import { formatMessageId } from "../../../src/smsc/message-id.ts";
import { DEFAULT_RULES, DELIVERED, ruleFor } from "../../../src/smsc/outcome-rules.ts";
import { createRandom } from "../../../src/smsc/random.ts";

describe("outcome rules", () => {
  it("match by prefix, by suffix, by both, and the first one counts", () => {
    const rules = [
      { prefix: "47", suffix: "1", state: "UNDELIV" },
      { prefix: "47", state: "EXPIRED" },
      { suffix: "1", state: "REJECTD" },
    ] as const;
    expect(ruleFor("4790001", rules).state).toBe("UNDELIV");
    expect(ruleFor("4790002", rules).state).toBe("EXPIRED");
    expect(ruleFor("4690001", rules).state).toBe("REJECTD");
    expect(ruleFor("4690002", rules)).toBe(DELIVERED);
    expect(ruleFor("anything", [...rules, { state: "DELETED" }]).state).toBe("DELETED");
  });

  it("have a default for every refusal that an ESME should know", () => {
    const statuses = DEFAULT_RULES.map(({ submitStatus }) => submitStatus).filter((s) => s !== undefined);
    expect(statuses).toEqual([0x0b, 0x08, 0x45, 0x58, 0x14, 0x65]);
    expect(ruleFor("4790000001", DEFAULT_RULES)).toBe(DELIVERED);
  });
});

describe("message ids", () => {
  it("are the same number in each notation", () => {
    const notations = ["decimal", "hex", "upperHex", "padded", "empty"] as const;
    expect(notations.map((notation) => formatMessageId(2591, notation))).toEqual([
      "2591",
      "a1f",
      "A1F",
      "00000000000000002591",
      "",
    ]);
  });
});

describe("the simulator's chance", () => {
  it("repeats with its seed and covers its range evenly", () => {
    const [a, b, c] = [createRandom(1), createRandom(1), createRandom(2)];
    const draw = (random: () => number) => Array.from({ length: 1_000 }, random);
    const first = draw(a);
    expect(draw(b)).toEqual(first);
    expect(draw(c)).not.toEqual(first);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1);
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });
});
