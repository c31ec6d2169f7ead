import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPolicy, type PolicyInput, parsePolicy, readPolicy } from "../../../src/policy/parse-policy.ts";

const whole: PolicyInput = {
  registeredSendersOnly: true,
  defaultSender: "ACME",
  oneTimePasswordsOnly: false,
  regions: { allowed: ["NL", "BE", "NL"], denied: [] },
  defaultRegionCode: "NL",
  numberForms: "ANY",
  assumeNational: true,
  numberTypes: { allowed: ["MOBILE"] },
  contentCategories: { denied: ["ADVERTISEMENT"] },
  maxRecipients: 500,
  maxSegments: 3,
  maxTextLength: 480,
  quietHours: { fromMinute: 1_260, untilMinute: 480 },
};

function faultsOf(input: PolicyInput): readonly string[] {
  const result = parsePolicy(input);
  return result.kind === "refused" ? result.faults.map(({ field, rule }) => `${field} ${rule}`) : [];
}

describe("a policy", () => {
  it("is kept as it was given, with the values of lists once and in order", () => {
    const result = parsePolicy(whole);
    if (result.kind === "refused") expect.fail(JSON.stringify(result.faults));
    expect(result.policy).toEqual({
      registeredSendersOnly: true,
      defaultSender: "ACME",
      oneTimePasswordsOnly: false,
      regions: { allowed: ["BE", "NL"] },
      defaultRegionCode: "NL",
      numberForms: "ANY",
      assumeNational: true,
      numberTypes: { allowed: ["MOBILE"] },
      contentCategories: { denied: ["ADVERTISEMENT"] },
      maxRecipients: 500,
      maxSegments: 3,
      maxTextLength: 480,
      quietHours: { fromMinute: 1_260, untilMinute: 480 },
    });
    expect(readPolicy(formatPolicy(result.policy))).toEqual(result.policy);
  });

  it("leaves out what is unset, and lists without values", () => {
    const empty = { regions: { allowed: [], denied: [] }, numberTypes: {}, defaultRegionCode: undefined };
    expect(parsePolicy({ ...empty, maxRecipients: undefined })).toEqual({ kind: "parsed", policy: {} });
  });

  it.each<[PolicyInput, string]>([
    [
      { regions: { allowed: ["NL", "XX"] } },
      "regions.allowed[1] must be the code of a country in two capital letters such as SE (ISO 3166-1)",
    ],
    [
      { regions: { denied: ["nl"] } },
      "regions.denied[0] must be the code of a country in two capital letters such as SE (ISO 3166-1)",
    ],
    [
      { regions: { allowed: ["NL"], denied: ["BE"] } },
      "regions must have allowed or denied values, not both",
    ],
    [
      { defaultRegionCode: "constructor" },
      "default_region_code must be the code of a country in two capital letters such as SE (ISO 3166-1)",
    ],
    [{ numberForms: "UNRECOGNIZED" }, "number_forms must be unset, E164 or ANY"],
    [
      { assumeNational: true, numberForms: "ANY" },
      "assume_national wants number_forms ANY and a default_region_code",
    ],
    [
      { assumeNational: true, defaultRegionCode: "NL" },
      "assume_national wants number_forms ANY and a default_region_code",
    ],
    ...["US", "ES", "NO", "IT", "SG"].map((code): [PolicyInput, string] => [
      { numberForms: "ANY", defaultRegionCode: code },
      `assume_national must be true: national numbers of ${code} do not begin with a 0, and would be read as international ones`,
    ]),
    [{ defaultValidityMs: 59_999 }, "default_validity must be 60 seconds to 72 hours, in whole milliseconds"],
    [
      { defaultValidityMs: Number.NaN },
      "default_validity must be 60 seconds to 72 hours, in whole milliseconds",
    ],
    [
      { numberTypes: { allowed: ["FAX"] } },
      "number_types.allowed[0] must be one of MOBILE, FIXED_LINE, SPECIAL, UNKNOWN",
    ],
    [
      { contentCategories: { denied: [""] } },
      "content_categories.denied[0] must be one of INFORMATIONAL, ADVERTISEMENT",
    ],
    [{ maxRecipients: 0 }, "max_recipients must be 1 to 1000"],
    [{ maxRecipients: 1_001 }, "max_recipients must be 1 to 1000"],
    [{ maxSegments: 256 }, "max_segments must be 1 to 255"],
    [{ maxTextLength: -1 }, "max_text_length must be 1 to 2000"],
    [{ quietHours: { fromMinute: 1_440, untilMinute: 1 } }, "quiet_hours.from_minute must be 0 to 1439"],
    [{ quietHours: { fromMinute: 1, untilMinute: -1 } }, "quiet_hours.until_minute must be 0 to 1439"],
    [
      { quietHours: { fromMinute: 60, untilMinute: 60 } },
      "quiet_hours must end at another minute than it begins",
    ],
  ])("with %j is refused: %s", (input, fault) => {
    expect(faultsOf(input)).toEqual([fault]);
  });

  it.each<PolicyInput>([
    { numberForms: "ANY", defaultRegionCode: "NL" },
    { numberForms: "ANY", defaultRegionCode: "US", assumeNational: true },
    { numberForms: "E164", defaultRegionCode: "US" },
    { numberForms: "ANY", defaultRegionCode: "" },
    { defaultRegionCode: "", defaultSender: "" },
  ])("may be %j, and is read as it was set", (input) => {
    const result = parsePolicy(input);
    expect(result).toEqual({ kind: "parsed", policy: input });
    if (result.kind === "parsed") expect(readPolicy(formatPolicy(result.policy))).toEqual(input);
  });

  it("is refused whole, with every fault in the order of its fields", () => {
    const fields = faultsOf({
      ...{ maxSegments: 0, defaultSender: "!", regions: { allowed: ["XX"] }, numberForms: "x" },
    }).map((fault) => fault.split(" ")[0]);
    expect(fields).toEqual(["regions.allowed[0]", "number_forms", "default_sender", "max_segments"]);
  });

  it.each([
    ['{"sendsOnMondays":true}', "which is not known here"],
    ['{"maxSegments":0}', "is faulty: max_segments"],
    ['{"regions":{"prefixes":["+4670"]}}', "has what is not known here"],
    ['{"regions":null}', "has what is not known here"],
    ['{"quietHours":{"fromMinute":1,"untilMinute":2,"days":[1]}}', "has what is not known here"],
    ["[]", "is no object"],
    ["null", "is no object"],
  ])("that a store holds as %s is not read as anything else", (json, why) => {
    expect(() => readPolicy(json)).toThrow(why);
  });

  it("comes back from its JSON as it was, whatever is in it", () => {
    const countries = fc.subarray(["NL", "BE", "SE", "IT", "US"], { minLength: 1 });
    const minute = fc.nat({ max: 1_439 });
    const input: fc.Arbitrary<PolicyInput> = fc.record({
      oneTimePasswordsOnly: fc.option(fc.boolean(), { nil: undefined }),
      regions: fc.option(
        fc.oneof(
          countries.map((allowed) => ({ allowed })),
          countries.map((denied) => ({ denied })),
        ),
        { nil: undefined },
      ),
      maxSegments: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
      quietHours: fc.option(
        fc
          .tuple(minute, minute)
          .filter(([fromMinute, untilMinute]) => fromMinute !== untilMinute)
          .map(([fromMinute, untilMinute]) => ({ fromMinute, untilMinute })),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(input, (given) => {
        const result = parsePolicy(given);
        if (result.kind === "refused") expect.fail(JSON.stringify(result.faults));
        expect(readPolicy(formatPolicy(result.policy))).toEqual(result.policy);
      }),
    );
  });
});
