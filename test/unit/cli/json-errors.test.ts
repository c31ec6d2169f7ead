/** With --json each line of either output is a document, also where the command is called wrongly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../../support/cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-json-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = { SMS_RELAY_KEY: "k", SMS_RELAY_ADDRESS: "127.0.0.1:1" };
const run = (argv: readonly string[], more: Record<string, string> = {}) =>
  cli(argv, { workingDirectory: folder, environment: { ...environment, ...more } });
const documents = (text: string) => text.split("\n").map((line): unknown => JSON.parse(line));

it.each([
  [["send", "--json", "--lane", "foo"], "option '--lane <lane>' argument 'foo' is invalid."],
  [["send", "--json", "--meta", "a=1", "--meta", "a=2"], "The key a is given twice."],
  [["status", "--json"], "missing required argument 'message-id'"],
  [["gateways", "explain", "--json"], "--to"],
  [["keys", "--json"], ""],
  [["list", "--json", "--limit", "none"], "It must be a whole number above zero."],
  [["list", "--json", "--reference", ""], "--reference must not be empty."],
  [["no-such-command", "--json"], "unknown command 'no-such-command'"],
])("%j is refused in one line of JSON", async (argv, sentence) => {
  const { exitCode, out, err } = await run(argv);
  expect(exitCode).toBe(2);
  expect(out).toBe("");
  expect(documents(err)).toEqual([{ error: expect.stringContaining(sentence) }]);
});

it("tells faults of the configuration in one line of JSON", async () => {
  const { exitCode, err } = await run(["list", "--json"], { SMS_RELAY_CONFIG: "gone.yaml" });
  expect(exitCode).toBe(78);
  expect(documents(err)).toMatchObject([{ problems: [{ rule: "cannot be read (ENOENT)" }] }]);
});

describe("a file that is cut off", () => {
  it("ends after --timeout seconds without an answer, with its summary and documents only", async () => {
    await using server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    writeFileSync(join(folder, "rows.csv"), "recipient\n+46701234567\n+46701234568\n");
    const argv = ["send", "--from", "ACME", "--file", "rows.csv", "--timeout", "0.2", "Hello"];
    const there = { SMS_RELAY_ADDRESS: `127.0.0.1:${port}` };
    const text = await run(argv, there);
    expect(text.exitCode).toBe(3);
    expect(text.err).toBe(
      "0 of 2 rows were answered. The same command again goes on without sending twice.\n" +
        "sms-relay: The service did not answer within 0.2 s.",
    );
    const json = await run(["send", "--json", ...argv.slice(1)], there);
    expect(json.exitCode).toBe(3);
    expect(documents(json.out)).toMatchObject([{ summary: { rows: 2, answered: 0 } }]);
    expect(documents(json.err)).toEqual([
      { note: expect.stringContaining("0 of 2 rows") },
      { error: "The service did not answer within 0.2 s." },
    ]);
  });
});
