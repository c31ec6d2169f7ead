import { describe, expect, it } from "vitest";
import { effectivePolicy } from "../../../src/policy/effective-policy.ts";

describe("a policy with the defaults filled in", () => {
  it("is what the service says where it is silent", () => {
    expect(effectivePolicy({}, { maxRecipients: 500 })).toEqual({
      oneTimePasswordsOnly: false,
      defaultRegionCode: "",
      numberForms: "E164",
      assumeNational: false,
      registeredSendersOnly: false,
      defaultSender: "",
      maxRecipients: 500,
      maxSegments: 255,
      maxTextLength: 2_000,
      defaultValidityMs: 86_400_000,
      premiumAllowed: true,
      optOutWords: { allowed: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"] },
    });
  });

  it("keeps what was set, within what the service takes", () => {
    const policy = { regions: { allowed: ["NL"] }, maxRecipients: 800, maxSegments: 3, maxTextLength: 160 };
    expect(effectivePolicy(policy, { maxRecipients: 500 })).toMatchObject({ ...policy, maxRecipients: 500 });
  });

  it("has one recipient and one segment where it is for one-time passwords", () => {
    expect(effectivePolicy({ oneTimePasswordsOnly: true }, { maxRecipients: 500 })).toMatchObject({
      maxRecipients: 1,
      maxSegments: 1,
    });
  });
});
