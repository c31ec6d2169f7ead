import { describe, expect, it } from "vitest";
import { contractMethods } from "../../support/contract-methods.ts";

/** Repeated, they make a second message, key or subscription, unless an id of the caller's says that it is the same. */
const makes = /^(SendSms|SendSmsBatch|RotateKey|Create[A-Za-z]+)$/;
const onlyReads = /^(Get|List|Preview|Explain)/;

describe("the idempotency levels of the contract", () => {
  it("say of each single call whether a client may repeat it by itself, and nothing of those that make something", () => {
    const expected = contractMethods.map(({ name, isUnary }) => {
      if (!isUnary || makes.test(name)) return `${name} IDEMPOTENCY_UNKNOWN`;
      return `${name} ${onlyReads.test(name) ? "NO_SIDE_EFFECTS" : "IDEMPOTENT"}`;
    });
    expect(contractMethods.map(({ name, idempotencyLevel }) => `${name} ${idempotencyLevel}`)).toEqual(
      expected,
    );
    expect(expected).toContain("SendSms IDEMPOTENCY_UNKNOWN");
  });
});
