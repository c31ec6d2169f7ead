import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createMessageIds,
  deliveryIdOf,
  maxDeliveries,
  messageIdOf,
  parseMessageId,
  positionOf,
} from "../../../src/domain/ids.ts";

const fill = (value: number) => (octets: Uint8Array) => void octets.fill(value);

describe("message ids", () => {
  it("are UUIDs of version 7 whose first 48 bits are the time in milliseconds", () => {
    const next = createMessageIds(() => 0x0192_3456_789a, fill(0xff));
    const id = next();
    expect(parseMessageId(id)).toBe(id);
    expect(id.slice(0, 13)).toBe("01923456-789a");
  });

  it("ascend within one millisecond, when the counter runs out, and when the clock steps back", () => {
    let now = 1_800_000_000_000;
    const next = createMessageIds(() => now, fill(0xff));
    let last = next();
    for (let index = 0; index < 10_000; index += 1) {
      if (index === 5_000) now -= 60_000;
      const id = next();
      expect(id > last).toBe(true);
      last = id;
    }
  });

  it("are refused in any other form", () => {
    for (const value of [
      "",
      "x",
      "01923456-789a-4000-8000-000000000000",
      "01923456-789a-7000-8000-00000000000g",
    ]) {
      expect(parseMessageId(value)).toBeUndefined();
    }
  });

  it("are taken in either case, and kept in lower case", () => {
    const id = "01923456-789a-7bcd-8000-0000000000ef";
    expect(parseMessageId(id.toUpperCase())).toBe(id);
  });
});

describe("delivery ids", () => {
  const next = createMessageIds(() => 1_800_000_000_000, fill(7));

  it("give back their message and position", () => {
    const messageId = next();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxDeliveries - 1 }), (position) => {
        const id = deliveryIdOf(messageId, position);
        expect(messageIdOf(id)).toBe(messageId);
        expect(positionOf(id)).toBe(position);
      }),
    );
  });

  it("sort by message, then by position", () => {
    const [first, second] = [next(), next()];
    const ids = [
      deliveryIdOf(first, 9),
      deliveryIdOf(first, 10),
      deliveryIdOf(first, 9_999),
      deliveryIdOf(second, 0),
    ];
    expect(ids.toSorted()).toEqual(ids);
  });
});
