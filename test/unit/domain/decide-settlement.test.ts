import { expect, it } from "vitest";
import { decideSettlement } from "../../../src/domain/decide-settlement.ts";

const retry = { kind: "retry", mayHaveBeenSent: false } as const;
const unknown = { kind: "final", state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" } as const;

it("cancels instead of retrying only where cancelling was asked and nothing may have been sent", () => {
  expect(decideSettlement("QUEUED", false, retry).kind).toBe("requeue");
  expect(decideSettlement("SUBMITTING", true, retry)).toMatchObject({
    kind: "end",
    ending: { state: "CANCELLED" },
  });
  expect(decideSettlement("SUBMITTING", true, { ...retry, mayHaveBeenSent: true }).kind).toBe("requeue");
});

it("ends a submitted delivery at once where no receipts are expected", () => {
  expect(decideSettlement("QUEUED", false, { kind: "submitted", expectsReceipts: true })).toEqual({
    kind: "submit",
    ending: undefined,
  });
  expect(decideSettlement("QUEUED", true, { kind: "submitted", expectsReceipts: false })).toMatchObject({
    ending: { state: "UNKNOWN", reason: "NO_RECEIPTS" },
  });
});

it("lets a claimed delivery end by the steps of SUBMITTING too", () => {
  expect(decideSettlement("QUEUED", false, unknown)).toMatchObject({ kind: "end" });
});

it("P9 takes no step that the transition table lacks", () => {
  expect(() => decideSettlement("SUBMITTED", false, retry)).toThrow(RangeError);
  expect(() => decideSettlement("DELIVERED", false, unknown)).toThrow(RangeError);
  expect(() => decideSettlement("QUEUED", false, { ...unknown, state: "DELIVERED" })).toThrow(RangeError);
});
