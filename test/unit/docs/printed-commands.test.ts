/**
 * Every command line of ours that the README and the guides print is one that the command line takes. Those that call a service find none
 * here: they must fail for that, and not for how they are called.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../../support/cli.ts";

const root = join(import.meta.dirname, "../../..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];

/** Lines of shell blocks that begin with our program; without the comment behind and what takes their output. */
const printed = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block
      .replaceAll("\\\n", " ")
      .split("\n")
      .flatMap((line) => {
        const [, words] = /^(?:\$ )?(?:npx )?sms-relay (.*?)(?:\s+#.*|\s*(?:>>?|\|) .*)?$/.exec(line) ?? [];
        return words === undefined ? [] : [{ page, line: words }];
      }),
  ),
);

/** Commands that stay until they are ended, tried elsewhere: test/e2e/cli. */
const lasting = /^(serve|simulate|demo)\b/;
const callsService =
  /^(send|status|watch|list|cancel|preview|gateways|keys|identities|accounts|senders|suppressions|rates|audit|backup)\b/;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-printed-"));
  writeFileSync(join(folder, "sms-relay.yaml"), "gateways: []\n");
  for (const name of ["recipients.csv", "blocked.csv"])
    writeFileSync(join(folder, name), "recipient\n+46701234567\n");
  for (const name of ["prices.csv", "shop.csv"])
    writeFileSync(join(folder, name), "destination,standard\nNL,0.05\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Words of a shell's line; variables and what a reader fills in stand for themselves. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

describe("a printed command", () => {
  it("is found in the pages", () => expect(printed.length).toBeGreaterThan(15));

  it.each(printed)("$page: sms-relay $line", async ({ line }) => {
    // The folder that a reader has for backups is not here.
    const words = wordsOf(line).map((word) => word.replace(/^\/backup\//, `${folder}/`));
    if (lasting.test(line)) {
      // Only whether it is known, with its options: --help would hide what is not.
      const { err, exitCode } = await cli([...words, "--no-such-option"], { workingDirectory: folder });
      expect(exitCode).toBe(2);
      expect(err).toContain("unknown option '--no-such-option'");
      return;
    }
    const away = callsService.test(line) ? ["--address", "127.0.0.1:1", "--key", "key-of-nobody"] : [];
    const environment = { DATABASE_URL: "postgres://relay@127.0.0.1:1/sms" };
    const { exitCode, err } = await cli([...words, ...away], { workingDirectory: folder, environment });
    expect(exitCode, err).not.toBe(2);
    expect(err).not.toMatch(/unknown (option|command)/);
  });
});
