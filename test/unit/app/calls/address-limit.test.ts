import { describe, expect, it } from "vitest";
import { createAddressLimit } from "../../../../src/app/calls/address-limit.ts";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function setUp(perSecond: number) {
  const clock = createFakeClock();
  const limit = createAddressLimit(perSecond, clock, createCallerAddresses(["10.9.0.0/16"]));
  if (limit === undefined) throw new RangeError("there is no limit");
  return { clock, limit };
}

/** How many of so many calls are let in. */
function letIn({ limit }: ReturnType<typeof setUp>, address: string | undefined, calls: number): number {
  return Array.from({ length: calls }, () => limit.waitMs(address)).filter((wait) => wait === undefined)
    .length;
}

describe("the limit of an address", () => {
  it("is off where the configuration says nothing", () => {
    expect(createAddressLimit(undefined, createFakeClock(), createCallerAddresses([]))).toBeUndefined();
  });

  it.each([1, 3, 7, 1_000])(
    "lets %i calls come at once, and as many in each second from then on",
    (perSecond) => {
      const world = setUp(perSecond);
      expect(letIn(world, "192.0.2.1", perSecond + 10)).toBe(perSecond);
      let more = 0;
      for (let ms = 0; ms < 10_000; ms++) {
        world.clock.advance(1);
        more += letIn(world, "192.0.2.1", 3);
      }
      expect(more).toBe(10 * perSecond);
    },
  );

  it.each([1, 3, 7, 600])("tells those beyond %i a second a wait after which they get in", (perSecond) => {
    const { clock, limit } = setUp(perSecond);
    for (let calls = 0; calls < 5 * perSecond; calls++) {
      const waitMs = limit.waitMs("192.0.2.1");
      if (waitMs === undefined) continue;
      expect(Number.isInteger(waitMs) && waitMs > 0).toBe(true);
      clock.advance(waitMs);
      expect(limit.waitMs("192.0.2.1")).toBeUndefined();
    }
  });

  it("counts each address by itself, a network of 2^64 in IPv6, and neither proxies nor what has none", () => {
    const world = setUp(2);
    expect(letIn(world, "192.0.2.1", 5)).toBe(2);
    expect(letIn(world, "192.0.2.2", 5)).toBe(2);
    expect(letIn(world, "2001:db8:0:1::1", 2) + letIn(world, "2001:0db8::1:ffff:0:0:2", 2)).toBe(2);
    expect(letIn(world, "2001:db8:0:2::1", 5)).toBe(2);
    expect(letIn(world, "10.9.0.1", 50)).toBe(50);
    expect(letIn(world, undefined, 50)).toBe(50);
  });

  it("knows ten thousand addresses at most, of which the one that was let in longest ago is forgotten", () => {
    const world = setUp(1);
    expect(letIn(world, "192.0.2.1", 2)).toBe(1);
    for (let i = 0; i < 9_999; i++) letIn(world, `10.0.${i >> 8}.${i & 255}`, 1);
    expect(letIn(world, "192.0.2.1", 1)).toBe(0);
    letIn(world, "203.0.113.9", 1);
    expect(letIn(world, "192.0.2.1", 1)).toBe(1);
  });
});
