import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayQueue } from "../../../../src/dispatch/runner/gateway-queue.ts";
import { type Lane, lanes } from "../../../../src/domain/message.ts";

const TOTAL = 1_000;

function openQueue(total = TOTAL): GatewayQueue {
  const queue = new GatewayQueue();
  queue.setPlaces(total);
  return queue;
}

describe("the places of a gateway's lanes", () => {
  it("are lent where a lane does not use its own, but for half of each share", () => {
    const queue = openQueue();
    expect(queue.reserve("NORMAL", 5_000)).toBe(TOTAL - 200 - 100);
    expect(queue.reserve("NORMAL", 1)).toBe(0);
    expect(queue.reserve("OTP", 5_000)).toBe(200);
    expect(queue.reserve("BULK", 5_000)).toBe(100);
  });

  it("come back to their lane as its borrower's deliveries leave", () => {
    const queue = openQueue();
    const borrowed = queue.reserve("NORMAL", 5_000);
    let ofOtp = queue.reserve("OTP", 5_000);
    for (let left = borrowed; left > 500; left -= 50) {
      queue.release("NORMAL", 50);
      expect(queue.reserve("NORMAL", 50)).toBe(0);
      ofOtp += queue.reserve("OTP", 5_000);
    }
    expect(ofOtp).toBe(400);
  });

  it("P23 are never more than there are in all, and never all another's", () => {
    const step = fc.record({
      lane: fc.constantFrom(...lanes),
      reserve: fc.boolean(),
      count: fc.integer({ min: 1, max: 700 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 2_000 }), fc.array(step, { maxLength: 60 }), (total, steps) => {
        const queue = openQueue(total);
        const used: Record<Lane, number> = { OTP: 0, NORMAL: 0, BULK: 0 };
        for (const { lane, reserve, count } of steps) {
          if (reserve) used[lane] += queue.reserve(lane, count);
          else {
            const released = Math.min(count, used[lane]);
            queue.release(lane, released);
            used[lane] -= released;
          }
          expect(used.OTP + used.NORMAL + used.BULK).toBeLessThanOrEqual(total);
          for (const idle of lanes) if (used[idle] === 0) expect(queue.free(idle)).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it("tell a lane what it can have now, so that half of that is worth a claim", () => {
    const queue = openQueue();
    queue.reserve("NORMAL", 5_000);
    expect([queue.capacityOf("OTP"), queue.capacityOf("NORMAL")]).toEqual([200, 700]);
    queue.reserve("OTP", 150);
    expect(queue.capacityOf("OTP")).toBe(200);
  });

  it("are at least one a lane, however few there are", () => {
    const queue = openQueue(1);
    for (const lane of lanes) expect(queue.reserve(lane, 5)).toBe(1);
  });
});
