import { describe, expect, it } from "vitest";
import { failureReasonOf } from "../../../src/domain/failure-reason-of.ts";
import {
  contradicts,
  type DecidingReceipt,
  judgeParts,
  type PartToJudge,
} from "../../../src/domain/judge-parts.ts";

function receipt(verdict: DecidingReceipt["verdict"], more: Partial<DecidingReceipt> = {}): DecidingReceipt {
  return {
    verdict,
    stat: verdict,
    err: undefined,
    networkError: undefined,
    doneTimeMs: undefined,
    arrivalTimeMs: 100,
    coversAllParts: false,
    ...more,
  };
}

function part(number: number, of?: DecidingReceipt, isAccepted = true): PartToJudge {
  return { number, isAccepted, receipt: of };
}

describe("judging the parts of a delivery", () => {
  it("P8 waits while a part is open, and for nothing at all", () => {
    expect(judgeParts([])).toBeUndefined();
    expect(judgeParts([part(1, receipt("DELIVERED")), part(2)])).toBeUndefined();
    expect(judgeParts([part(1, receipt("RECORDED"))])).toBeUndefined();
  });

  it("P8 is delivered with all parts, at the last one's time", () => {
    const parts = [
      part(1, receipt("DELIVERED", { doneTimeMs: 9 })),
      part(2, receipt("DELIVERED", { doneTimeMs: 7 })),
    ];
    expect(judgeParts(parts)).toMatchObject({ state: "DELIVERED", reason: undefined, doneTimeMs: 9 });
  });

  it("P8 fails with the part that failed first by arrival, while others are open", () => {
    const parts = [
      part(1, receipt("UNDELIVERABLE", { arrivalTimeMs: 30 })),
      part(2),
      part(3, receipt("EXPIRED", { arrivalTimeMs: 20, doneTimeMs: 5 })),
    ];
    expect(judgeParts(parts)).toMatchObject({ state: "EXPIRED", reason: "VALIDITY_OVER", doneTimeMs: 5 });
  });

  it("lets one receipt stand for all parts where it covers them", () => {
    const covering = receipt("DELIVERED", { coversAllParts: true });
    expect(judgeParts([part(1, covering), part(2), part(3)])?.state).toBe("DELIVERED");
  });

  it("P12 counts a part that was written twice as delivered by either, failed by both only", () => {
    const [good, bad] = [receipt("DELIVERED"), receipt("UNDELIVERABLE")];
    expect(judgeParts([part(1, bad), part(1, good)])?.state).toBe("DELIVERED");
    expect(judgeParts([part(1, good), part(1, bad)])?.state).toBe("DELIVERED");
    expect(judgeParts([part(1, bad), part(1)])).toBeUndefined();
    expect(judgeParts([part(1), part(1, bad)])).toBeUndefined();
    expect(judgeParts([part(1, bad), part(1, bad)])?.state).toBe("UNDELIVERABLE");
  });

  it("looks at accepted parts only", () => {
    expect(judgeParts([part(1, receipt("DELIVERED")), part(2, undefined, false)])?.state).toBe("DELIVERED");
  });

  it("P9 tells a contradiction from a further failure", () => {
    expect(contradicts("DELIVERED", "UNDELIVERABLE")).toBe(true);
    expect(contradicts("UNDELIVERABLE", "DELIVERED")).toBe(true);
    expect(contradicts("DELIVERED", "UNKNOWN")).toBe(true);
    expect(contradicts("UNDELIVERABLE", "EXPIRED")).toBe(false);
    expect(contradicts("DELIVERED", "DELIVERED")).toBe(false);
  });

  it("names a failure by the GSM error code, and never by a bare err", () => {
    const failed = receipt("UNDELIVERABLE", { err: "001" });
    expect(failureReasonOf(failed)).toBe("OTHER");
    expect(failureReasonOf({ ...failed, networkError: { type: 3, code: 1 } })).toBe("UNKNOWN_SUBSCRIBER");
    expect(failureReasonOf({ ...failed, networkError: { type: 1, code: 1 } })).toBe("OTHER");
    expect(failureReasonOf(receipt("REJECTED"))).toBe("REFUSED");
    expect(failureReasonOf(receipt("DELIVERED"))).toBeUndefined();
  });
});
