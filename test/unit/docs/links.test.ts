/** Every link of a page leads somewhere, in a clone and in the package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
const pages = files.flatMap((name) =>
  name === "docs"
    ? readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
        .filter((page) => page.endsWith(".md"))
        .map((page) => `docs/${page}`)
    : name.endsWith(".md")
      ? [name]
      : [],
);

/** Programs and texts in backticks are no links. */
const prose = (page: string) =>
  readFileSync(join(root, page), "utf8")
    .replace(/```[\s\S]*?```/g, "")
    .replace(/`[^`\n]*`/g, "");

describe("a link", () => {
  it.each(pages)("of %s leads to what is in the package too", (page) => {
    const targets = [...prose(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = ""]) => target);
    const dead = targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => relative(root, join(root, dirname(page), target)))
      .filter(
        (path) =>
          !existsSync(join(root, path)) || !files.some((one) => path === one || path.startsWith(`${one}/`)),
      );
    expect(dead).toEqual([]);
  });
});
