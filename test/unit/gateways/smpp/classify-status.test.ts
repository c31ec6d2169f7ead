import { describe, expect, it } from "vitest";
import { classifyStatus, statusClasses } from "../../../../src/gateways/smpp/classify-status.ts";

const expected: Readonly<Record<string, readonly number[]>> = {
  recipient: [0x0b],
  route: [
    0x01, 0x02, 0x03, 0x06, 0x07, 0x0a, 0x15, 0x43, 0x45, 0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x61, 0x62,
    0x63, 0x65, 0x66, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4,
  ],
  temporary: [0x08, 0x64, 0xfe, 0xff, 0x400, 0x4ff, 0x500, 0x09, 0x55, 0x7fffffff, 0xffffffff],
  throttled: [0x14, 0x58],
  session: [0x04],
  bind: [0x05, 0x0d, 0x0e, 0x0f],
};

describe("classifyStatus", () => {
  for (const [statusClass, statuses] of Object.entries(expected)) {
    it(`P13 calls each of its statuses ${statusClass}`, () => {
      for (const status of statuses)
        expect([status, classifyStatus(status, {})]).toEqual([status, statusClass]);
    });
  }

  it("P15 tells throttling and a full queue from failures", () => {
    expect(classifyStatus(0x58, {})).toBe("throttled");
    expect(classifyStatus(0x14, {})).toBe("throttled");
  });

  it("lets a gateway override a class", () => {
    expect(classifyStatus(0x0b, { 11: "route" })).toBe("route");
  });

  it("lists each status once, in ascending order", () => {
    for (const [index, [first, last]] of statusClasses.entries()) {
      expect(first).toBeLessThanOrEqual(last);
      const next = statusClasses[index + 1];
      if (next !== undefined) expect(last).toBeLessThan(next[0]);
    }
  });
});
