import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readKeyFile } from "../../../../src/cli/client/read-key-file.ts";

let folder = "";
let told: string[] = [];
const context = { err: (line: string) => void told.push(line) };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-key-"));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("reads a key that only its owner can read, and says nothing", () => {
  const path = join(folder, "default.key");
  writeFileSync(path, "smsr_key\n", { mode: 0o600 });
  expect(readKeyFile(path, context)).toBe("smsr_key");
  expect(told).toEqual([]);
});

it("tells of a key that others can read", () => {
  const path = join(folder, "default.key");
  writeFileSync(path, "smsr_key\n");
  for (const mode of [0o640, 0o604, 0o666]) {
    chmodSync(path, mode);
    expect(readKeyFile(path, context)).toBe("smsr_key");
    expect(told.pop()).toContain(`(mode ${mode.toString(8)}): chmod 600`);
  }
});

it("follows no symbolic link, and answers nothing where there is no file", () => {
  const path = join(folder, "default.key");
  expect(readKeyFile(path, context)).toBeUndefined();
  writeFileSync(join(folder, "secret"), "another secret", { mode: 0o600 });
  symlinkSync(join(folder, "secret"), path);
  expect(() => readKeyFile(path, context)).toThrow(/is a symbolic link, which is not followed/);
});
