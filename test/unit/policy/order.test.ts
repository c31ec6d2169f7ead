import metadata from "libphonenumber-js/max/metadata";
import { describe, expect, it } from "vitest";
import type { E164, Sender } from "../../../src/domain/message.ts";
import { compileRules, judgeCall, judgeRecipient } from "../../../src/policy/order.ts";
import type { AccountPolicy } from "../../../src/policy/policy.ts";
import type { CallFacts, RecipientFacts } from "../../../src/policy/rules/rule.ts";
import { compileSenderTable, noSenderTable } from "../../../src/policy/sender-table.ts";
import { zoneOfCountry } from "../../../src/policy/zone-of-country.ts";

const noon = Date.UTC(2026, 10, 30, 12, 0, 30);
const mobile: RecipientFacts = {
  number: "+31612345678" as E164,
  sender: { kind: "ALPHANUMERIC", address: "ACME" },
  country: "NL",
  knownCountry: "NL",
  contentCategory: "INFORMATIONAL",
  lane: "NORMAL",
  suppressions: [],
  nowMs: noon,
};
const call: CallFacts = {
  sender: "ACME",
  recipientCount: 1,
  premium: false,
  isText: true,
  lane: undefined,
  contentCategory: "INFORMATIONAL",
  needsSegments: () => false,
};

const refusedBy = (policy: AccountPolicy, facts: Partial<RecipientFacts>) =>
  judgeRecipient(compileRules(policy), { ...mobile, ...facts })?.rule;
const callFault = (policy: AccountPolicy, facts: Partial<CallFacts>) =>
  judgeCall(compileRules(policy), { ...call, ...facts });

describe("the rules of an account", () => {
  it("take registered senders exactly, and nobody's where only registered ones may be used", () => {
    const approved = new Map([
      ["ACME", undefined],
      ["4670", undefined],
    ]);
    const judged = (policy: AccountPolicy, sender: string | undefined) =>
      judgeCall(compileRules(policy, { approved, table: noSenderTable }), { ...call, sender })?.violations[0]
        ?.reason;
    const only = { registeredSendersOnly: true };
    expect(["ACME", "4670", undefined].map((sender) => judged(only, sender))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    for (const sender of ["acme", "ACM", "46"]) expect(judged(only, sender)).toBe("SENDER_NOT_REGISTERED");
    expect(judged({ registeredSendersOnly: false }, "acme")).toBeUndefined();
    const both = callFault({ ...only, contentCategories: { denied: ["INFORMATIONAL"] } }, { sender: "x" });
    expect(both?.rule, "the category comes first").toBe("CONTENT_CATEGORY");
  });

  it("let everything through where a policy says nothing", () => {
    const rules = compileRules({});
    expect(rules.callRules).toEqual([]);
    expect(rules.judgesAll).toBe(false);
    expect(judgeCall(rules, { ...call, recipientCount: 500, lane: "BULK" })).toBeUndefined();
    expect(judgeRecipient(rules, mobile)).toBeUndefined();
  });

  it.each<[AccountPolicy, Partial<RecipientFacts>, string | undefined]>([
    [{ regions: { allowed: ["NL"] } }, {}, undefined],
    [{ regions: { allowed: ["NL"] } }, { country: "BE", knownCountry: "BE" }, "COUNTRY"],
    [{ regions: { allowed: ["GB"] } }, { country: "GB", knownCountry: undefined }, "COUNTRY"],
    [{ regions: { denied: ["GB"] } }, { country: "GB", knownCountry: undefined }, "COUNTRY"],
    [{ regions: { allowed: ["NL"] } }, { country: undefined, knownCountry: undefined }, "COUNTRY"],
    [{ regions: { denied: ["NL"] } }, {}, "COUNTRY"],
    [{ regions: { denied: ["NL"] } }, { country: undefined }, undefined],
    [{ numberTypes: { allowed: ["MOBILE"] } }, {}, undefined],
    [{ numberTypes: { allowed: ["MOBILE"] } }, { number: "+31600123456" as E164 }, "NUMBER_TYPE"],
    [{ numberTypes: { allowed: ["MOBILE"] } }, { number: "+14155550123" as E164, country: "US" }, undefined],
    [{ numberTypes: { denied: ["SPECIAL"] } }, { number: "+31900123456" as E164 }, "NUMBER_TYPE"],
    [{ numberTypes: { denied: ["SPECIAL"] } }, { number: "+31600123456" as E164 }, undefined],
  ])("with %j judge %j as %s", (policy, facts, rule) => {
    expect(refusedBy(policy, facts)).toBe(rule);
  });

  it("keep suppressed numbers from messages of their categories, and what handsets said from all but one-time passwords", () => {
    const said = (contentCategories: readonly string[], source: "CALL" | "HANDSET" = "CALL") => [
      { contentCategories, source },
    ];
    const ruleOf = (facts: Partial<RecipientFacts>) => refusedBy({}, facts);
    expect(judgeRecipient(compileRules({}), { ...mobile, suppressions: said([]) })).toMatchObject({
      rule: "SUPPRESSION",
      code: "RECIPIENTS_BLACKLISTED",
    });
    const advertised = said(["ADVERTISEMENT"]);
    expect(ruleOf({ suppressions: advertised })).toBeUndefined();
    expect(ruleOf({ suppressions: advertised, contentCategory: "ADVERTISEMENT" })).toBe("SUPPRESSION");
    expect(ruleOf({ suppressions: said([]), lane: "OTP" }), "by a call").toBe("SUPPRESSION");
    expect(ruleOf({ suppressions: said([], "HANDSET") })).toBe("SUPPRESSION");
    expect(ruleOf({ suppressions: said([], "HANDSET"), lane: "OTP" })).toBeUndefined();
    const both = [...said([], "HANDSET"), ...said([])];
    expect(ruleOf({ suppressions: both, lane: "OTP" })).toBe("SUPPRESSION");
    const belgian: AccountPolicy = { numberTypes: { allowed: ["FIXED_LINE"] } };
    expect(refusedBy(belgian, { suppressions: said([]) }), "after the kind of number").toBe("NUMBER_TYPE");
  });

  it("refuse what goes beyond a cap of the guard until the hour is over, after all others, and nothing where it only tells", () => {
    const pumpingGuard = { blocks: true, recipientCap: 2, prefixCap: 5 };
    const sent = (recipient: number, prefix: number, region = 1_000) => ({
      sent: { recipient, prefix, region },
    });
    const judged = (facts: Partial<RecipientFacts>) =>
      judgeRecipient(compileRules({ pumpingGuard }), { ...mobile, ...facts });
    expect(judged({})).toBeUndefined();
    expect(judged(sent(1, 4))).toBeUndefined();
    expect(judged(sent(2, 4))).toMatchObject({
      ...{ rule: "PUMPING_GUARD", code: "DESTINATION_LIMITED", retryAfterMs: 3_570_000 },
      description: expect.stringContaining("one number"),
    });
    expect(judged(sent(1, 5))?.description).toContain("begins");
    expect(refusedBy({ pumpingGuard: { ...pumpingGuard, blocks: false } }, sent(2, 5))).toBeUndefined();
    expect(refusedBy({ pumpingGuard: { blocks: true } }, sent(9, 900))).toBeUndefined();
    expect(refusedBy({ pumpingGuard: { blocks: true } }, sent(10, 900)), "unless told").toBe("PUMPING_GUARD");
    const quietHours = { fromMinute: 0, untilMinute: 1_439 };
    const advertised = { ...sent(2, 5), contentCategory: "ADVERTISEMENT" } as const;
    expect(refusedBy({ pumpingGuard, quietHours }, advertised)).toBe("QUIET_HOURS");
  });

  it("refuse premium gateways where an account may not ask for them, before all others", () => {
    const policy: AccountPolicy = { premiumAllowed: false, oneTimePasswordsOnly: true };
    const fault = callFault(policy, { premium: true, recipientCount: 2 });
    expect(fault).toMatchObject({
      rule: "PREMIUM",
      violations: [{ field: "premium", reason: "ACCESS_DENIED" }],
    });
    expect(callFault({ premiumAllowed: false }, {})).toBeUndefined();
    expect(callFault({ premiumAllowed: true }, { premium: true })).toBeUndefined();
  });

  it("keep a registered sender within the countries that it is approved for", () => {
    const approved = new Map([
      ["ACME", new Set(["NL"])],
      ["SHOP", undefined],
    ]);
    const judged = (policy: AccountPolicy, facts: Partial<RecipientFacts>) =>
      judgeRecipient(compileRules(policy, { approved, table: noSenderTable }), { ...mobile, ...facts });
    const only: AccountPolicy = { registeredSendersOnly: true };
    const belgian = { number: "+32470123456" as E164, country: "BE", knownCountry: "BE" } as const;
    expect(judged(only, {})).toBeUndefined();
    expect(judged(only, belgian)).toMatchObject({ rule: "SENDER_COUNTRY", code: "SENDER_NOT_REGISTERED" });
    expect(judged(only, { knownCountry: undefined })?.rule, "unknown").toBe("SENDER_COUNTRY");
    expect(judged(only, { ...belgian, sender: { kind: "ALPHANUMERIC", address: "SHOP" } })).toBeUndefined();
    expect(judged({}, belgian), "registering alone has no effect").toBeUndefined();
    expect(judged({ ...only, regions: { denied: ["BE"] } }, belgian)?.rule).toBe("COUNTRY");
    const quiet = { ...only, quietHours: { fromMinute: 0, untilMinute: 1_439 } };
    expect(judged(quiet, { ...belgian, contentCategory: "ADVERTISEMENT" })?.rule).toBe("SENDER_COUNTRY");
  });

  it("go by the operators' table of the senders that countries take, for every account", () => {
    const table = compileSenderTable([
      {
        countries: ["US", "CA"],
        kinds: ["INTERNATIONAL", "SHORT_CODE"],
        registered: false,
        shortCodes: ["72404"],
      },
      { countries: ["IN"], kinds: ["ALPHANUMERIC"], registered: true },
    ]);
    const approved = new Map([["ACME", undefined]]);
    const rules = compileRules({}, { approved, table });
    const rule = (country: string, sender: Sender) =>
      judgeRecipient(rules, { ...mobile, country, knownCountry: country, sender })?.rule;
    const named = (address: string): Sender => ({ kind: "ALPHANUMERIC", address });
    const digits = (address: string): Sender => ({ kind: "NUMERIC", address });
    expect([rule("US", named("ACME")), rule("US", digits("12015550123"))]).toEqual([
      "SENDER_COUNTRY",
      undefined,
    ]);
    expect([rule("CA", digits("72404")), rule("CA", digits("72405"))]).toEqual([undefined, "SENDER_COUNTRY"]);
    expect(rule("US", digits("02012345678")), "national").toBe("SENDER_COUNTRY");
    expect(rule("US", { ...digits("7240472404"), type: "SHORT_CODE" })).toBe("SENDER_COUNTRY");
    expect([rule("IN", named("ACME")), rule("IN", named("OTHER"))]).toEqual([undefined, "SENDER_COUNTRY"]);
    expect(rule("NL", named("OTHER")), "no entry").toBeUndefined();
  });

  it("name the first that refuses: the country before the kind of number, and that before the quiet hours", () => {
    const quietHours = { fromMinute: 0, untilMinute: 1_439 };
    const advertisement = { contentCategory: "ADVERTISEMENT", number: "+31600123456" as E164 } as const;
    const numberTypes = { allowed: ["MOBILE"] };
    expect(refusedBy({ quietHours, numberTypes, regions: { allowed: ["BE"] } }, advertisement)).toBe(
      "COUNTRY",
    );
    expect(refusedBy({ quietHours, numberTypes }, advertisement)).toBe("NUMBER_TYPE");
    expect(refusedBy({ quietHours }, advertisement)).toBe("QUIET_HOURS");
  });

  it.each<[string, Partial<CallFacts>, string[]]>([
    ["one text of one segment", {}, []],
    ["the lane OTP", { lane: "OTP" }, []],
    ["two recipients", { recipientCount: 2 }, ["recipients THROTTLING_TOO_MANY_RECIPIENTS"]],
    ["data", { isText: false }, ["binary INVALID_MESSAGE_TYPE"]],
    ["two segments", { needsSegments: () => true }, ["text MAX_SMS_PER_MESSAGE_EXCEEDED"]],
    ["the lane BULK", { lane: "BULK" }, ["lane INVALID_MESSAGE_PRIORITY"]],
    [
      "all of that, in the order of the list",
      { recipientCount: 2, needsSegments: () => true, lane: "NORMAL" },
      [
        "recipients THROTTLING_TOO_MANY_RECIPIENTS",
        "text MAX_SMS_PER_MESSAGE_EXCEEDED",
        "lane INVALID_MESSAGE_PRIORITY",
      ],
    ],
  ])("judge %s of an account that sends one-time passwords only", (_what, facts, violations) => {
    const fault = callFault({ oneTimePasswordsOnly: true }, facts);
    expect((fault?.violations ?? []).map(({ field, reason }) => `${field} ${reason}`)).toEqual(violations);
  });

  it("name one-time passwords before what a message is about", () => {
    const policy: AccountPolicy = {
      oneTimePasswordsOnly: true,
      contentCategories: { denied: ["ADVERTISEMENT"] },
    };
    const advertisement = { contentCategory: "ADVERTISEMENT" } as const;
    expect(callFault(policy, { ...advertisement, recipientCount: 2 })?.rule).toBe("ONE_TIME_PASSWORD");
    expect(callFault(policy, advertisement)?.rule).toBe("CONTENT_CATEGORY");
    expect(callFault(policy, {})).toBeUndefined();
  });
});

describe("quiet hours", () => {
  const night = { quietHours: { fromMinute: 21 * 60, untilMinute: 8 * 60 } };
  const judge = (country: string | undefined, nowMs: number, policy: AccountPolicy = night) =>
    judgeRecipient(compileRules(policy), { ...mobile, country, nowMs, contentCategory: "ADVERTISEMENT" });

  it("are those of the recipient's country, by its clock", () => {
    const evening = Date.UTC(2026, 10, 30, 20, 0);
    expect(judge("NL", evening)?.rule).toBe("QUIET_HOURS");
    expect(judge("PT", evening)).toBeUndefined();
    expect(judge("US", evening)).toBeUndefined();
    expect(judge("NL", Date.UTC(2026, 10, 30, 19, 59, 59, 999))).toBeUndefined();
    expect(judge("NL", Date.UTC(2026, 11, 1, 7, 0))).toBeUndefined();
    expect(judge(undefined, evening)).toBeUndefined();
    expect(judge(undefined, Date.UTC(2026, 10, 30, 21, 0))?.rule).toBe("QUIET_HOURS");
  });

  it("are for advertisement only", () => {
    const facts: RecipientFacts = { ...mobile, nowMs: Date.UTC(2026, 10, 30, 23) };
    expect(judgeRecipient(compileRules(night), facts)).toBeUndefined();
  });

  it("tell when they are over, to the minute", () => {
    const nowMs = Date.UTC(2026, 10, 30, 20, 30, 15);
    expect(judge("NL", nowMs)?.retryAfterMs).toBe(Date.UTC(2026, 11, 1, 7, 0) - nowMs);
    const day = { quietHours: { fromMinute: 12 * 60, untilMinute: 13 * 60 } };
    const lunch = Date.UTC(2026, 10, 30, 11, 59, 59);
    expect(judge("NL", lunch, day)?.retryAfterMs).toBe(1_000);
  });

  it("are over when they say so, whatever the clocks do in that night", () => {
    for (const quietHours of [
      { fromMinute: 60, untilMinute: 150 },
      { fromMinute: 1_320, untilMinute: 480 },
    ])
      for (const [month, date] of [
        [2, 28],
        [2, 29],
        [9, 24],
        [9, 25],
      ] as const)
        for (let minute = 0; minute < 1_440; minute += 7) {
          const nowMs = Date.UTC(2026, month, date, 0, minute);
          const policy = { quietHours };
          const fault = judge("NL", nowMs, policy);
          if (fault === undefined) continue;
          const endMs = nowMs + (fault.retryAfterMs ?? 0);
          expect(judge("NL", endMs, policy)).toBeUndefined();
          expect(judge("NL", endMs - 60_000, policy), "no sooner").toBeDefined();
        }
  });

  it("know a zone of every country that numbers are found to belong to, and no other", () => {
    expect(Object.keys(zoneOfCountry).sort()).toEqual(Object.keys(metadata.countries).sort());
    for (const zone of Object.values(zoneOfCountry))
      expect(() => new Intl.DateTimeFormat("en", { timeZone: zone })).not.toThrow();
  });
});
