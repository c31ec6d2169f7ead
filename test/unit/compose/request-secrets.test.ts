import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestSecretFile, requestSecretsOf } from "../../../src/compose/request-secrets.ts";
import { silentLogger } from "../../../src/observability/logger.ts";

const configured = "a secret of the configuration, long enough";
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-secrets-"));
  file = join(folder, requestSecretFile);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function secretsOf(options: { readonly configured?: string[]; readonly url?: string[] } = {}) {
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (_: object, sentence: string) => void warnings.push(sentence) };
  const config = {
    secrets: { requestHash: options.configured },
    store: { path: join(folder, "relay.db"), url: options.url, minFreeDisk: 0 },
  };
  return requestSecretsOf(config as never, { id: "store id" }, log).then((secrets) => ({
    secrets,
    warnings,
  }));
}

describe("requestSecretsOf", () => {
  it("says which file cannot be read, and what hangs on it", async () => {
    mkdirSync(file);
    await expect(secretsOf()).rejects.toThrow(
      `${file} cannot be read (EISDIR): request ids of before are known by it`,
    );
  });

  it("makes a secret beside the file of the store, for its owner alone, and finds it again", async () => {
    const { secrets } = await secretsOf();
    expect(secrets).toEqual([readFileSync(file, "utf8").trim(), "store id"]);
    expect(secrets[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await secretsOf()).secrets).toEqual(secrets);
  });

  it("takes the configured one first, makes none then, and still knows the one that is there", async () => {
    expect((await secretsOf({ configured: [configured] })).secrets).toEqual([configured, "store id"]);
    const [made] = (await secretsOf()).secrets;
    expect((await secretsOf({ configured: [configured] })).secrets).toEqual([configured, made, "store id"]);
  });

  it("uses at replicas what all of them have, and says so where that stands in the database", async () => {
    const url = ["postgres://localhost/x"];
    const unset = await secretsOf({ url });
    expect(unset.secrets).toEqual(["store id"]);
    expect(unset.warnings).toHaveLength(1);
    expect((await secretsOf({ url, configured: [configured] })).warnings).toEqual([]);
  });

  it("starts with no broken secret and follows no link", async () => {
    writeFileSync(file, "\n");
    await expect(secretsOf()).rejects.toThrow("holds no secret");
    rmSync(file);
    writeFileSync(join(folder, "elsewhere"), "x".repeat(40));
    symlinkSync("elsewhere", file);
    await expect(secretsOf()).rejects.toThrow("is a symbolic link, which is not followed");
  });
});
