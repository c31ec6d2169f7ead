import { describe, expect, it } from "vitest";
import { statusCode, statusCodes } from "../../../src/domain/status-code.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";

describe("the table of status codes", () => {
  it("holds each number and name once", () => {
    expect(new Set(statusCodes.map((code) => code.number)).size).toBe(statusCodes.length);
    expect(new Set(statusCodes.map((code) => code.name)).size).toBe(statusCodes.length);
  });

  it("agrees with the contract's enum, both ways", () => {
    const contract = Object.entries(SmsStatusCode)
      .filter(([, number]) => number > 0)
      .map(([name, number]) => `${number} ${name.replace("SMS_STATUS_CODE_", "")}`);
    expect(contract.toSorted()).toEqual(statusCodes.map((code) => `${code.number} ${code.name}`).toSorted());
  });

  it("never tells a client to retry what a stock retry policy would send twice", () => {
    expect(statusCode("ALL_GATEWAYS_FAILED")).toMatchObject({
      grpcCode: "FAILED_PRECONDITION",
      isRetryable: false,
    });
  });
});
