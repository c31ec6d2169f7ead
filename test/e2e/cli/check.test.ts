/** `check` against real SMSCs, ports and databases. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding } from "../../../src/compose/checks/finding.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import type { SimulatorOptions } from "../../../src/smsc/options.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { type CliRun, cli } from "../../support/cli.ts";
import { describeWithPackage, isInstalled } from "../../support/debian-package.ts";
import { connectEsme, idOf, submitTo } from "../../support/esme.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { startNode } from "../../support/node-process.ts";
import { startPooler } from "../../support/pooler.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { setUpService, startServiceProcess } from "../../support/service-process.ts";
import { startTokenIssuer } from "../../support/token-issuer.ts";

let folder: string;
let parts: AsyncDisposableStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-check-"));
  parts = new AsyncDisposableStack();
  parts.defer(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => parts.disposeAsync());

async function useSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ port: 0, ...options });
  parts.defer(() => simulator.stop());
  return simulator;
}

type Settings = Readonly<Record<string, unknown>>;

const gatewayAt = (port: number, more: Settings = {}) => ({
  ...{ id: "north", kind: "smpp", host: "127.0.0.1", port, systemId: "relay", password: "secret" },
  ...more,
});

/** Checks a configuration that is silent about ports and folders. */
async function check(settings: Settings, ...options: string[]): Promise<CliRun> {
  const config = { listen: { grpc: { port: 0 }, http: { port: 0 } }, ...settings };
  writeFileSync(join(folder, "sms-relay.yaml"), JSON.stringify(config));
  return cli(["check", ...options], { workingDirectory: folder });
}

async function findings(settings: Settings, ...options: string[]): Promise<readonly Finding[]> {
  const { out } = await check(settings, "--json", ...options);
  return out.split("\n").map((line) => JSON.parse(line) as Finding);
}

const about = (found: readonly Finding[], subject: string) => found.filter((one) => one.subject === subject);

describe("check", () => {
  it("binds with the configured credentials, unbinds, and finds nothing wrong", async () => {
    const simulator = await useSimulator({ accounts: [{ systemId: "relay", password: "secret" }] });
    const { exitCode, out, err } = await check({ gateways: [gatewayAt(simulator.port)] });
    expect(err).toBe("");
    expect(exitCode).toBe(0);
    expect(out).toContain(`ok    gateway north: 127.0.0.1:${simulator.port} takes relay as transceiver`);
    expect(out).not.toMatch(/^(warn|fail)/m);
    await simulator.waitUntil(({ closed }) => closed === 1);
    expect(simulator.counters()).toMatchObject({ binds: 1, submits: 0, drops: 0, faults: 0 });
  });

  it("reads the keys of issuers of tokens, and fails where they cannot be had", async () => {
    const issuer = parts.use(await startTokenIssuer());
    const there = { issuer: issuer.issuer, audience: "us" };
    const away = { ...there, issuer: "http://127.0.0.1:1" };
    const found = await findings({ issuers: [there, away] });
    expect(about(found, `issuer ${there.issuer}`)).toMatchObject([{ level: "ok", text: "publishes 1 key" }]);
    expect(about(found, `issuer ${away.issuer}`)).toMatchObject([
      { level: "fail", text: expect.stringContaining("its keys cannot be read: ") },
    ]);
  });

  it("binds in both roles of a gateway that has two", async () => {
    const simulator = await useSimulator();
    const gateway = gatewayAt(simulator.port, { bindMode: "transmitter+receiver" });
    const texts = about(await findings({ gateways: [gateway] }), "gateway north").map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/takes relay as transmitter$/),
      expect.stringMatching(/takes relay as receiver$/),
    ]);
  });

  it("fails and exits with 1 where the SMSC refuses the password or does not listen", async () => {
    const simulator = await useSimulator({ accounts: [{ systemId: "relay", password: "other" }] });
    const gateways = [gatewayAt(simulator.port), gatewayAt(1, { id: "south", systemId: "b" })];
    const { exitCode, out, err } = await check({ gateways });
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^fail {2}gateway north: .* refuses the bind with ESME_RINVPASWD$/m);
    expect(out).toMatch(
      /^fail {2}gateway south: 127\.0\.0\.1:1 cannot be reached or used: connect ECONNREFUSED/m,
    );
    expect(err).toBe("sms-relay: 2 of 10 findings fail.");
  });

  it("only warns where the account is bound elsewhere", async () => {
    const simulator = await useSimulator({ behaviours: [{ kind: "refuse-bind", status: 0x05 }] });
    const found = await findings({ gateways: [gatewayAt(simulator.port)] });
    expect(about(found, "gateway north")).toMatchObject([{ level: "warn" }]);
  });

  it("connects and does not bind with --no-bind", async () => {
    const simulator = await useSimulator({ accounts: [{ systemId: "relay", password: "other" }] });
    const found = await findings({ gateways: [gatewayAt(simulator.port)] }, "--no-bind");
    expect(about(found, "gateway north")).toMatchObject([
      { level: "ok", text: expect.stringMatching(/takes connections$/) },
    ]);
    expect(simulator.counters()).toMatchObject({ binds: 0, bindsRefused: 0 });
  });

  it("takes no receipt away from the service: what is delivered meanwhile comes again", async () => {
    const simulator = await useSimulator({ receiptDelayMs: 0, receiptRetryMs: 5 });
    const sender = await connectEsme({ port: simulator.port, systemId: "relay", bind: "bind_transmitter" });
    parts.defer(() => void sender.esme.socket.destroy());
    const id = idOf(await sender.esme.connection.request(submitTo("4790000001")));
    await simulator.waitUntil(({ receiptsQueued }) => receiptsQueued === 1);
    await findings({ gateways: [gatewayAt(simulator.port)] });
    expect(simulator.counters()).toMatchObject({ binds: 2, receiptsAcknowledged: 0 });
    const { esme } = await connectEsme({ port: simulator.port, systemId: "relay", bind: "bind_receiver" });
    parts.defer(() => void esme.socket.destroy());
    const receipt = await esme.next();
    expect(receipt).toMatchObject({ command: "deliver_sm", tlvs: { receipted_message_id: id } });
  });

  it("checks the certificate of an SMSC as the gateway would", async () => {
    const tls = {
      cert: readFileSync("test/support/tls/smsc.cert.pem"),
      key: readFileSync("test/support/tls/smsc.key.pem"),
    };
    const simulator = await useSimulator({ tls });
    const found = await findings({ gateways: [gatewayAt(simulator.port, { tls: {} })] });
    expect(about(found, "gateway north")).toMatchObject([
      { level: "fail", text: expect.stringContaining("(TLS)") },
    ]);
    const trusting = await findings({
      gateways: [gatewayAt(simulator.port, { tls: { rejectUnauthorized: false } })],
    });
    expect(about(trusting, "gateway north")).toMatchObject([{ level: "ok" }]);
  });

  it("fails where another program listens on a port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    parts.defer(() => void server.close());
    const { port } = server.address() as { port: number };
    for (const [index, name, door] of [
      [0, "gRPC", "grpc"],
      [2, "API", "api"],
    ] as const) {
      const listen = { grpc: { port: 0 }, http: { port: 0 }, api: { port: 0 }, [door]: { port } };
      const found = about(await findings({ listen }), "ports");
      expect(found.map(({ level }) => level)).toEqual([0, 1, 2].map((at) => (at === index ? "fail" : "ok")));
      expect(found[index]?.text).toBe(
        `${name} 127.0.0.1:${port} cannot be listened on: another program listens there`,
      );
    }
  });

  it("knows a service that runs, and leaves its sessions alone unless it is told to bind", async () => {
    const simulator = await useSimulator();
    const setup = await setUpService(join(folder, "service"), { gateways: [gatewayAt(simulator.port)] });
    const service = await startServiceProcess(setup);
    parts.defer(() => service.stop());
    await simulator.waitUntil(({ binds }) => binds === 1);
    const run = (...options: string[]) =>
      cli(["check", "--config", setup.configPath, ...options], { workingDirectory: folder });
    const { exitCode, out } = await run();
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^ok +ports: gRPC .* is served by a service that runs$/m);
    expect(out).toMatch(/^ok +gateway north: .* takes connections$/m);
    expect(simulator.counters().binds).toBe(1);
    expect((await run("--bind")).exitCode).toBe(0);
    expect(simulator.counters().binds).toBe(2);
    const { grpcPort, httpPort } = setup;
    const elsewhere = await findings({ listen: { grpc: { port: grpcPort }, http: { port: httpPort } } });
    expect(about(elsewhere, "ports").map(({ level, text }) => `${level} ${text}`)).toEqual([
      expect.stringMatching(/^fail gRPC .*: a service runs there that does not have this store$/),
      expect.stringMatching(/^fail HTTP .*: a service runs there that does not have this store$/),
    ]);
  });

  it("asks with --ready nothing else than whether the service of the configuration takes work", async () => {
    const setup = await setUpService(join(folder, "service"), {});
    const run = (...options: string[]) =>
      cli(["check", "--ready", "--config", setup.configPath, ...options], { workingDirectory: folder });
    const away = await run();
    expect(away).toMatchObject({ exitCode: 1, out: "" });
    expect(away.err).toContain(
      `The service is not ready: no service answers at http://127.0.0.1:${setup.httpPort}/readyz.`,
    );
    const service = await startServiceProcess(setup);
    parts.defer(() => service.stop());
    expect(await run()).toMatchObject({
      exitCode: 0,
      out: `ok    service: takes work at 127.0.0.1:${setup.httpPort}`,
    });
    expect(JSON.parse((await run("--json")).out)).toEqual({ ready: true, reasons: [] });
    expect((await run("--bind")).exitCode).toBe(2);
    await service.stop();
    const stopped = await run("--json");
    expect(stopped.exitCode).toBe(1);
    expect(JSON.parse(stopped.out)).toMatchObject({ ready: false, reasons: [expect.any(String)] });
  });

  it("fails where the service's own files cannot be read or written, as its start would", async () => {
    mkdirSync(join(folder, "data/request-hash.secret"), { recursive: true });
    const unreadable = await findings({ store: { path: "data/relay.db" } });
    expect(about(unreadable, "secrets")).toMatchObject([
      { level: "fail", text: expect.stringContaining("request-hash.secret cannot be read (EISDIR)") },
    ]);
    expect(about(unreadable, "folder")).toMatchObject([{ level: "ok" }]);
    writeFileSync(join(folder, "plain"), "a file where a folder would be");
    const inside = join(folder, "plain/data");
    const nowhere = await findings({ store: { path: join(inside, "relay.db") } });
    expect(about(nowhere, "folder")).toMatchObject([
      { level: "fail", text: `${inside} cannot be made in ${join(folder, "plain")} (EACCES)` },
    ]);
    const service = startNode(join(import.meta.dirname, "../../../src/main.ts"), ["serve"], { cwd: folder });
    expect((await service.ended).code).toBe(1);
    expect(service.errorText()).toContain(
      `sms-relay: The folder ${inside} cannot be made (ENOTDIR). Set store.path to a file in a folder`,
    );
  });

  it("tells of a store that cannot be used", async () => {
    writeFileSync(join(folder, "other.db"), "this is no database, only a text that is long enough".repeat(4));
    const found = await findings({ store: { path: "other.db" } });
    expect(about(found, "store")).toMatchObject([
      { level: "fail", text: expect.stringContaining("is damaged") },
    ]);
  });
});

describe.skipIf(postgresMissing !== undefined)(`check of a database ${postgresMissing ?? ""}`, () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
    parts.defer(() => database.drop());
  });
  const aboutDatabase = async (store: unknown) =>
    about(await findings({ store }), "database").map(({ level, text }) => `${level} ${text}`);

  it("finds the primary, its schema to come and how durable it is, and makes nothing", async () => {
    const found = await aboutDatabase(database.url);
    expect(found).toContainEqual(
      expect.stringMatching(/^ok 127\.0\.0\.1:\d+\/sms_relay_\w+ answers and is a primary$/),
    );
    expect(found).toContainEqual(
      expect.stringMatching(/^ok there is no store yet; the first start makes it with schema \d+$/),
    );
    expect(found).toContainEqual(expect.stringMatching(/^(ok|fail) PostgreSQL \S+ .*fsync/));
    expect(found).toContain("ok no pooler stands between");
    expect(found).toContain("ok no replica runs now");
    expect(await database.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'sms_relay'")).toEqual(
      [],
    );
  });

  it("warns of a server of the list that does not answer, and fails where none does", async () => {
    const nobody = "postgres://relay:hidden@127.0.0.1:1/sms";
    expect(await aboutDatabase([nobody, database.url])).toContainEqual(
      expect.stringMatching(/^warn 127\.0\.0\.1:1\/sms cannot be used: /),
    );
    const found = await aboutDatabase(nobody);
    expect(found).toContainEqual(expect.stringMatching(/^fail 127\.0\.0\.1:1\/sms cannot be used: /));
    expect(found.join()).not.toContain("hidden");
  });

  it("names replicas that run, and binds nothing beside them", async () => {
    const simulator = await useSimulator();
    const store = await openPostgresStore({
      ...{ urls: [database.url], clock: createFakeClock(), log: silentLogger, replicaName: "relay-7" },
    });
    parts.defer(() => store.close());
    await store.join(0);
    const found = await findings({ store: database.url, gateways: [gatewayAt(simulator.port)] });
    expect(about(found, "database").map(({ text }) => text)).toContain("replicas that run now: relay-7");
    expect(about(found, "gateways")).toMatchObject([{ level: "ok" }]);
    expect(simulator.counters().binds).toBe(0);
  });

  it("fails where the user may not make the schema", async () => {
    const role = `reader_${Date.now()}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, "x"];
    expect(await aboutDatabase(url.href)).toContain(
      "fail this user may not make a schema: GRANT CREATE ON DATABASE to it",
    );
    await database.query(`DROP ROLE ${role}`);
  });

  describeWithPackage("pgbouncer", isInstalled("pgbouncer", "--version"), "behind PgBouncer", () => {
    it("fails where transactions are handed around, and warns of a pooler that keeps to sessions", async () => {
      await using transactions = await startPooler(database.url, "transaction");
      expect(await aboutDatabase(transactions.url)).toContainEqual(
        expect.stringMatching(/^fail a pooler hands transactions around/),
      );
      await using sessions = await startPooler(database.url, "session");
      expect(await aboutDatabase(sessions.url)).toContainEqual(
        expect.stringMatching(/^warn a pooler stands between/),
      );
    });
  });
});
