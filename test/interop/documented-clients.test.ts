/** The client programs that docs/api.md prints, taken from there: compiled, and run against a real service. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../src/smsc/start-simulator.ts";
import { cli } from "../support/cli.ts";
import { describeWithPackage } from "../support/debian-package.ts";
import { startNode } from "../support/node-process.ts";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  type ServiceSetup,
  setUpService,
  startServiceProcess,
} from "../support/service-process.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const python = "/usr/bin/python3";
const hasPython =
  spawnSync(python, ["-c", "import google.protobuf, grpc"]).status === 0 &&
  spawnSync("protoc", ["--version"]).status === 0 &&
  spawnSync("which", ["grpc_python_plugin"]).status === 0;

/** Each program of the page, by the name in its first line. */
const programs = new Map(
  [
    ...readFileSync(join(root, "docs/api.md"), "utf8").matchAll(
      /```(?:ts|python)\n(?:\/\/|#) (\S+)\n([\s\S]*?)```/g,
    ),
  ].map(([, name = "", text = ""]) => [name, text]),
);

/** What a reader writes around the pieces. */
const drivers = {
  "follow.ts": `
import { consumeReports } from "./consume-reports.ts";
const [, , address = "", key = ""] = process.argv;
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
await consumeReports(address, key, async ({ reportNumber, state }) => console.log(reportNumber, state), stop.signal);
console.log("stopped");
`,
  "refused.ts": `
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { detailsOf } from "./details.ts";
import { SendSmsRequest, SendSmsResponse } from "./gen/smsrelay/v1/sms_service.ts";
const [, , address = "", key = ""] = process.argv;
const client = new Client(address, credentials.createInsecure());
const metadata = new Metadata();
metadata.set("authorization", \`Bearer \${key}\`);
client.makeUnaryRequest(
  "/smsrelay.v1.SmsService/SendSms",
  (request: SendSmsRequest) => Buffer.from(SendSmsRequest.encode(request).finish()),
  (octets) => SendSmsResponse.decode(octets),
  SendSmsRequest.create({ sender: "ACME", recipients: ["123"] }),
  metadata,
  (error: ServiceError | null) => {
    const { info, violations } = detailsOf(error as ServiceError);
    console.log(info?.reason, violations.map(({ field }) => field).join(","));
    client.close();
  },
);
`,
};

let folder: string;
let simulator: Simulator;
let setup: ServiceSetup;
let service: ServiceProcess;
let address: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-interop-clients-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await symlink(join(root, "src/gen"), join(folder, "gen"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of [...programs, ...Object.entries(drivers)])
    await writeFile(join(folder, name), text);
  simulator = await startSimulator({ port: 0, receiptDelayMs: 10 });
  const north = {
    id: "north",
    kind: "smpp",
    host: "127.0.0.1",
    port: simulator.port,
    systemId: "x",
    password: "x",
  };
  setup = await setUpService(join(folder, "service"), { gateways: [north] });
  service = await startServiceProcess(setup);
  address = `127.0.0.1:${setup.grpcPort}`;
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await simulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program ended that may fail. */
const endOf = (running: Promise<Ended>) => running.catch((error: Ended) => error);

const node = async (file: string, ...args: string[]) =>
  (await run(process.execPath, ["--disable-warning=ExperimentalWarning", file, ...args], { cwd: folder }))
    .stdout;

const refusal = "INVALID_RECIPIENT 4002\nrecipients[0] must be + and 7 to 15 digits (E.164)";
const messageId = /^[0-9a-f-]{36}\n$/;

describe("the TypeScript of docs/api.md", () => {
  it("compiles as it is printed", { timeout: 120_000 }, async () => {
    expect([...programs.keys()].sort()).toEqual(["consume-reports.ts", "details.ts", "send.py", "send.ts"]);
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["*.ts"], exclude: ["gen"] }),
    );
    const argv = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder];
    const compiled = await run(process.execPath, argv).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe("");
  });

  it("sends, and reads a refusal", { timeout: 60_000 }, async () => {
    expect(await node("send.ts", address, ACCOUNT_KEY, "+46701234567")).toMatch(messageId);
    const send = (to: string, recipient: string) =>
      endOf(
        run(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", "send.ts", to, ACCOUNT_KEY, recipient],
          {
            cwd: folder,
          },
        ),
      );
    expect(await send(address, "123")).toMatchObject({
      code: 1,
      stdout: `${refusal}\n`,
      stderr: expect.stringContaining("INVALID_ARGUMENT"),
    });
    expect(await send("127.0.0.1:1", "+46701234567")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("UNAVAILABLE"),
    });
  });

  it("reads a refusal's details with grpc-js alone", { timeout: 60_000 }, async () => {
    expect(await node("refused.ts", address, ACCOUNT_KEY)).toBe("INVALID_RECIPIENT recipients[0],content\n");
  });

  it("reads every report, in order, over a restart of the service", { timeout: 120_000 }, async () => {
    await using reader = startNode(join(folder, "follow.ts"), [address, ACCOUNT_KEY], { cwd: folder });
    const send = () =>
      cli(["send", "--from", "A", "--to", "+46701234568", "--address", address, "--key", ACCOUNT_KEY, "x"], {
        workingDirectory: folder,
      });
    const numbers: number[] = [];
    const readUntil = async (number: number) => {
      while (numbers.at(-1) !== number) numbers.push(Number((await reader.nextLine()).split(/\D/)[0]));
    };
    await readUntil(3);
    await service.stop();
    service = await startServiceProcess(setup);
    await send();
    await readUntil(6);
    // What was processed and not acknowledged when the service stopped came again.
    expect([...new Set(numbers)]).toEqual([1, 2, 3, 4, 5, 6]);
    reader.kill("SIGTERM");
    expect(await reader.nextLine()).toBe("stopped");
  });
});

describeWithPackage(
  "python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc",
  hasPython,
  "the Python of docs/api.md",
  () => {
    it("sends, and reads a refusal, with stubs from proto/ alone", { timeout: 60_000 }, async () => {
      const stubs = join(folder, "stubs");
      await mkdir(stubs);
      const googleapis = join(root, "node_modules/google-proto-files");
      const { stdout: plugin } = await run("which", ["grpc_python_plugin"]);
      const files = ["delivery", "delivery_report", "message", "sms_service", "status_code", "subscription"];
      await run("protoc", [
        `-I${join(root, "proto")}`,
        `-I${googleapis}`,
        `--python_out=${stubs}`,
        `--grpc_out=${stubs}`,
        `--plugin=protoc-gen-grpc=${plugin.trim()}`,
        ...files.map((name) => `smsrelay/v1/${name}.proto`),
        "google/rpc/status.proto",
        "google/rpc/error_details.proto",
      ]);
      const send = (recipient: string, to = address) => {
        const env = { ...process.env, PYTHONPATH: stubs };
        return endOf(run(python, ["send.py", to, ACCOUNT_KEY, recipient], { cwd: folder, env }));
      };
      expect((await send("+46701234567")).stdout).toMatch(messageId);
      expect(await send("123")).toMatchObject({
        code: 1,
        stdout: `${refusal}\n`,
        stderr: expect.stringMatching(/^INVALID_ARGUMENT /),
      });
      expect(await send("+46701234567", "127.0.0.1:1")).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^(DEADLINE_EXCEEDED|UNAVAILABLE) ./),
      });
    });

    it("has the stubs of TypeScript made by the printed command", { timeout: 60_000 }, async () => {
      const page = readFileSync(join(root, "docs/api.md"), "utf8");
      const [, command = ""] = /```sh\n# TypeScript, [^\n]*\n([\s\S]*?)```/.exec(page) ?? [];
      const made = join(folder, "made");
      await mkdir(made);
      for (const name of ["node_modules", "proto"]) await symlink(join(root, name), join(made, name));
      await run("bash", ["-c", command], { cwd: made });
      for (const file of ["smsrelay/v1/sms_service.ts", "google/rpc/error_details.ts"]) {
        const text = (path: string) => readFileSync(path, "utf8").replace(/^\/\/ .*\n/gm, "");
        expect(text(join(made, "gen", file))).toBe(text(join(root, "src/gen", file)));
      }
    });
  },
);
