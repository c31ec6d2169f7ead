/** Arbitrary configuration files: each is taken, or refused with a ConfigError that tells where. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import type { Environment } from "../../../src/config/environment.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { processorMs } from "../../support/processor-ms.ts";
import { beginFuzz, mutate, patience } from "./support/fuzz-run.ts";

const SHARE = 0.002;
/** What one file may take of the processor. */
const MOST_MS = 5_000;

const secrets = { SHOP_KEY: "a-key-of-the-shop-with-32-characters", NORTH_PASSWORD: "secret" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-fuzz-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a file of these octets; anything thrown but a ConfigError with a place fails. */
function load(content: string | Buffer, environment: Environment = secrets): "taken" | "refused" {
  const file = join(folder, "sms-relay.yaml");
  writeFileSync(file, content);
  const startMs = processorMs();
  try {
    loadConfig({ file, environment, workingDirectory: folder });
    return "taken";
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw new Error(`not a ConfigError for ${JSON.stringify(content.toString().slice(0, 2_000))}`, {
        cause: error,
      });
    }
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { where, rule } of error.problems) expect([where, rule]).not.toContain("");
    return "refused";
  } finally {
    expect(processorMs() - startMs).toBeLessThan(MOST_MS);
  }
}

const example = readFileSync(resolve(import.meta.dirname, "../../../docs/sms-relay.example.yaml"));

describe("a configuration file", () => {
  it(
    "of mutated settings is taken or refused with its places",
    () => {
      const run = beginFuzz("configuration", SHARE);
      const lines = example.toString().split("\n");
      let taken = 0;
      for (let i = 0; i < run.cases; i++) {
        const shuffled = lines.filter(() => run.below(20) > 0);
        if (run.below(3) === 0) shuffled.splice(run.below(shuffled.length), 0, run.pick(lines));
        const content = Buffer.from(shuffled.join("\n"));
        if (load(run.below(2) === 0 ? content : mutate(content, example, run)) === "taken") taken += 1;
      }
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(run.cases);
    },
    patience(SHARE, 60_000),
  );

  it(
    "of random values under known names is taken or refused with its places",
    () => {
      const run = beginFuzz("settings", SHARE);
      const names = [
        "listen",
        "store",
        "retention",
        "receiptGrace",
        "limits",
        "accounts",
        "gateways",
        "logging",
        "shutdown",
      ];
      const record = Object.fromEntries(names.map((name) => [name, fc.jsonValue({ maxDepth: 4 })]));
      const settings = fc.record(record, { requiredKeys: [] });
      const gateway = fc.record({
        kind: fc.constant("smpp"),
        id: fc.string(),
        host: fc.string(),
        statusClass: fc.object(),
      });
      fc.assert(
        fc.property(settings, fc.array(gateway), fc.boolean(), (each, gateways, hasGateways) => {
          load(JSON.stringify(hasGateways ? { ...each, gateways } : each));
        }),
        { seed: run.seed, numRuns: run.cases },
      );
    },
    patience(SHARE, 60_000),
  );

  it(
    "of random text or octets is refused",
    () => {
      const run = beginFuzz("texts", SHARE);
      fc.assert(
        fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array()), (content) => {
          load(typeof content === "string" ? content : Buffer.from(content));
        }),
        { seed: run.seed, numRuns: run.cases },
      );
    },
    patience(SHARE, 60_000),
  );

  it(
    "is helped by no variable, whatever it holds",
    () => {
      const run = beginFuzz("variables", SHARE);
      const name = fc.constantFrom(
        "STORE_PATH",
        "LISTEN_GRPC_PORT",
        "LISTEN",
        "RETENTION_BODIES",
        "__PROTO__",
        "GATEWAYS",
      );
      fc.assert(
        fc.property(
          fc.dictionary(name, fc.string()),
          fc.constantFrom("", "store: 7", "listen: [1]"),
          (variables, content) => {
            const environment = Object.fromEntries(
              Object.entries(variables).map(([key, value]) => [`SMS_RELAY_${key}`, value]),
            );
            load(content, environment);
          },
        ),
        { seed: run.seed, numRuns: run.cases },
      );
    },
    patience(SHARE, 60_000),
  );

  it.each([
    [
      "a bomb of aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
    ],
    ["an alias to itself", "gateways: &g [*g]"],
    ["an alias to nothing", "store: *nowhere"],
    ["a map as a key", "? {a: b}\n: c"],
    ["a list as a key", "[1, 2]: 3"],
    ["keys that stand twice", "store: {}\nstore: {}"],
    ["a prototype", "__proto__: {listen: 1}\nconstructor: 2\ntoString: 3"],
    ["a prototype in a gateway", "gateways: [{__proto__: {kind: smpp}, statusClass: {__proto__: route}}]"],
    ["nesting without end", `store: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    ["maps without end", `store: ${"{a: ".repeat(20_000)}1${"}".repeat(20_000)}`],
    ["indentation without end", Array.from({ length: 2_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["an unknown tag", "store: !!js/function 'x'"],
    ["binary and times", "store: !!binary aGVsbG8=\nlimits: 2001-12-14t21:59:43.10-05:00"],
    ["a merge key", "x: &x {path: y}\nstore: {<<: *x}"],
    ["two documents", "store: {}\n---\nstore: {}"],
    [
      "numbers beyond numbers",
      "limits: {maxBacklog: 1e999, maxRecipients: .nan, maxReportStreams: 99999999999999999999}",
    ],
    ["a null everywhere", "listen:\nstore:\nretention:\nlimits:\naccounts:\ngateways:\nlogging:\nshutdown:"],
    ["a directive", "%YAML 9.9\n---\nstore: {}"],
    ["one endless scalar", `store: {path: ${"x".repeat(1_000_000)}}`],
    ["a marker and UTF-16", Buffer.from("\ufeffstore: {}", "utf16le")],
  ])("with %s is refused or taken, and not more", (_name, content) => {
    expect(load(content)).toMatch(/taken|refused/);
  });
});
