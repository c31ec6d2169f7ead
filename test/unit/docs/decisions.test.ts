/** The list of decisions names each of them once, by its own title. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../../docs/adr");
const list = readFileSync(join(folder, "README.md"), "utf8");
const decisions = readdirSync(folder).filter((name) => /^\d{4}-.*\.md$/.test(name));

describe("docs/adr/README.md", () => {
  it.each(decisions)("names %s once, by its title", (name) => {
    const [first = ""] = readFileSync(join(folder, name), "utf8").split("\n");
    const title = first.replace(/^# /, "");
    expect(list.split("\n").filter((line) => line === `- [${title}](${name})`)).toHaveLength(1);
  });
});
