import { describe, expect, it } from "vitest";
import { parseSendRequest } from "../../../../../src/app/sending/request/parse-send-request.ts";
import type { SendRequest, SendSmsInput } from "../../../../../src/app/sending/request/send-request.ts";
import { unkeyedRequestHash } from "../../../../../src/app/sending/unkeyed-request-hash.ts";
import type { AccountPolicy } from "../../../../../src/policy/policy.ts";

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
  contentCategory: "INFORMATIONAL",
  canonical: "",
  regionCode: "",
  senderType: undefined,
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

  it("takes a country for numbers in national form, where the policy takes them", () => {
    const policy = { numberForms: "ANY" } as const;
    const dutch = { recipients: ["0612345678"], regionCode: "NL" };
    const faultsUnder = (input: Partial<SendSmsInput>, under: AccountPolicy) => {
      const result = parseSendRequest(
        { ...good, ...input },
        { maxRecipients: 10, purpose: "call", policy: under },
      );
      return result.kind === "parsed"
        ? result.request.recipients
        : result.violations.map(({ field, reason }) => `${field} ${reason}`);
    };
    expect(faultsUnder(dutch, policy)).toEqual(["+31612345678"]);
    expect(faultsUnder(dutch, { ...policy, defaultRegionCode: "DE" })).toEqual(["+31612345678"]);
    expect(faultsUnder({ ...dutch, regionCode: "" }, policy)).toEqual(["recipients[0] INVALID_RECIPIENT"]);
    expect(faultsUnder(dutch, {}), "E.164 only").toEqual(["recipients[0] INVALID_RECIPIENT"]);
    expect(faultsUnder({ regionCode: "NL" }, {})).toHaveLength(1);
    expect(faultsUnder({ ...dutch, regionCode: "XX" }, policy)).toEqual([
      "recipients[0] INVALID_RECIPIENT",
      "region_code INVALID_PARAMETER",
    ]);
    const american = { recipients: ["2015550123"], regionCode: "US" };
    expect(faultsUnder(american, policy)).toContain("region_code INVALID_PARAMETER");
    const assuming = { ...policy, defaultRegionCode: "NL", assumeNational: true };
    expect(faultsUnder(american, assuming)).toEqual(["+12015550123"]);
  });

  it.each([
    ["701234567", "NATIONAL", []],
    ["ACME", "NATIONAL", ["sender_type INVALID_SENDER"]],
    ["ACME", "UNRECOGNIZED", ["sender_type INVALID_SENDER"]],
    ["!", "NATIONAL", ["sender INVALID_SENDER"]],
    ["", "NATIONAL", ["sender PARAMETER_MISSING", "sender_type INVALID_PARAMETER"]],
  ] as const)("judges the sender %j as %s", (sender, senderType, expected) => {
    expect(faults({ sender, senderType })).toEqual(expected);
    if (expected.length === 0)
      expect(parsed({ sender, senderType }).sender).toEqual({
        kind: "NUMERIC",
        address: sender,
        type: senderType,
      });
  });

  it("fills in the defaults", () => {
    expect(parsed({})).toMatchObject({
      validityMs: undefined,
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

describe("parseSendRequest for an account with a policy", () => {
  const judged = (policy: AccountPolicy, change: Partial<SendSmsInput>) =>
    parseSendRequest({ ...good, ...change }, { ...unary, policy });
  const faultsOf = (policy: AccountPolicy, change: Partial<SendSmsInput>) => {
    const result = judged(policy, change);
    return result.kind === "parsed"
      ? []
      : result.violations.map(({ field, reason, description }) => `${field} ${reason} ${description}`);
  };

  it("reads numbers in any form, and leaves the recipients of the request as they were written", () => {
    const recipients = ["0612345678", "+31 (0)6 1234 5678", "0031612345678"];
    const result = judged({ numberForms: "ANY", defaultRegionCode: "NL" }, { recipients });
    if (result.kind === "refused") expect.fail(JSON.stringify(result.violations));
    expect(result.request.recipients).toEqual(["+31612345678", "+31612345678", "+31612345678"]);
    expect(faults({ recipients })).toHaveLength(3);
  });

  it("tells what is wrong with a number by the forms that it takes", () => {
    const international = "must be an international number of a length that its country has";
    const any = "must be a number, international or national, of a length that its country has";
    expect(faultsOf({ numberForms: "ANY" }, { recipients: ["0612345678"] })).toEqual([
      `recipients[0] INVALID_RECIPIENT ${international}`,
    ]);
    expect(
      faultsOf({ numberForms: "ANY", defaultRegionCode: "NL" }, { recipients: ["06123", "+4901711234567"] }),
    ).toEqual([`recipients[0] INVALID_RECIPIENT ${any}`, expect.stringContaining("the zero behind")]);
  });

  it("has the narrower of its bounds and the service's, and tells all faults at once", () => {
    const policy: AccountPolicy = { maxRecipients: 2, maxTextLength: 4 };
    const recipients = ["+38640123456", "+38640123457", "+38640123458"];
    expect(faultsOf(policy, { recipients })).toEqual([
      "recipients THROTTLING_TOO_MANY_RECIPIENTS at most 2 recipients are allowed",
      "text INVALID_TEXT must have at most 4 UTF-16 code units",
    ]);
    expect(faultsOf(policy, { content: { kind: "text", text: "hell" } })).toEqual([]);
    const tooLong = { content: { kind: "text", text: "x".repeat(2_001) } } as const;
    expect(faultsOf(policy, tooLong)).toEqual([
      "text INVALID_TEXT must have at most 2,000 UTF-16 code units",
    ]);
  });

  it("takes no unknown content category", () => {
    expect(faults({ contentCategory: "UNRECOGNIZED" })).toEqual([
      "content_category INVALID_CONTENT_CATEGORY",
    ]);
    expect(parsed({ contentCategory: "ADVERTISEMENT" }).contentCategory).toBe("ADVERTISEMENT");
  });
});
