import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serviceConfig } from "../../../src/client/service-config.ts";
import { contractMethods } from "../../support/contract-methods.ts";

const retried = serviceConfig.methodConfig.flatMap(({ name }) =>
  name.map(({ service, method }) => `/${service}/${method}`),
);

describe("the gRPC service config", () => {
  it("has what the contract's descriptors call repeatable tried again, and nothing else", () => {
    const repeatable = contractMethods.filter(
      ({ idempotencyLevel }) => idempotencyLevel !== "IDEMPOTENCY_UNKNOWN",
    );
    expect(retried.toSorted()).toEqual(repeatable.map(({ path }) => path).toSorted());
    expect(retried).toContain("/smsrelay.v1.SmsService/GetStatus");
  });

  it("never has gRPC itself repeat a SendSms, a stream, or what makes something", () => {
    expect(retried.filter((path) => /\/(Send|Create|Stream)/.test(path))).toEqual([]);
    // A method config without a method's name holds for all of a service.
    expect(retried.filter((path) => path.endsWith("/undefined") || path.endsWith("/"))).toEqual([]);
  });

  it("tries again on UNAVAILABLE alone", () => {
    const policies = serviceConfig.methodConfig.map(({ retryPolicy }) => retryPolicy.retryableStatusCodes);
    expect(policies).toEqual([["UNAVAILABLE"]]);
  });

  it("stands in proto/ as it is; `npm run generate` writes it", () => {
    expect(JSON.parse(readFileSync("proto/service-config.json", "utf8"))).toEqual(serviceConfig);
  });
});
