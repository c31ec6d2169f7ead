/** The published form: what `npm pack` makes, installed into an empty folder and run there. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { copyTree, linkTree } from "../support/copy-tree.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const bin = join(root, "bin/sms-relay.cjs");
/** Installing takes what the network takes. */
const patienceMs = 1_200_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-package-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What npm needs to know of the network; everything else that a surrounding npm sets belongs to this repository. */
const npmNetwork = /^npm_config_(registry|cache|userconfig|globalconfig|proxy|https_proxy|noproxy|cafile)$/i;

/** The surroundings of a user who has the right Node and nothing else of this repository. */
function surroundings() {
  const kept = Object.entries(process.env).filter(
    ([name]) => npmNetwork.test(name) || !/^(npm_|NODE_OPTIONS|VITEST|SMS_RELAY_)/i.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    NODE_COMPILE_CACHE: join(folder, "cache"),
    TMPDIR: join(folder, "tmp"),
  };
}

/** Packing makes `dist` and all that is generated anew, which tests beside must not see. */
async function copyClone(): Promise<string> {
  const clone = join(folder, "clone");
  await mkdir(clone);
  const made = new Set([".git", ".tmp", "dist"]);
  for (const name of await readdir(root)) {
    const copy = name === "node_modules" ? linkTree : copyTree;
    if (!made.has(name)) await copy(join(root, name), join(clone, name));
  }
  return clone;
}

/** A test of somebody's own, as docs/simulator.md shows one: its types are right, and it runs. */
const usersTest = `
import { type BehaviourSpec, type SimulatorOptions, startSimulator } from "sms-relay/simulator";

const slowly: BehaviourSpec = { kind: "slow-answer", delayMs: 10 };
const options: SimulatorOptions = { port: 0, receiptDelayMs: 50, behaviours: [slowly] };
const simulator = await startSimulator(options);
console.log(simulator.port > 0, simulator.received().length, simulator.counters().submits);
await simulator.stop();
`;

/** A client of somebody's own, as docs/clients.md shows one. */
const usersClient = `
import { ChannelCredentials, connect, detailsOf, type DeliveryReport, followReports, InitialStart, sendSms, serviceConfig } from "sms-relay/client";
import config from "sms-relay/service-config.json" with { type: "json" };
import { readFileSync } from "node:fs";

const [, , address = "", key = ""] = process.argv;
using client = connect({ address, key, credentials: ChannelCredentials.createInsecure() });
const request = { sender: "ACME", recipients: ["+46701234567"], content: { $case: "text" as const, value: "Hello" } };
const { messageId } = await sendSms(client, request);
const reports: DeliveryReport[] = [];
const start = { initialStart: InitialStart.INITIAL_START_EARLIEST };
for await (const page of followReports({ client, request: { start, reportLimit: 3 } })) reports.push(...page.reports);
console.log(reports.every((report) => report.messageId === messageId), reports.at(-1)?.isFinal);
const refused = await sendSms(client, { ...request, recipients: ["123"] }).catch(detailsOf);
console.log("statusCode" in refused && refused.statusCode);
console.log(JSON.stringify(config) === JSON.stringify(serviceConfig));
const descriptors = readFileSync(new URL(import.meta.resolve("sms-relay/descriptor-set.binpb")));
console.log(descriptors.includes("smsrelay/v1/sms_service.proto"));
`;

/** Compiles a program as its user would, and runs it. */
async function runUsers(
  home: string,
  env: Record<string, string | undefined>,
  text: string,
  ...args: readonly string[]
): Promise<string> {
  await writeFile(join(home, "users-test.mts"), text);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const options = [
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--strict",
    "--resolveJsonModule",
    "--types",
    "node",
    "--typeRoots",
  ];
  const typeRoots = join(root, "node_modules/@types");
  // Without skipLibCheck: the declarations themselves are checked too.
  const argv = [compiler, "--noEmit", ...options, typeRoots, "users-test.mts"];
  const compiled = await run(process.execPath, argv, { cwd: home, env }).catch(
    (error: { stdout: string }) => error,
  );
  expect(compiled.stdout).toBe("");
  return (await run(process.execPath, ["users-test.mts", ...args], { cwd: home, env })).stdout;
}

async function expectClientFor(home: string, env: Record<string, string | undefined>): Promise<void> {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 5 });
  const gateway = { id: "north", kind: "smpp", host: "127.0.0.1", port: simulator.port };
  const gateways = [{ ...gateway, systemId: "x", password: "x" }];
  const service = await startServiceProcess(await setUpService(join(folder, "service"), { gateways }));
  try {
    const address = `127.0.0.1:${service.setup.grpcPort}`;
    const told = await runUsers(home, env, usersClient, address, ACCOUNT_KEY);
    expect(told).toBe("true true\n4002\ntrue\ntrue\n");
  } finally {
    await service.stop();
    await simulator.stop();
  }
}

/** What lies beside the package: everything that its notes and checksums speak of, and nothing of where it was made. */
async function expectRelease(out: string, prefix: string): Promise<void> {
  const names = ["-descriptor-set.binpb", "-licences.txt", "-notes.md", "-sbom.cdx.json", ".tgz"];
  const files = names.map((name) => prefix + name);
  expect((await readdir(out)).sort()).toEqual(["SHA256SUMS", ...files].sort());
  const checked = await run("sha256sum", ["--check", "SHA256SUMS"], { cwd: out });
  expect(checked.stdout.match(/: OK$/gm)?.length).toBe(files.length);
  const bill = JSON.parse(await readFile(join(out, `${prefix}-sbom.cdx.json`), "utf8"));
  expect(bill).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "sms-relay" } } });
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const named = new Set(
    bill.components.map(({ name, group }: { name: string; group?: string }) =>
      group ? `${group}/${name}` : name,
    ),
  );
  const licences = await readFile(join(out, `${prefix}-licences.txt`), "utf8");
  for (const name of Object.keys(dependencies)) {
    expect(named).toContain(name);
    expect(licences).toContain(`${name} ${dependencies[name]} (`);
  }
  expect(JSON.stringify(bill)).not.toMatch(/"distribution"|localhost|127\.0\.0\.1/);
  expect(await readFile(join(out, `${prefix}-notes.md`), "utf8")).toMatch(/^# sms-relay \d+\.\d+\.\d+/);
}

describe("the package", () => {
  it("installs from its tarball into an empty folder and runs its demo there", {
    timeout: patienceMs,
  }, async () => {
    const env = surroundings();
    const home = join(folder, "home");
    for (const path of [home, env.TMPDIR]) await mkdir(path, { recursive: true });
    const clone = await copyClone();
    const out = join(folder, "release");
    // It builds by itself.
    await run("npm", ["run", "release", "--", "--dry-run", "--out", out], {
      cwd: clone,
      env: { ...env, TMPDIR: tmpdir() },
    });
    const { version: released } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const prefix = `sms-relay-${released}`;
    await expectRelease(out, prefix);
    const filename = join(out, `${prefix}.tgz`);
    const listed = await run("tar", ["-tzf", filename]);
    const paths = listed.stdout.split("\n").map((path) => path.replace(/^package\//, ""));
    expect(paths).toContain("dist/main.js");
    expect(paths).toContain("dist/gen/smsrelay/v1/sms_service.js");
    expect(paths).toContain("proto/smsrelay/v1/sms_service.proto");
    expect(paths).toContain("dist/smsc/start-simulator.d.ts");
    expect(paths).toContain("dist/client/client.d.ts");
    expect(paths).toContain("dist/descriptor-set.binpb");
    expect(paths).toContain("proto/service-config.json");
    const isSource = (path: string) => path.endsWith(".ts") && !path.endsWith(".d.ts");
    expect(paths.filter((path) => isSource(path) || path.startsWith("test/"))).toEqual([]);

    await writeFile(join(home, "package.json"), JSON.stringify({ name: "home", private: true }));
    await run("npm", ["install", "--no-audit", "--no-fund", filename], { cwd: home, env });
    const command = join(home, "node_modules/.bin/sms-relay");
    // What only a clone can do is left alone in an installed package, whoever asks for it there.
    await run("npm", ["run", "prepare"], { cwd: join(home, "node_modules/sms-relay"), env });
    const version = await run(command, ["--version"], { cwd: home, env });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const demo = await run(command, ["demo"], { cwd: home, env: { ...env, NODE_COMPILE_CACHE: undefined } });
    expect(demo.stderr).toBe("");
    expect(demo.stdout).toContain("Every one of 504 deliveries has its final report");
    expect(await readdir(env.TMPDIR)).toEqual([]);
    expect((await readdir(home)).sort()).toEqual(["node_modules", "package-lock.json", "package.json"]);
    expect(await runUsers(home, env, usersTest)).toBe("true 0 0\n");
    await expectClientFor(home, env);
  });

  it.each(["20.19.0", "22.18.0", "24.0.0", "24.6.0"])(
    "says in one sentence which Node it needs on Node %s",
    async (version) => {
      const older = join(folder, `older-${version}.cjs`);
      await writeFile(
        older,
        `Object.defineProperty(process, "versions", { value: { node: "${version}" } });`,
      );
      const failed = await run(process.execPath, ["--require", older, bin, "--help"]).then(
        () => undefined,
        (error: { code: number; stderr: string; stdout: string }) => error,
      );
      expect(failed).toMatchObject({ code: 1, stdout: "" });
      expect(failed?.stderr).toMatch(/^sms-relay needs Node\.js 24\.7 or newer; this is v\d+\.\d+\.\d+\.\n$/);
    },
  );

  it("runs its demo on the lowest Node that it admits", { timeout: patienceMs }, async () => {
    const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    const lowest = engines.node.replace(">=", "");
    const env = surroundings();
    const home = join(folder, "lowest");
    for (const path of [home, env.TMPDIR]) await mkdir(path, { recursive: true });
    await writeFile(
      join(home, "package.json"),
      JSON.stringify({ private: true, allowScripts: { node: true } }),
    );
    await run("npm", ["install", "--no-audit", "--no-fund", `node@${lowest}`], { cwd: home, env });
    const node = join(home, "node_modules/node/bin/node");
    expect((await run(node, ["--version"])).stdout).toBe(`v${lowest}\n`);
    const { stdout } = await run(node, [bin, "demo"], { cwd: home, env });
    expect(stdout).toContain("Every one of 504 deliveries has its final report");
  });
});
