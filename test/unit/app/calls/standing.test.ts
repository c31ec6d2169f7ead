import { describe, expect, it } from "vitest";
import { rulesOf, standingOf } from "../../../../src/app/calls/standing.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";

const id = toAccountId("shop");

describe("how an account stands", () => {
  it("has no rules where nothing was set", () => {
    expect(rulesOf(standingOf({ id, state: "ACTIVE", policy: "{}" }))).toBeUndefined();
  });

  it("has the rules that its policy says", () => {
    const rules = rulesOf(
      standingOf({ id, state: "ACTIVE", policy: '{"maxSegments":2,"regions":{"allowed":["NL"]}}' }),
    );
    expect(rules?.policy).toEqual({ maxSegments: 2, regions: { allowed: ["NL"] } });
    expect(rules?.judgesAll).toBe(true);
  });

  it("lets an account call but not send in a state that another release gave it", () => {
    const standing = standingOf({ id, state: "DORMANT" as "ACTIVE", policy: "{}" });
    expect(() => rulesOf(standing)).toThrow(
      expect.objectContaining({
        code: "SERVICE_UNAVAILABLE",
        message: expect.stringMatching(/account shop .*DORMANT/),
      }),
    );
  });

  it("lets an account call but not send where another release set rules that are not known here", () => {
    const standing = standingOf({ id, state: "ACTIVE", policy: '{"maxSegments":2,"sendsOnMondays":true}' });
    expect(standing.state).toBe("ACTIVE");
    expect(() => rulesOf(standing)).toThrow(
      expect.objectContaining({
        code: "SERVICE_UNAVAILABLE",
        message: expect.stringMatching(/account shop .*sendsOnMondays/),
      }),
    );
  });
});
