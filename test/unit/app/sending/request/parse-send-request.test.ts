import { describe, expect, it } from "vitest";
import { parseSendRequest } from "../../../../../src/app/sending/request/parse-send-request.ts";
import type { SendRequest, SendSmsInput } from "../../../../../src/app/sending/request/send-request.ts";
import { unkeyedRequestHash } from "../../../../../src/app/sending/unkeyed-request-hash.ts";

const good: SendSmsInput = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { kind: "text", text: "hello" },
  requestId: "",
  clientReference: "",
  lane: "NORMAL",
  validityMs: undefined,
  encoding: "auto",
  transliterate: false,
  maxSegments: 0,
  premium: false,
  duplicatePolicy: "AT_LEAST_ONCE",
  allowPartial: false,
  waitFor: "ACCEPTED",
  dryRun: false,
  metadata: {},
  canonical: "",
  wireFaults: [],
};
const unary = { maxRecipients: 1_000, purpose: "call" } as const;

function parsed(change: Partial<SendSmsInput>): SendRequest {
  const result = parseSendRequest({ ...good, ...change }, unary);
  if (result.kind === "refused") throw new Error(JSON.stringify(result.violations));
  return result.request;
}

function faults(change: Partial<SendSmsInput>): readonly string[] {
  const result = parseSendRequest({ ...good, ...change }, unary);
  return result.kind === "parsed" ? [] : result.violations.map(({ field, reason }) => `${field} ${reason}`);
}

describe("parseSendRequest of a message that is looked at", () => {
  const looked = (change: Partial<SendSmsInput>, purpose: "plan" | "route" = "plan") => {
    const rules = { maxRecipients: 1_000, purpose };
    const result = parseSendRequest({ ...good, waitFor: undefined, ...change }, rules);
    return result.kind === "parsed" ? [] : result.violations.map(({ field, reason }) => `${field} ${reason}`);
  };

  it("takes the same fields with the same faults", () => {
    expect(looked({})).toEqual([]);
    expect(looked({ lane: "UNRECOGNIZED", validityMs: 1, metadata: { ä: "" } })).toEqual([
      "lane INVALID_MESSAGE_PRIORITY",
      "validity INVALID_VALIDITY_PERIODE",
      "metadata INVALID_PARAMETER",
    ]);
  });

  it("refuses what only sending has", () => {
    const change = { requestId: "r", allowPartial: true, waitFor: "ACCEPTED", dryRun: true } as const;
    expect(looked(change)).toEqual([
      "request_id INVALID_PARAMETER",
      "allow_partial INVALID_PARAMETER",
      "wait_for INVALID_PARAMETER",
      "dry_run INVALID_PARAMETER",
    ]);
  });

  it("needs neither recipients nor sender for a plan, and both for a route", () => {
    expect(looked({ recipients: [], sender: "" })).toEqual([]);
    expect(looked({ recipients: [], sender: "!" })).toEqual(["sender INVALID_SENDER"]);
    expect(looked({ sender: "" })).toEqual(["sender PARAMETER_MISSING"]);
    expect(looked({ recipients: [], sender: "" }, "route")).toEqual([
      "sender PARAMETER_MISSING",
      "recipients PARAMETER_MISSING",
    ]);
  });
});

describe("parseSendRequest", () => {
  it("refuses a negative number of segments", () => {
    expect(faults({ maxSegments: -1 })).toEqual(["max_segments INVALID_PARAMETER"]);
  });

  it("fills in the defaults", () => {
    expect(parsed({})).toMatchObject({
      validityMs: 86_400_000,
      maxSegments: 32,
      encoding: "auto",
      requestId: undefined,
      clientReference: undefined,
      sender: { kind: "ALPHANUMERIC", address: "ACME" },
    });
  });

  it.each([
    ["+12345", []],
    ["1234567890123456", ["sender INVALID_SENDER"]],
    ["A", []],
    ["Twelve chars", ["sender INVALID_SENDER"]],
    [" ACME", ["sender INVALID_SENDER"]],
    ["AC ME", []],
    ["Ünï", ["sender INVALID_SENDER"]],
    ["", ["sender PARAMETER_MISSING"]],
  ])("judges the sender %j", (sender, expected) => {
    expect(faults({ sender })).toEqual(expected);
  });

  it.each([
    [59_999.9, true],
    [60_000, false],
    [259_200_000, false],
    [259_200_001, true],
    [-1, true],
    [Number.NaN, true],
  ])("judges a validity of %d ms", (validityMs, isRefused) => {
    expect(faults({ validityMs })).toEqual(isRefused ? ["validity INVALID_VALIDITY_PERIODE"] : []);
  });

  it("stores whole milliseconds", () => {
    expect(parsed({ validityMs: 60_000.75 }).validityMs).toBe(60_000);
  });

  it("judges request ids, references and metadata by their bounds", () => {
    expect(faults({ requestId: "x".repeat(64), clientReference: "😀".repeat(128) })).toEqual([]);
    expect(faults({ requestId: "x".repeat(65), clientReference: "é".repeat(129) })).toEqual([
      "request_id INVALID_PARAMETER",
      "client_reference INVALID_MESSAGE_ID",
    ]);
    expect(faults({ requestId: "tab\t" })).toEqual(["request_id INVALID_PARAMETER"]);
    expect(faults({ clientReference: "\ud83d" })).toEqual(["client_reference INVALID_MESSAGE_ID"]);
    expect(faults({ metadata: { "a.b-c_1": "é".repeat(508) } })).toEqual([]);
    expect(faults({ metadata: { "a.b-c_1": "é".repeat(509) } })).toEqual(["metadata INVALID_PARAMETER"]);
    expect(faults({ metadata: { "": "x" } })).toEqual(["metadata INVALID_PARAMETER"]);
  });

  it("refuses an encoding for binary content, and puts the header's length in front", () => {
    const content = { kind: "binary", data: Buffer.from([1]), udh: Buffer.from([4, 2, 0, 1]) } as const;
    expect(faults({ content, encoding: "gsm7" })).toEqual(["encoding INVALID_MESSAGE_TYPE"]);
    expect(parsed({ content }).content).toEqual({
      kind: "binary",
      data: content.data,
      udh: new Uint8Array([4, 4, 2, 0, 1]),
    });
    expect(faults({ content: { ...content, data: new Uint8Array(35_701) } })).toEqual([
      "binary.data INVALID_MESSAGE_SEGMENT",
    ]);
  });
});

describe("unkeyedRequestHash", () => {
  it("is what older releases kept", () => {
    const change = { metadata: { b: "2", a: "1" }, requestId: "x", waitFor: "GATEWAY" } as const;
    expect(unkeyedRequestHash({ ...parsed(change), maxSegments: 30 })).toBe(
      "8fd886b2cbe9fae89763d8a69d8f3c6d86c82e70d67e168e80564afd8d91fe86",
    );
  });
});
