/** Tests that need a Debian package: skipped with the command that installs it, and failing where nothing may be skipped. */
import { spawnSync } from "node:child_process";
import { describe } from "vitest";

/** SMS_RELAY_TEST_NO_SKIPS=1: what is missing is a failure. */
const mayUseSkips = process.env["SMS_RELAY_TEST_NO_SKIPS"] !== "1";

/** Whether a program answers to these arguments with success. */
export function isInstalled(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0;
}

/** `describe` for tests that need the package. */
export function describeWithPackage(
  debianPackage: string,
  isThere: boolean,
  name: string,
  tests: () => void,
): void {
  const install = `apt-get install ${debianPackage}`;
  if (isThere) describe(name, tests);
  else if (mayUseSkips) describe.skip(`${name} (skipped: ${install})`, tests);
  else describe(`${name} (needs ${install})`, tests);
}
