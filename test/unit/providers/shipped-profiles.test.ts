/** The profiles that ship, read as the service reads them. */
import { describe, expect, it } from "vitest";
import { parseProfile } from "../../../src/providers/parse-profile.ts";
import { readShipped, shippedNames } from "../../../src/providers/shipped-profiles.ts";

describe("profiles that ship", () => {
  it.each(shippedNames())("%s is one, under its own name", (name) => {
    const parsed = parseProfile(readShipped(name) ?? "");
    expect(parsed).toMatchObject({ kind: "profile", profile: { name } });
  });

  it("are found by name only", () => {
    expect(readShipped("../package")).toBeUndefined();
    expect(readShipped("nobody")).toBeUndefined();
  });
});
