import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliContext } from "../../../../src/cli/context.ts";
import { readBehaviourFile } from "../../../../src/cli/simulator/behaviour-file.ts";
import { cli } from "../../../support/cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-behave-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string) {
  writeFileSync(join(folder, "hostile.yaml"), text);
  return readBehaviourFile("hostile.yaml", { workingDirectory: folder } as CliContext);
}

describe("a file of behaviours", () => {
  const throttle = { kind: "throttle", perSecond: 10 };
  const drop = { kind: "drop", how: "reset", share: 0.01 };

  it.each([
    ["a list in JSON", JSON.stringify([throttle, drop])],
    ["a group in JSON", JSON.stringify({ behaviours: [throttle, drop] })],
    ["a list in YAML", "- { kind: throttle, perSecond: 10 }\n- kind: drop\n  how: reset\n  share: 0.01\n"],
    [
      "a group in YAML",
      "behaviours: # hostile\n  - { kind: throttle, perSecond: 10 }\n  - { kind: drop, how: reset, share: 0.01 }\n",
    ],
  ])("may be %s", (_form, text) => {
    expect(read(text)).toEqual([throttle, drop]);
  });

  it("may be an empty list, which is a simulator without vices", () => {
    expect(read("[]")).toEqual([]);
  });

  it.each([
    ["", "hostile.yaml:1:1: it must be a list of behaviours"],
    ["drop", "hostile.yaml:1:1: it must be a list of behaviours"],
    ["behaviours:\n", "hostile.yaml:1:12: behaviours must be a list of behaviours"],
    ["behavious: []\n", "hostile.yaml:1:1: behavious is not a setting; did you mean behaviours?"],
    ["[{ kind: drop", "hostile.yaml:1:14: it is neither JSON nor YAML: "],
    ["- *gone\n", "hostile.yaml cannot be read (Unresolved alias"],
    ["- kind: drop\n- 5\n", 'hostile.yaml:2:3: [1] must have a kind, such as {"kind":"no-receipt"}'],
    [
      "- kind: drop\n- kind: thottle\n",
      "hostile.yaml:2:9: [1].kind thottle is not known; did you mean throttle?",
    ],
    [
      "behaviours:\n  - kind: throttle\n    persecond: 10\n  - kind: unbind\n    share: 2\n",
      "hostile.yaml:2:5: behaviours[0].perSecond is required; hostile.yaml:3:5: behaviours[0].persecond is not a setting; " +
        "did you mean perSecond? (throttle has perSecond, status, share, after, times); " +
        "hostile.yaml:5:12: behaviours[1].share must be at most 1.",
    ],
  ])("%j is refused with its place, its entry and the rule", (text, sentence) => {
    expect(() => read(text)).toThrow(`--behave-file: ${sentence}`);
  });

  it("holds at most 100", () => {
    const list = (length: number) => JSON.stringify({ behaviours: Array(length).fill(drop) });
    expect(read(list(100))).toHaveLength(100);
    expect(() => read(list(101))).toThrow("hostile.yaml:1:15: behaviours must be shorter: at most 100.");
  });

  it("is wrong usage of the command where it has faults or is not there", async () => {
    writeFileSync(join(folder, "bad.json"), '[{"kind":"throttle"}]');
    const run = (file: string) => cli(["simulate", "--behave-file", file], { workingDirectory: folder });
    expect(await run("bad.json")).toEqual({
      exitCode: 2,
      out: "",
      err: "sms-relay: --behave-file: bad.json:1:2: [0].perSecond is required.",
    });
    const { exitCode, err } = await run("gone.json");
    expect(err).toMatch(/^sms-relay: --behave-file: gone\.json cannot be read \(ENOENT/);
    expect(exitCode).toBe(2);
  });
});

describe("--control", () => {
  it.each(["http", "65536", "-1"])("%s is no port", async (port) => {
    const { exitCode, err } = await cli(["simulate", `--control=${port}`], { workingDirectory: folder });
    expect(err).toContain("It must be a whole number from 0 to 65535.");
    expect(exitCode).toBe(2);
  });
});
