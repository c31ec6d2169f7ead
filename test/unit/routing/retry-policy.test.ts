import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toGatewayId } from "../../../src/domain/ids.ts";
import { type DeliveryProgress, noProgress } from "../../../src/domain/message.ts";
import { backoffMs, chooseCandidate, defaultRetrySettings } from "../../../src/routing/retry-policy.ts";
import type { Candidate } from "../../../src/routing/select-gateways.ts";

const a = toGatewayId("a");
const b = toGatewayId("b");
const plan = {
  encoding: "gsm7",
  singleShift: undefined,
  lockingShift: undefined,
  concatenation: undefined,
  segments: [],
  forcingCharacters: [],
  substitutions: [],
  udh: new Uint8Array(0),
} as const;
const candidates: readonly Candidate[] = [a, b].map((gatewayId) => ({ gatewayId, plan, notNow: undefined }));
const after = (refusals: Record<string, number>): DeliveryProgress => ({
  ...noProgress,
  temporaryRefusals: refusals,
});
const choose = (refusals: Record<string, number>, lane: "OTP" | "NORMAL", preferred = a) =>
  chooseCandidate(candidates, after(refusals), lane, preferred, defaultRetrySettings)?.gatewayId;

describe("chooseCandidate", () => {
  it("P13 retries twice at the same gateway, then goes to the next, then begins another round", () => {
    expect(choose({ a: 1 }, "NORMAL")).toBe("a");
    expect(choose({ a: 2 }, "NORMAL")).toBe("a");
    expect(choose({ a: 3 }, "NORMAL")).toBe("b");
    expect(choose({ a: 3, b: 2 }, "NORMAL", b)).toBe("b");
    expect(choose({ a: 3, b: 3 }, "NORMAL", b)).toBe("b");
    expect(choose({ a: 3, b: 6 }, "NORMAL", b)).toBe("a");
  });

  it("P13 takes the next gateway at once in the OTP lane", () => {
    expect(choose({ a: 1 }, "OTP")).toBe("b");
    expect(choose({ a: 1, b: 2 }, "OTP", b)).toBe("a");
  });

  it("takes one that can send before one that cannot, whatever their rounds", () => {
    const oneDown: readonly Candidate[] = [
      { gatewayId: a, plan, notNow: "DOWN" },
      { gatewayId: b, plan, notNow: undefined },
    ];
    const chosen = chooseCandidate(oneDown, after({ b: 9 }), "NORMAL", a, defaultRetrySettings);
    expect(chosen?.gatewayId).toBe("b");
  });

  it("stays in the queue where the delivery stands among equals, and has no answer without candidates", () => {
    expect(choose({}, "NORMAL", b)).toBe("b");
    expect(chooseCandidate([], noProgress, "NORMAL", a, defaultRetrySettings)).toBeUndefined();
  });
});

describe("backoffMs", () => {
  it("doubles up to its limit, half of it jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, r) => {
          const full = Math.min(60_000, 1_000 * 2 ** Math.min(n - 1, 30));
          const wait = backoffMs(n, r, defaultRetrySettings);
          expect(wait).toBeGreaterThanOrEqual(full / 2);
          expect(wait).toBeLessThanOrEqual(full);
        },
      ),
    );
    expect(backoffMs(0, 0.5, defaultRetrySettings)).toBe(0);
  });
});
