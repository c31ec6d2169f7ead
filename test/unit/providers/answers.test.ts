/** What the rules of a profile read out of answers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeAnswer } from "../../../src/providers/judge-answer.ts";
import { parseProfile } from "../../../src/providers/parse-profile.ts";
import { readShipped, shippedNames } from "../../../src/providers/shipped-profiles.ts";
import { readPath } from "../../../src/providers/value-path.ts";
import { profileOf } from "../../support/http-gateway.ts";

const rules = shippedNames().flatMap((name) => {
  const parsed = parseProfile(readShipped(name) ?? "");
  return parsed.kind === "profile" ? [parsed.profile.answer] : [];
});

describe("an answer", () => {
  it("keeps ids that are numbers too long for one as they are written", () => {
    const body = '{"id": 12345678901234567890}';
    expect(judgeAnswer({ status: 200, body, saysWhen: false }, profileOf().answer, "")).toEqual({
      kind: "accepted",
      id: "12345678901234567890",
    });
  });

  it.each([
    [408, { kind: "ambiguous" }],
    [504, { kind: "ambiguous" }],
    [500, { kind: "ambiguous" }],
    [429, { kind: "refused", class: "throttled" }],
    [401, { kind: "refused", class: "credentials" }],
  ])("P12 of a proxy, %i, is not read by rules that name no status", (status, expected) => {
    const parsed = parseProfile(readShipped("websms") ?? "");
    if (parsed.kind !== "profile") return expect.fail("websms is faulty");
    for (const code of [status, 2000, 4002]) {
      const body = JSON.stringify({ statusCode: code, message: "of a proxy", transferId: "t" });
      expect(judgeAnswer({ status, body, saysWhen: false }, parsed.profile.answer, "")).toMatchObject(
        expected,
      );
    }
  });

  it("of whatever content never throws, and is an acceptance only where it is 2xx", () => {
    const body = fc.oneof(fc.json(), fc.string(), fc.constant(undefined));
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, fc.boolean(), (status, text, saysWhen) => {
        for (const each of rules) {
          const { kind } = judgeAnswer({ status, body: text, saysWhen }, each, "+4790000001");
          if (status > 299) expect(kind).not.toBe("accepted");
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a path", () => {
  const root = {
    messages: [
      { to: "4790000001", id: "a" },
      { to: "0047 90000002", id: 2 },
    ],
    ["__proto__x"]: 1,
  };

  it.each([
    ["messages[0].id", ["a"]],
    ["messages[*].id", ["a", "2"]],
    ["messages[to=${recipient}].id", ["2"]],
    ["messages[7].id", []],
    ["messages.id", []],
    ["constructor", []],
    ["messages", [""]],
  ])("%s", (path, expected) => {
    expect(readPath(root, path, "+4790000002")).toEqual(expected);
  });
});
