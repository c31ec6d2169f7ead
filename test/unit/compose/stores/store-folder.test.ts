/** The folder of a SQLite file. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeStoreFolder } from "../../../../src/compose/stores/open-store.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-folder-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is made with those above it, for its owner alone, and left as it is once it is there", async () => {
  const path = join(folder, "a/b/sms-relay.db");
  await makeStoreFolder(path);
  await makeStoreFolder(path);
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "a/b")).mode & 0o777).toBe(0o700);
});

it("is refused where a file is in its place, or the file system takes no folders", async () => {
  writeFileSync(join(folder, "plain"), "");
  await expect(makeStoreFolder(join(folder, "plain/sms-relay.db"))).rejects.toThrow(
    /cannot be made \(EEXIST\)/,
  );
  await expect(makeStoreFolder("/proc/sms-relay/deep/sms-relay.db")).rejects.toThrow(
    /cannot be made \(ENOENT\)/,
  );
});
