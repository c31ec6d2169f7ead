/** `sms-relay serve` as a process: its first start, its configuration while it runs, and how it stops. */

import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { type CliRun, cli } from "../../support/cli.ts";
import { createJumpingClock } from "../../support/jumping-clock.ts";
import { type NodeProcess, START_FLAGS, startNode } from "../../support/node-process.ts";
import {
  ACCOUNT_KEY,
  OPERATOR_KEY,
  setUpService,
  startServiceProcess,
} from "../../support/service-process.ts";

const mainPath = join(import.meta.dirname, "../../../src/main.ts");
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-serve-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const gateway = (simulator: Simulator, id = "north", more: object = {}) => {
  return { id, kind: "smpp", host: "127.0.0.1", port: simulator.port, systemId: id, password: "x", ...more };
};

function call(port: number, argv: readonly string[], key = ACCOUNT_KEY): Promise<CliRun> {
  return cli([...argv, "--address", `127.0.0.1:${port}`, "--key", key], { workingDirectory: folder });
}

/** Reads the lines of a start until the one that tells how to send. */
async function readBanner(service: NodeProcess): Promise<string> {
  let banner = "";
  while (!banner.includes("Send a message")) banner += `${await service.nextLine()}\n`;
  return banner + (await service.nextLine());
}

/** The answer to a submit comes when the SMSC's clock jumps, and is waited for. */
const HELD = { kind: "slow-answer", delayMs: 600_000 } as const;
const patient = { responseTimeout: "10m" };

/** Waits until it holds; a machine with other work takes its time. */
const soon = (holds: () => void | Promise<void>) => vi.waitFor(holds, { timeout: 60_000 });

describe("the first start", () => {
  it("needs no file: it makes two keys, prints where all is, and says that no gateway is configured", async () => {
    const env = {
      PATH: process.env["PATH"],
      SMS_RELAY_LISTEN_GRPC_PORT: "0",
      SMS_RELAY_LISTEN_HTTP_PORT: "0",
    };
    await using service = startNode(mainPath, ["serve"], { cwd: folder, env });
    const banner = await readBanner(service);
    const keyFile = join(folder, "sms-relay-data/default.key");
    expect(banner).toContain(keyFile);
    expect(banner).toContain("No gateway is configured");
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "sms-relay-data"))).mode & 0o777).toBe(0o700);

    const port = Number(/listens on 127\.0\.0\.1:(\d+)/.exec(banner)?.[1]);
    // Without --key the command line finds the file of the folder it runs in.
    const sent = await cli(
      ["send", "--address", `127.0.0.1:${port}`, "--from", "A", "--to", "+46701234567", "x"],
      {
        workingDirectory: folder,
      },
    );
    expect(sent.exitCode).toBe(1);
    expect(sent.err).toContain("4112 NO_ROUTE");
    const listed = await cli(["gateways", "list", "--address", `127.0.0.1:${port}`], {
      workingDirectory: folder,
    });
    expect(listed.out).toBe("No gateway is configured.");

    await service.stop();
    await using again = startNode(mainPath, ["serve"], { cwd: folder, env });
    expect(await readBanner(again)).not.toContain("New keys");
    expect(await readFile(keyFile, "utf8")).toMatch(/^smsr_[a-z2-7]{12}_[A-Za-z0-9_-]{43}\n$/);
  });

  it("makes an operator's key, and no other, where the configuration has accounts but no operator", async () => {
    const setup = await setUpService(folder, { accounts: [{ id: "shop", keys: [ACCOUNT_KEY] }] });
    const start = () => startNode(mainPath, ["serve"], { cwd: folder });
    await using service = start();
    expect(await readBanner(service)).toContain(
      `No operator had a key. New key: ${join(folder, "operator.key")}`,
    );
    expect(await readdir(folder)).not.toContain("default.key");
    const address = `127.0.0.1:${setup.grpcPort}`;
    const listed = await cli(["gateways", "list", "--address", address], { workingDirectory: folder });
    expect(listed.out).toBe("No gateway is configured.");

    await service.stop();
    await using again = start();
    expect(await readBanner(again)).not.toContain("New key");
  });

  it("goes on without an operator, and says so, where that key cannot be written", async () => {
    await setUpService(folder, { accounts: [{ id: "shop", keys: [ACCOUNT_KEY] }] });
    await mkdir(join(folder, "operator.key"));
    await using service = startNode(mainPath, ["serve"], { cwd: folder });
    expect(await readBanner(service)).not.toContain("New key");
    expect(service.errorText()).toContain("Nobody may look after gateways, keys and backups");
  });

  it("tells every fault of its configuration and starts nothing", async () => {
    await writeFile(join(folder, "sms-relay.yaml"), "listen: { grpc: { port: many } }\n");
    const service = startNode(mainPath, ["serve"], { cwd: folder });
    expect((await service.ended).code).toBe(78);
    expect(service.errorText()).toContain("sms-relay.yaml:1:25: listen.grpc.port must be a number");
  });

  it("refuses a store that another service has, and a port that is taken, in one sentence", async () => {
    const setup = await setUpService(folder, {});
    await using first = await startServiceProcess(setup);
    const second = startNode(mainPath, ["serve", "--config", setup.configPath], { cwd: folder });
    expect((await second.ended).code).toBe(1);
    expect(second.errorText()).toMatch(/^sms-relay: .*(in use|another)/im);

    const env = { ...process.env, SMS_RELAY_STORE_PATH: join(folder, "other.db") };
    const third = startNode(mainPath, ["serve", "--config", setup.configPath], { cwd: folder, env });
    expect((await third.ended).code).toBe(1);
    expect(third.errorText()).toMatch(
      /^sms-relay: Another program listens on 127\.0\.0\.1:\d+ already, perhaps another sms-relay\./m,
    );
    const taken = { ...env, SMS_RELAY_LISTEN_GRPC_PORT: "0", SMS_RELAY_LISTEN_HTTP_PORT: "0" };
    const fourth = startNode(mainPath, ["serve", "--config", setup.configPath], {
      cwd: folder,
      env: { ...taken, SMS_RELAY_LISTEN_API_PORT: String(setup.httpPort) },
    });
    expect((await fourth.ended).code).toBe(1);
    expect(fourth.errorText()).toContain(`listens on 127.0.0.1:${setup.httpPort} already`);
    expect(existsSync(join(folder, "other.db"))).toBe(false);
    expect(first.hasEnded()).toBe(false);
  });

  it("says in one line, and the library of gRPC in none, that an address is not this machine's", async () => {
    const listen = { grpc: { host: "192.0.2.7", port: 1, allowPlaintext: true }, http: { port: 0 } };
    await writeFile(join(folder, "sms-relay.yaml"), JSON.stringify({ listen }));
    const service = startNode(mainPath, ["serve"], { cwd: folder });
    expect((await service.ended).code).toBe(1);
    const lines = service.errorText().trim().split("\n");
    expect(lines.filter((line) => !line.startsWith("{"))).toEqual([
      "sms-relay: 192.0.2.7:1 is no address of this machine. Choose one that it has, or 0.0.0.0 for all (listen.grpc, listen.http, listen.api, listen.callbacks).",
    ]);
  });
});

describe("the HTTP door", () => {
  it("ends where a part of the program cannot be read, and lets its store go", async () => {
    const setup = await setUpService(folder, { gateways: [] });
    const hooks = `import { registerHooks } from "node:module";
      registerHooks({ load(url, context, next) {
        if (url.endsWith("/start-parts.ts")) throw new Error("it cannot be read");
        return next(url, context);
      } });`;
    const nodeFlags = [...START_FLAGS, "--import", `data:text/javascript,${encodeURIComponent(hooks)}`];
    await using broken = startNode(mainPath, ["serve", "--config", setup.configPath], { nodeFlags });
    expect(await broken.ended).toEqual({ code: 1, signal: null });
    expect(broken.errorText()).toContain("it cannot be read");
    await using whole = await startServiceProcess(setup);
    expect(whole.hasEnded()).toBe(false);
  });

  it("tells health, readiness and figures", async () => {
    await using service = await startServiceProcess(await setUpService(folder, {}));
    const get = (path: string) => fetch(`http://127.0.0.1:${service.setup.httpPort}${path}`);
    expect((await get("/healthz")).status).toBe(200);
    expect(await (await get("/readyz")).json()).toEqual({ ready: true, reasons: [] });
    expect(await (await get("/metrics")).text()).toContain("sms_relay_ready 1");
  });

  it("is not ready, and messages are refused, below the floor of free disk space", async () => {
    const setup = await setUpService(folder, {});
    const env = { ...process.env, SMS_RELAY_STORE_MIN_FREE_DISK: "1000GiB" };
    await using service = await startServiceProcess(setup, { env });
    const ready = await fetch(`http://127.0.0.1:${setup.httpPort}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reasons: ["too little disk space is left"] });
    const { err } = await call(service.setup.grpcPort, ["send", "--from", "A", "--to", "+46701234567", "x"]);
    expect(err).toContain("5002 OVERLOADED");
    expect(err).toContain("Try again in 5 s.");
  });
});

describe("TLS", () => {
  it("serves gRPC with a certificate, which clients check", async () => {
    const tls = join(import.meta.dirname, "../../support/tls");
    const cert = join(tls, "smsc.cert.pem");
    const setup = await setUpService(folder, {});
    const config = JSON.parse(await readFile(setup.configPath, "utf8"));
    config.listen.grpc.tls = { cert, key: join(tls, "smsc.key.pem") };
    await writeFile(setup.configPath, JSON.stringify(config));
    await using service = await startServiceProcess(setup);
    const address = ["--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", ACCOUNT_KEY];
    const away = { workingDirectory: tmpdir() };
    const plain = await cli(["list", ...address], away);
    expect(plain).toMatchObject({ exitCode: 3, err: expect.stringContaining("perhaps it speaks TLS") });
    const unknown = await cli(["list", ...address, "--tls"], away);
    expect(unknown).toMatchObject({
      exitCode: 3,
      err: expect.stringMatching(/: self[- ]signed certificate\.$/),
    });
    const otherName = await cli(["list", ...address, "--ca", cert], away);
    expect(otherName.exitCode).toBe(3);
    // The folder's configuration says that it is TLS, and which certificate it is.
    expect(await call(service.setup.grpcPort, ["list"])).toMatchObject({ exitCode: 0, out: "No messages." });
    const good = await call(service.setup.grpcPort, ["list", "--ca", cert, "--tls-name", "smsc.test"]);
    expect(good).toMatchObject({ exitCode: 0, out: "No messages." });
  });

  it("asks clients for a certificate where a clientCa is set, and warns of nothing", async () => {
    const tls = join(import.meta.dirname, "../../support/tls");
    const [cert, key] = [join(tls, "smsc.cert.pem"), join(tls, "smsc.key.pem")];
    const setup = await setUpService(folder, {});
    const config = JSON.parse(await readFile(setup.configPath, "utf8"));
    config.listen.grpc.tls = { cert, key, clientCa: cert };
    await writeFile(setup.configPath, JSON.stringify(config));
    await using service = await startServiceProcess(setup);
    const without = await call(service.setup.grpcPort, ["list"]);
    expect(without).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("give --cert and --cert-key"),
    });
    const env = { PATH: process.env["PATH"], SMS_RELAY_KEY: ACCOUNT_KEY, SMS_RELAY_CERT: cert };
    const list = startNode(mainPath, ["list", "--cert-key", key], { cwd: folder, env });
    expect(await list.nextLine()).toBe("No messages.");
    expect((await list.ended).code).toBe(0);
    expect(list.errorText()).toBe("");
  });

  it("refuses a certificate with another one's key before anything starts", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(folder, "other.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const cert = join(import.meta.dirname, "../../support/tls/smsc.cert.pem");
    const tls = { cert, key: "other.pem" };
    await writeFile(join(folder, "sms-relay.yaml"), JSON.stringify({ listen: { grpc: { tls } } }));
    const { exitCode, err } = await cli(["config", "check"], { workingDirectory: folder });
    expect(exitCode).toBe(78);
    expect(err).toMatch(
      /sms-relay\.yaml:1:\d+: listen\.grpc\.tls\.key is the key of another certificate: other\.pem does not fit .*smsc\.cert\.pem$/,
    );
  });
});

describe("SIGHUP", () => {
  it("takes the gateways of the changed file, says what waits for a restart, and keeps everything when the file is faulty", async () => {
    await using simulator = disposable(await startSimulator({ port: 0 }));
    const setup = await setUpService(folder, {
      gateways: [gateway(simulator.value)],
      logging: { level: "info" },
    });
    await using service = await startServiceProcess(setup);
    await simulator.value.waitUntil(({ binds }) => binds === 1);

    const config = JSON.parse(await readFile(setup.configPath, "utf8"));
    await writeFile(setup.configPath, JSON.stringify({ ...config, gateways: [{ id: "broken" }] }));
    service.kill("SIGHUP");
    await soon(() => expect(service.errorText()).toContain("everything stays as it is"));
    expect(service.errorText()).toContain("gateways[0]");

    const gateways = [gateway(simulator.value), gateway(simulator.value, "south", { priority: 200 })];
    const limits = { ...config.limits, maxBacklog: 12_345 };
    const send = ["send", "--from", "ACME", "--to", "+46701234567", "Hello"];
    expect((await call(setup.grpcPort, send)).exitCode).toBe(0);
    const senders = [{ countries: ["SE"], kinds: ["SHORT_CODE"] }];
    await writeFile(setup.configPath, JSON.stringify({ ...config, gateways, senders, limits }));
    service.kill("SIGHUP");
    await simulator.value.waitUntil(({ binds }) => binds === 2);
    await soon(() => expect(service.errorText()).toMatch(/\["limits\.maxBacklog"\].*need a restart/));
    expect(service.errorText()).toMatch(/"added":\["south"\],"removed":\[\].*were read again/);
    const { out } = await call(setup.grpcPort, ["gateways", "list"], OPERATOR_KEY);
    expect(out).toMatch(/north[\s\S]+south/);
    expect((await call(setup.grpcPort, send)).err).toContain("4104 SENDER_NOT_REGISTERED");
    // What did not change was left alone.
    expect(simulator.value.counters().drops).toBe(0);
  });

  it.each([
    ["found by itself", []],
    ["named", ["--config", "sms-relay.yaml"]],
  ])("keeps the gateways when the file, %s at the start, is empty or gone", async (_how, options) => {
    await using simulator = disposable(await startSimulator({ port: 0 }));
    const setup = await setUpService(folder, { gateways: [gateway(simulator.value)] });
    await using service = startNode(mainPath, ["serve", ...options], { cwd: folder });
    await readBanner(service);
    await writeFile(setup.configPath, "");
    service.kill("SIGHUP");
    await soon(() => expect(service.errorText()).toContain("is empty"));
    await rm(setup.configPath);
    service.kill("SIGHUP");
    await soon(() => expect(service.errorText()).toContain("cannot be read (ENOENT)"));
    expect(service.errorText()).toContain("everything stays as it is");
    const { out } = await call(setup.grpcPort, ["gateways", "list"], OPERATOR_KEY);
    expect(out).toMatch(/^north /m);
  });
});

describe("SIGHUP at any other time", () => {
  it("ends nothing while the service drains: what is in flight gets its answer", async () => {
    const clock = createJumpingClock();
    await using simulator = disposable(await startSimulator({ port: 0, clock, behaviours: [HELD] }));
    const setup = await setUpService(folder, {
      gateways: [gateway(simulator.value, "north", patient)],
      shutdown: { grace: "4m" },
      logging: { level: "info" },
    });
    await using service = await startServiceProcess(setup);
    await simulator.value.waitUntil(({ binds }) => binds === 1);
    const send = ["send", "--from", "A", "--to", "+46701234567", "--at-most-once", "--json", "x"];
    const sent = await call(setup.grpcPort, send);
    await simulator.value.waitUntil(({ submits }) => submits === 1);
    service.kill("SIGTERM");
    await soon(() => expect(service.errorText()).toContain("drains and stops"));
    service.kill("SIGHUP");
    service.kill("SIGHUP");
    await soon(() => expect(service.errorText()).toContain("SIGHUP changes nothing"));
    clock.jump(HELD.delayMs);
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(simulator.value.counters()).toMatchObject({ answered: 1, drops: 0 });

    await using again = await startServiceProcess(setup);
    const { out, err } = await call(again.setup.grpcPort, ["status", JSON.parse(sent.out).messageId]);
    expect(err).toBe("");
    expect(out).toMatch(/SUBMITTED|DELIVERED/);
  });

  it("does not end a service that is starting", async () => {
    const setup = await setUpService(folder, { gateways: [] });
    await using service = startNode(mainPath, ["serve", "--config", setup.configPath], { cwd: folder });
    // From the first moment at which the program, and not Node, has the word.
    let isReady = false;
    const ready = readBanner(service).then(() => {
      isReady = true;
    });
    await soon(async () => {
      const status = await readFile(`/proc/${service.pid}/status`, "utf8");
      expect(catches(status, 1)).toBe(true);
    });
    while (!isReady) {
      service.kill("SIGHUP");
      await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
    expect(service.hasEnded()).toBe(false);
    service.kill("SIGTERM");
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });
});

/** Whether a process has a handler for the signal of this number (proc_pid_status(5), SigCgt). */
function catches(status: string, signal: number): boolean {
  const mask = /^SigCgt:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

async function streamIsOpen({ httpPort }: { readonly httpPort: number }): Promise<void> {
  await soon(async () => {
    const figures = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
    expect(figures).toMatch(/^\S*report_streams 1$/m);
  });
}

describe("SIGTERM", () => {
  it("lets what is in flight finish, ends streams, unbinds and exits with 0; who watches goes on at the next start", async () => {
    const clock = createJumpingClock();
    await using simulator = disposable(await startSimulator({ port: 0, clock, behaviours: [HELD] }));
    const setup = await setUpService(folder, {
      gateways: [gateway(simulator.value, "north", patient)],
      shutdown: { grace: "4m" },
    });
    await using service = await startServiceProcess(setup);
    await simulator.value.waitUntil(({ binds }) => binds === 1);
    const watching = call(setup.grpcPort, ["watch", "--from", "earliest", "--count", "3"]);
    await streamIsOpen(setup);
    const sent = await call(setup.grpcPort, ["send", "--from", "A", "--to", "+46701234567", "--json", "x"]);
    await simulator.value.waitUntil(({ submits }) => submits === 1);

    service.kill("SIGTERM");
    await soon(async () => {
      const ready = await fetch(`http://127.0.0.1:${setup.httpPort}/readyz`);
      expect(await ready.json()).toEqual({ ready: false, reasons: ["the service is stopping"] });
    });
    clock.jump(HELD.delayMs);
    expect((await service.ended).code).toBe(0);
    expect(simulator.value.counters()).toMatchObject({ answered: 1, drops: 0 });

    await using again = await startServiceProcess(setup);
    const { out, err } = await call(again.setup.grpcPort, ["status", JSON.parse(sent.out).messageId]);
    expect(err).toBe("");
    expect(out).toMatch(/SUBMITTED|DELIVERED/);
    expect(simulator.value.counters().submits).toBe(1);
    const stream = await watching;
    expect(stream.out.match(/ (QUEUED|SUBMITTED|DELIVERED) /g)).toEqual([
      " QUEUED ",
      " SUBMITTED ",
      " DELIVERED ",
    ]);
    expect(stream.err).toMatch(/^The stream was lost; it goes on.*\ncursor \S+$/);
    expect(stream.exitCode).toBe(0);
  });

  it("ends a file that is being sent with the number of rows answered; the same command goes on", async () => {
    const setup = await setUpService(folder, { gateways: [] });
    const north = {
      id: "north",
      kind: "smpp",
      host: "127.0.0.1",
      port: 1,
      systemId: "x",
      password: "x",
      paused: true,
    };
    const config = JSON.parse(await readFile(setup.configPath, "utf8"));
    await writeFile(setup.configPath, JSON.stringify({ ...config, gateways: [north] }));
    const rowCount = 5_000;
    const rows = Array.from({ length: rowCount }, (_, index) => `+4670${String(2_000_000 + index)}`);
    await writeFile(join(folder, "rows.csv"), ["recipient", ...rows].join("\n"));
    const send = ["send", "--file", "rows.csv", "--from", "A", "--json", "x"];

    await using service = await startServiceProcess(setup);
    let answered = 0;
    const broken = await cli([...send, "--address", `127.0.0.1:${setup.grpcPort}`, "--key", ACCOUNT_KEY], {
      workingDirectory: folder,
      onLine: () => {
        if (++answered === 300) service.kill("SIGTERM");
      },
    });
    expect(broken.exitCode).not.toBe(0);
    expect(broken.err).toMatch(
      /^\{"note":"[0-9,]+ of 5,000 rows were answered\. The same command again goes on/,
    );
    expect((await service.ended).code).toBe(0);

    await using again = await startServiceProcess(setup);
    const whole = await call(again.setup.grpcPort, send);
    expect(whole.exitCode).toBe(0);
    const { summary } = JSON.parse(whole.out.split("\n").at(-1) ?? "");
    expect(summary).toMatchObject({ rows: rowCount, answered: rowCount, refused: 0 });
    expect(summary.replayed).toBeGreaterThanOrEqual(300);
    expect(summary.accepted + summary.replayed).toBe(rowCount);
  });

  it("gives up what does not finish within the grace time, and exits", async () => {
    await using simulator = disposable(
      await startSimulator({ port: 0, behaviours: [{ kind: "no-answer" }] }),
    );
    const setup = await setUpService(folder, {
      gateways: [gateway(simulator.value, "north", patient)],
      shutdown: { grace: "1s" },
    });
    await using service = await startServiceProcess(setup);
    await simulator.value.waitUntil(({ binds }) => binds === 1);
    await call(setup.grpcPort, ["send", "--from", "A", "--to", "+46701234567", "x"]);
    await simulator.value.waitUntil(({ submits }) => submits === 1);
    service.kill("SIGTERM");
    // It does not wait for the answer.
    expect((await service.ended).code).toBe(0);
  });

  it.each([
    ["it comes twice", "SIGTERM"],
    ["Ctrl-C follows it", "SIGINT"],
  ] as const)("ends at once when %s", async (_when, second) => {
    await using simulator = disposable(
      await startSimulator({ port: 0, behaviours: [{ kind: "no-answer" }] }),
    );
    const setup = await setUpService(folder, {
      gateways: [gateway(simulator.value)],
      shutdown: { grace: "60s" },
      logging: { level: "info" },
    });
    await using service = await startServiceProcess(setup);
    await simulator.value.waitUntil(({ binds }) => binds === 1);
    await call(setup.grpcPort, ["send", "--from", "A", "--to", "+46701234567", "x"]);
    await simulator.value.waitUntil(({ submits }) => submits === 1);
    service.kill("SIGTERM");
    await soon(() => expect(service.errorText()).toContain("drains and stops"));
    service.kill(second);
    expect((await service.ended).code).toBe(1);
  });
});

describe("kill -9", () => {
  it("ends no watch that began just now: it goes on where it began, without a gap", async () => {
    const away = { id: "away", kind: "smpp", host: "127.0.0.1", port: 1, systemId: "a", password: "x" };
    const setup = await setUpService(folder, { gateways: [{ ...away, paused: true }] });
    await using service = await startServiceProcess(setup);
    const watching = call(setup.grpcPort, ["watch", "--count", "1"]);
    await streamIsOpen(setup);
    // By the time that another call was answered it has its first cursor.
    await call(setup.grpcPort, ["list"]);
    service.kill("SIGKILL");
    await service.ended;
    await using again = await startServiceProcess(setup);
    await call(again.setup.grpcPort, ["send", "--from", "A", "--to", "+46701234567", "x"]);
    const { exitCode, out, err } = await watching;
    expect(err).toMatch(/^The stream was lost; it goes on/);
    expect(out).toMatch(/ \+46701234567 /);
    expect(exitCode).toBe(0);
  });
});

describe("simulate", () => {
  it("prints what it receives, takes flags, and ends with its sums", async () => {
    const flags = [
      "simulate",
      "--port",
      "0",
      "--receipt-delay",
      "10ms",
      "--rule",
      "prefix=4673,submitStatus=0x0B",
    ];
    await using simulator = startNode(mainPath, flags);
    await soon(() => expect(simulator.errorText()).toMatch(/listens on 127\.0\.0\.1:\d+/));
    const port = Number(/listens on 127\.0\.0\.1:(\d+)/.exec(simulator.errorText())?.[1]);
    const north = { id: "north", kind: "smpp", host: "127.0.0.1", port, systemId: "acme", password: "x" };
    const setup = await setUpService(folder, { gateways: [north] });
    await using service = await startServiceProcess(setup);
    await call(service.setup.grpcPort, [
      "send",
      "--from",
      "A",
      "--to",
      "+46701234567",
      "--to",
      "+46731234567",
      "Hi",
    ]);
    const lines = [await simulator.nextLine(), await simulator.nextLine()].join("\n");
    expect(lines).toMatch(/acme {2}A → 46701234567 {2}id \d+ {2}"Hi"/);
    expect(lines).toMatch(/acme {2}A → 46731234567 {2}refused 0x0b {2}"Hi"/);
    simulator.kill("SIGINT");
    expect((await simulator.ended).code).toBe(0);
    expect(simulator.errorText()).toMatch(/2 submits: 1 accepted, 1 refused/);
  });
});

describe("demo", () => {
  it("shows everything, exits with 0 and leaves nothing behind", async () => {
    const env = { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };
    const demo = startNode(mainPath, ["demo"], { env });
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    expect(demo.errorText()).not.toContain("sms-relay:");
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const env = { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };
    const demo = startNode(mainPath, ["demo"], { env });
    await demo.nextLine();
    demo.kill("SIGINT");
    const { code } = await demo.ended;
    expect(code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });
});

function disposable(value: Simulator): AsyncDisposable & { readonly value: Simulator } {
  return { value, [Symbol.asyncDispose]: () => value.stop() };
}
