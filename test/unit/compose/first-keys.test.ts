import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Keys } from "../../../src/app/keys/create-keys.ts";
import { ensureFirstKeys } from "../../../src/compose/first-keys.ts";
import { silentLogger } from "../../../src/observability/logger.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-first-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of a store that has none yet. */
const noKeys: Pick<Keys, "hasAny" | "create"> = {
  hasAny: () => Promise.resolve(false),
  create: ({ accountId }) => Promise.resolve({ secret: `new key of ${accountId}` } as never),
};

describe("the first keys", () => {
  it("never take the place of a key file that is there: it belongs to another store", async () => {
    const path = join(folder, "operator.key");
    writeFileSync(path, "key of another store\n");
    writeFileSync(`${path}.1`, "an older one\n");
    await ensureFirstKeys(noKeys, folder, silentLogger);
    expect(readFileSync(path, "utf8")).toBe("new key of operator\n");
    expect(readFileSync(`${path}.2`, "utf8")).toBe("key of another store\n");
    expect(readFileSync(`${path}.1`, "utf8")).toBe("an older one\n");
    expect(readdirSync(folder).toSorted()).toEqual([
      "default.key",
      "operator.key",
      "operator.key.1",
      "operator.key.2",
    ]);
  });
});
