/** The walls between folders are checked by dependency-cruiser; each wall is shown here to stop a planted violation. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");

/** file → what it imports wrongly → the rule that must name it. */
const planted = [
  ["src/domain/planted.ts", "../encoding/planted-target.ts", "pure-domain"],
  ["src/memory/planted.ts", "../domain/planted-target.ts", "pure-memory"],
  ["src/observability/planted.ts", "../domain/planted-target.ts", "pure-observability"],
  ["src/encoding/planted.ts", "../routing/planted-target.ts", "pure-encoding"],
  ["src/routing/planted.ts", "../store/store.ts", "pure-routing"],
  ["src/policy/planted.ts", "../routing/planted-target.ts", "pure-policy"],
  ["src/providers/planted.ts", "../gateways/planted-target.ts", "pure-providers"],
  ["src/smpp/planted.ts", "../app/planted-target.ts", "pure-smpp"],
  ["src/apis/planted.ts", "../providers/planted-target.ts", "apis-stand-alone"],
  ["src/smsc/planted.ts", "../store/store.ts", "smsc-stands-alone"],
  ["src/client/planted.ts", "../cli/planted-target.ts", "client-stands-alone"],
  ["src/oidc/planted.ts", "../app/identities/planted-target.ts", "tokens-stand-alone"],
  ["src/config/planted-issuers.ts", "../oidc/planted-verifier.ts", "tokens-behind-their-port"],
  ["src/store/sqlite/planted.ts", "../postgres/planted-target.ts", "adapters-apart"],
  ["src/store/migrations/planted.ts", "../sqlite/planted-target.ts", "adapters-apart"],
  ["src/app/planted.ts", "../store/sqlite/planted-target.ts", "adapters-behind-ports"],
  ["src/store/records/planted.ts", "../planted-settling.ts", "cold-records"],
  ["src/store/records/planted-driver.ts", "../sqlite/planted-target.ts", "cold-records"],
  ["src/compose/planted.ts", "../store/records/planted-target.ts", "records-for-types"],
  ["src/dispatch/planted.ts", "../gen/planted-target.ts", "grpc-at-the-door"],
  ["src/app/calls/planted.ts", "../sending/planted-target.ts", "calls-know-no-feature"],
  ["src/app/followed-planted.ts", "./keys/planted-target.ts", "calls-know-no-feature"],
  ["src/app/keys/planted.ts", "../messages/planted-target.ts", "features-apart"],
  ["src/app/reports/planted.ts", "../sending/planted-target.ts", "reports-know-subscriptions"],
  ["src/rpc/keys/planted.ts", "../messages/planted-target.ts", "doors-by-feature"],
  ["src/rpc/reports/planted.ts", "../messages/planted-target.ts", "doors-of-two-features"],
  ["src/rpc/calls/planted.ts", "../../app/keys/planted-target.ts", "shared-by-all-calls"],
  ["src/app/planted-door.ts", "../rpc/planted-target.ts", "app-knows-ports"],
  ["src/store/planted.ts", "../dispatch/planted-target.ts", "store-knows-pure-parts"],
  ["src/store/postgres/planted.ts", "../../app/keys/planted-target.ts", "store-knows-pure-parts"],
  ["src/store/planted-adapter.ts", "./sqlite/planted-target.ts", "store-knows-no-adapter"],
  ["src/gateways/planted.ts", "../rpc/planted-target.ts", "gateways-know-pure-parts"],
  ["src/gateways/smpp/planted.ts", "../../store/store.ts", "gateways-know-pure-parts"],
  ["src/gateways/planted-adapter.ts", "./smpp/planted-target.ts", "gateway-knows-no-adapter"],
  ["src/compose/gateways/planted.ts", "../../gateways/smpp/planted-target.ts", "kinds-know-adapters"],
  ["src/config/planted-adapter.ts", "../store/sqlite/planted-target.ts", "adapters-behind-ports"],
  ["src/dispatch/planted-use-case.ts", "../app/planted-target.ts", "dispatch-knows-no-use-case"],
  ["src/rpc/planted.ts", "../dispatch/planted-target.ts", "rpc-asks-use-cases"],
  ["src/http/planted.ts", "../dispatch/planted-target.ts", "http-asks-use-cases"],
  ["src/config/planted.ts", "../compose/planted-target.ts", "config-knows-pure-parts"],
  ["src/cli/planted-tool.ts", "vitest", "not-to-dev-dependency"],
  ["src/cli/planted.ts", "../app/planted-target.ts", "cli-is-a-client"],
] as const;

describe("the dependency rules", () => {
  let folder = "";
  let found: { rule: string; from: string }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sms-relay-walls-"));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const files = new Map<string, string>([["src/store/store.ts", "export const store = 1;\n"]]);
    for (const [file, target] of planted) {
      files.set(file, `import * as target from "${target}";\nexport const planted = target;\n`);
      files.set(join(dirname(file), target), "export const target = 1;\n");
    }
    // A ring, even of types only.
    files.set("src/domain/ring.ts", 'import type { Other } from "./other.ts";\nexport type Ring = Other;\n');
    files.set("src/domain/other.ts", 'import type { Ring } from "./ring.ts";\nexport type Other = Ring;\n');
    // Types of what a record holds cross the port.
    files.set(
      "src/app/typed.ts",
      'import type { Row } from "../store/records/row.ts";\nexport type Shown = Row;\n',
    );
    files.set("src/store/records/row.ts", "export type Row = string;\n");
    files.set("package.json", '{ "type": "module" }\n');
    files.set(
      "tsconfig.json",
      '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true } }\n',
    );
    for (const [file, text] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    const config = join(root, ".dependency-cruiser.cjs");
    const binary = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const output = await run(process.execPath, [binary, "--config", config, "--output-type", "json", "src"], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    const report = JSON.parse(output.stdout) as {
      summary: { violations: { rule: { name: string }; from: string }[] };
    };
    found = report.summary.violations.map((violation) => ({
      rule: violation.rule.name,
      from: violation.from,
    }));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("let no ring of imports be, of types neither", () => {
    expect(found.filter(({ rule }) => rule === "no-circular")).toEqual([
      { rule: "no-circular", from: expect.stringMatching(/^src\/domain\/(ring|other)\.ts$/) },
    ]);
  });

  it("let types of records cross the port", () => {
    expect(found.filter(({ from }) => from === "src/app/typed.ts")).toEqual([]);
  });

  it("have each a violation that is planted here", () => {
    const walls = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as {
      forbidden: readonly { name: string }[];
    };
    const shown = new Set<string>([...planted.map(([, , rule]) => rule), "no-circular"]);
    expect(walls.forbidden.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it.each(planted)("%s may not import %s (%s)", (file, _target, rule) => {
    expect(found).toContainEqual({ rule, from: file });
  });
});
