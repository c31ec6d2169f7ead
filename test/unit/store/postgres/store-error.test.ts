import { describe, expect, it } from "vitest";
import { SmsError } from "../../../../src/domain/errors.ts";
import {
  ChangedMeanwhileError,
  storeErrorOf,
  UnknownCommitError,
} from "../../../../src/store/postgres/store-error.ts";

function reported(code: string): Error {
  return Object.assign(new Error("as the server says it"), { code });
}

describe("what a failed batch means to callers", () => {
  it.each([
    ["rows that others changed at every try", new ChangedMeanwhileError()],
    ["a deadlock at every try", reported("40P01")],
    ["a serialization failure at every try", reported("40001")],
    ["a commit without an answer", new UnknownCommitError([], new Error("closed"))],
    ["a server that shuts down", reported("57P01")],
    ["a socket that closed", new Error("Connection terminated unexpectedly")],
  ])("another try may succeed: %s", (_, error) => {
    const told = storeErrorOf(error);
    expect(told).toBeInstanceOf(SmsError);
    expect(told).toMatchObject({ code: "SERVICE_UNAVAILABLE", details: { retryAfterMs: 1_000 } });
  });

  it.each([
    ["a broken constraint", reported("23505")],
    ["a wrong statement", reported("42601")],
    ["a fault of the program", new TypeError("undefined is not a function")],
  ])("it is the service's own fault: %s", (_, error) => {
    expect(storeErrorOf(error)).toBe(error);
  });
});
