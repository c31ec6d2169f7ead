/** The client programs that docs/clients.md prints, taken from there: compiled, and run against a real service. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Simulator, startSimulator } from "../../src/smsc/start-simulator.ts";
import { cli } from "../support/cli.ts";
import { describeWithPackage, isInstalled } from "../support/debian-package.ts";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  type ServiceSetup,
  setUpService,
  startServiceProcess,
} from "../support/service-process.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const programFolder = join(import.meta.dirname, "programs/clients");
const page = readFileSync(join(root, "docs/clients.md"), "utf8");
const python = "/usr/bin/python3";
const hasPython =
  isInstalled(python, "-c", "import google.protobuf, grpc") &&
  isInstalled("protoc", "--version") &&
  isInstalled("which", "grpc_python_plugin");
/** Where Debian keeps the sources of Go's libraries. */
const goSources = "/usr/share/gocode";
const goLibraries = ["grpc", "protobuf/proto", "genproto/googleapis/rpc/errdetails"];
const hasGo =
  isInstalled("protoc", "--version") &&
  isInstalled("which", "go", "protoc-gen-go", "protoc-gen-go-grpc") &&
  // Version 1.5 of golang/protobuf; 1.3 does not know what protoc-gen-go makes.
  isInstalled("test", "-d", join(goSources, "src/github.com/golang/protobuf/internal/gengogrpc")) &&
  goLibraries.every((name) => isInstalled("test", "-d", join(goSources, "src/google.golang.org", name)));

/** Each program of the page, by the name in its first line. */
const programs = new Map(
  [...page.matchAll(/```(?:ts|python|go)\n(?:\/\/|#) (\S+)\n([\s\S]*?)```/g)].map(
    ([, name = "", text = ""]) => [name, text],
  ),
);
/** The command that makes the stubs of a language. */
const commandFor = (language: string) =>
  new RegExp(`\`\`\`sh\\n# ${language}, [^\\n]*\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";

/** Reads the details of a refusal with what the page prints for plain grpc-js. */
const refused = `
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { detailsOf } from "./details.ts";
import { SendSmsRequest } from "./gen/smsrelay/v1/sms.ts";
import { SendSmsResponse } from "./gen/smsrelay/v1/sms_service.ts";
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
`;

let folder: string;
let simulator: Simulator;
let setup: ServiceSetup;
let service: ServiceProcess;
let address: string;
let sentCount = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-interop-clients-"));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "sms-relay"), { recursive: true });
  for (const name of await readdir(join(root, "node_modules"))) {
    if (name !== "sms-relay") await symlink(join(root, "node_modules", name), join(modules, name));
  }
  // The package as it would be built; test/e2e/package.test.ts takes the client from a tarball.
  const entry = { "./client": "./src/client/client.ts" };
  await writeFile(
    join(modules, "sms-relay/package.json"),
    JSON.stringify({ type: "module", exports: entry }),
  );
  await symlink(join(root, "src"), join(modules, "sms-relay/src"));
  await symlink(join(root, "src/gen"), join(folder, "gen"));
  await symlink(join(root, "proto"), join(folder, "proto"));
  await copyFile(join(root, "proto/service-config.json"), join(folder, "service-config.json"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of [...programs, ["refused.ts", refused] as const]) {
    await writeFile(join(folder, name), text);
  }
  simulator = await startSimulator({ port: 0, receiptDelayMs: 10 });
  const gateway = { id: "north", kind: "smpp", host: "127.0.0.1", port: simulator.port };
  const gateways = [{ ...gateway, systemId: "x", password: "x" }];
  setup = await setUpService(join(folder, "service"), { gateways });
  service = await startServiceProcess(setup);
  address = `127.0.0.1:${setup.grpcPort}`;
});
afterAll(async () => {
  await service?.stop();
  await simulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A program and its first arguments, and what stands in its environment besides ours. */
interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
}

const environmentOf = ({ env }: Command) => ({ cwd: folder, env: { ...process.env, ...env } });

interface Ended {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program ends, also one that fails. */
const endOf = (command: Command, ...args: readonly string[]): Promise<Ended> => {
  const [program, ...first] = command.argv;
  return run(program, [...first, ...args], environmentOf(command)).catch((error: Ended) => error);
};

/** Sends by the program what its name asks for: once, again, wrongly, and to nobody. */
async function expectToSend(command: Command, requestId: string): Promise<void> {
  const send = (to: string, recipient: string) => endOf(command, to, ACCOUNT_KEY, recipient, requestId);
  const sent = await send(address, "+46701234567");
  expect(sent).toMatchObject({ stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/), stderr: "" });
  sentCount += 1;
  // The same request under the same id is the same message.
  expect(await send(address, "+46701234567")).toEqual(sent);
  expect(await endOf(command, address, ACCOUNT_KEY, "123", `${requestId}-2`)).toMatchObject({
    code: 1,
    stdout: "INVALID_RECIPIENT 4002\nrecipients[0] must be + and 7 to 15 digits (E.164)\n",
    stderr: expect.stringMatching(/INVALID_ARGUMENT|InvalidArgument/),
  });
  expect(await send("127.0.0.1:1", "+46701234567")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/DEADLINE_EXCEEDED|DeadlineExceeded|UNAVAILABLE/),
  });
}

/** Reads reports by the program, over a restart of the service. */
async function expectToFollow(command: Command, subscription: string): Promise<void> {
  const [program, ...first] = command.argv;
  const child = spawn(program, [...first, address, ACCOUNT_KEY, subscription], {
    ...environmentOf(command),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    return done === true ? expect.fail("it ended") : value;
  };
  try {
    const numbers: number[] = [];
    const states: string[] = [];
    const readAll = async () => {
      while (numbers.at(-1) !== 3 * sentCount) {
        const [number, state = ""] = (await nextLine()).split(" ");
        numbers.push(Number(number));
        states.push(state);
      }
    };
    await sendOne();
    await readAll();
    await service.stop();
    service = await startServiceProcess(setup);
    await sendOne();
    await readAll();
    // What was processed and not acknowledged when the service stopped came again.
    expect([...new Set(numbers)]).toEqual(Array.from({ length: 3 * sentCount }, (_, index) => index + 1));
    expect(states.at(-1)).toMatch(/^(DELIVERY_STATE_DELIVERED|4)$/);
    child.kill("SIGTERM");
    expect(await nextLine()).toBe("stopped");
    await ended;
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
  }
}

async function sendOne(): Promise<void> {
  const options = ["--address", address, "--key", ACCOUNT_KEY];
  await cli(["send", "--from", "A", "--to", "+46701234568", ...options, "x"], { workingDirectory: folder });
  sentCount += 1;
}

describe("docs/clients.md", () => {
  it("prints the programs for Go and Python as they are", async () => {
    const files = await readdir(programFolder);
    for (const name of files) {
      expect(programs.get(name), name).toBe(readFileSync(join(programFolder, name), "utf8"));
    }
    expect([...programs.keys()].toSorted()).toEqual(
      [...files, "details.ts", "reports.ts", "send.ts"].toSorted(),
    );
  });

  it("has ts-proto's options as this project has them", () => {
    const { plugins } = parse(readFileSync(join(root, "buf.gen.yaml"), "utf8")) as {
      plugins: { opt?: string[] }[];
    };
    expect(commandFor("TypeScript")).toContain(`--ts_proto_opt=${plugins[0]?.opt?.join(",")} `);
  });
});

describe("the TypeScript of docs/clients.md", () => {
  const program = (file: string): Command => ({
    argv: [process.execPath, "--disable-warning=ExperimentalWarning", file],
  });

  it("compiles as it is printed", async () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["*.ts"], exclude: ["gen"] }),
    );
    const argv = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder];
    const compiled = await run(process.execPath, argv).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe("");
  });

  it("sends once, and reads a refusal", () => expectToSend(program("send.ts"), "node-1"));

  it("reads a refusal's details with grpc-js alone", async () => {
    const { stdout } = await endOf(program("refused.ts"), address, ACCOUNT_KEY);
    expect(stdout).toBe("INVALID_RECIPIENT recipients[0],content\n");
  });

  it("reads every report, in order, over a restart of the service", () =>
    expectToFollow(program("reports.ts"), "node"));
});

describeWithPackage(
  "python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc",
  hasPython,
  "the Python of docs/clients.md",
  () => {
    const program = (file: string): Command => ({
      argv: [python, file],
      env: { PYTHONPATH: join(folder, "stubs") },
    });
    beforeAll(async () => {
      // Debian has the plugin by another name than pip, and google.rpc not at all.
      const plugin = spawnSync("which", ["grpc_python_plugin"], { encoding: "utf8" }).stdout.trim();
      const command = commandFor("Python")
        .replace("python3 -m grpc_tools.protoc", `protoc --plugin=protoc-gen-grpc_python=${plugin}`)
        .trim();
      const googleapis = join(root, "node_modules/google-proto-files");
      await run("bash", ["-ec", command], { cwd: folder });
      const files = ["google/rpc/status.proto", "google/rpc/error_details.proto"];
      await run("protoc", [`-I${googleapis}`, `--python_out=${join(folder, "stubs")}`, ...files]);
    });

    it("sends once, and reads a refusal", () => expectToSend(program("send.py"), "python-1"));

    it("reads every report, in order, over a restart of the service", () =>
      expectToFollow(program("reports.py"), "python"));

    it("has the stubs of TypeScript made by the printed command", async () => {
      const made = join(folder, "made");
      await mkdir(made);
      for (const name of ["node_modules", "proto"]) await symlink(join(root, name), join(made, name));
      await run("bash", ["-ec", commandFor("TypeScript")], { cwd: made });
      for (const file of ["smsrelay/v1/sms_service.ts", "google/rpc/error_details.ts"]) {
        const text = (path: string) => readFileSync(path, "utf8").replace(/^\/\/ .*\n/gm, "");
        expect(text(join(made, "gen", file))).toBe(text(join(root, "src/gen", file)));
      }
    });
  },
);

describeWithPackage(
  "golang-go protobuf-compiler protoc-gen-go protoc-gen-go-grpc golang-google-grpc-dev golang-google-protobuf-dev golang-google-genproto-dev golang-github-golang-protobuf-1-5-dev",
  hasGo,
  "the Go of docs/clients.md",
  () => {
    const program = (name: string): Command => ({ argv: [join(folder, "go", name)] });
    beforeAll(async () => {
      const workspace = join(folder, "go");
      await mkdir(workspace);
      await symlink(join(root, "proto"), join(workspace, "proto"));
      await run("bash", ["-ec", commandFor("Go")], { cwd: workspace });
      // Without a network there are no modules: Debian's sources and ours stand in the path as they did before there were any.
      await symlink("gen", join(workspace, "src"));
      const env = { ...process.env, GO111MODULE: "off", GOPATH: `${workspace}:${goSources}`, GOFLAGS: "" };
      for (const name of ["send", "reports"]) {
        const argv = ["-o", join(workspace, name), join(folder, `${name}.go`)];
        await run("go", ["build", ...argv], { cwd: folder, env });
        expect((await run("go", ["vet", join(folder, `${name}.go`)], { cwd: folder, env })).stderr).toBe("");
      }
      expect((await run("gofmt", ["-l", programFolder])).stdout).toBe("");
    }, 600_000);

    it("sends once, and reads a refusal", () => expectToSend(program("send"), "go-1"));

    it("reads every report, in order, over a restart of the service", () =>
      expectToFollow(program("reports"), "go"));
  },
);
