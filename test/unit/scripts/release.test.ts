import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { notesOf } from "../../../scripts/release/changelog.ts";
import { doubtfulOf, licenceText, shippedPackages } from "../../../scripts/release/packages.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("a release", () => {
  it("has the notes of its own version, up to the next heading", () => {
    const changelog =
      "# Changelog\n\n## 1.10.0\n\n- ten\n\n## 1.1.0 (2026-05-01)\n\n- one\n\n**More**\n\n- two\n\n## 1.0.0\n";
    expect(notesOf(changelog, "1.1.0")).toEqual({
      title: "1.1.0 (2026-05-01)",
      text: "- one\n\n**More**\n\n- two",
    });
    expect(notesOf(changelog, "1.10.0").text).toBe("- ten");
    expect(() => notesOf(changelog, "1.0.0")).toThrow("is empty");
    expect(() => notesOf(changelog, "2.0.0")).toThrow("no section for 2.0.0");
  });

  it("ships nothing whose licence wants more than to be named and shown, and shows each text once", () => {
    const packages = shippedPackages(root);
    expect(packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["@grpc/grpc-js", "pino", "zod"]),
    );
    expect(packages.some(({ name }) => name === "vitest")).toBe(false);
    expect(doubtfulOf(packages)).toEqual([]);
    const one = { version: "1.0.0", licence: "MIT", texts: ["As it is."] };
    const text = licenceText([
      { ...one, name: "a" },
      { ...one, name: "b" },
      { ...one, name: "c", texts: [] },
    ]);
    expect(text.match(/As it is\./g)?.length).toBe(1);
    expect(text).toContain("a 1.0.0 (MIT)\nb 1.0.0 (MIT)");
    expect(text).toContain("c 1.0.0 (MIT)");
  });

  it.each([
    ["(MIT OR GPL-3.0)", true],
    ["(BSD-3-Clause AND Apache-2.0)", true],
    ["MIT AND GPL-2.0", false],
    ["AGPL-3.0", false],
    ["SEE LICENSE IN LICENSE", false],
  ])("takes a licence for what it says: %s", (licence, isTaken) => {
    expect(doubtfulOf([{ name: "x", version: "1", licence, texts: [] }]).length === 0).toBe(isTaken);
  });
});
