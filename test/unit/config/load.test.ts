import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scopesOfAccount } from "../../../src/config/account-scopes.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { loadConfig } from "../../../src/config/load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [certFile, keyFile] = ["cert", "key"].map((name) =>
  join(import.meta.dirname, `../../support/tls/smsc.${name}.pem`),
);

function load(yaml: string | undefined, environment: Record<string, string> = {}) {
  const file = join(folder, "sms-relay.yaml");
  if (yaml !== undefined) writeFileSync(file, yaml);
  return loadConfig({ file: yaml === undefined ? undefined : file, environment, workingDirectory: folder });
}

function problemsOf(yaml: string | undefined, environment: Record<string, string> = {}) {
  try {
    load(yaml, environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map(
        ({ where, path, rule }) => `${where.replace(`${folder}/`, "")} ${path} ${rule}`,
      );
    }
    throw error;
  }
  return [];
}

const gateway = `
gateways:
  - id: north
    kind: smpp
    host: smsc.example.net
    systemId: acme
    password: hunter2
`;

describe("loadConfig without a file", () => {
  it("has a default for everything, on loopback, with no gateway", () => {
    const { config, file } = load(undefined);
    expect(file).toBeUndefined();
    expect(config.listen.grpc).toMatchObject({ host: "127.0.0.1", port: 50051, allowPlaintext: false });
    expect(config.store.path).toBe(join(folder, "sms-relay-data/sms-relay.db"));
    expect(config.gateways).toEqual([]);
    expect(config.receiptGrace).toBe(3_600_000);
  });

  it("takes ./sms-relay.yaml where it lies", () => {
    writeFileSync(join(folder, "sms-relay.yaml"), "receiptGrace: 2h");
    expect(load(undefined).config.receiptGrace).toBe(7_200_000);
  });
});

describe("loadConfig of a file that must not be empty", () => {
  it.each(["", "\n", "# gateways: soon\n"])("refuses %j", (yaml) => {
    const file = join(folder, "sms-relay.yaml");
    writeFileSync(file, yaml);
    const options = { file, environment: {}, workingDirectory: folder };
    expect(loadConfig(options).config.gateways).toEqual([]);
    expect(() => loadConfig({ ...options, refuseEmpty: true })).toThrow(/sms-relay\.yaml: is empty/);
  });
});

describe("loadConfig with a file", () => {
  it("reads durations and sizes as people write them", () => {
    const { config } = load(
      "receiptGrace: 90m\nstore:\n  minFreeDisk: 1GiB\nlimits: { maxRequestSize: 512KiB }\n",
    );
    expect(config.receiptGrace).toBe(5_400_000);
    expect(config.store.minFreeDisk).toBe(1024 ** 3);
    expect(config.limits.maxRequestSize).toBe(512 * 1024);
  });

  it("bounds the calls of an address where it is told to, and by whole calls a second", () => {
    expect(load("limits: {}\n").config.limits.perAddress).toBeUndefined();
    expect(load("limits: { perAddress: 50 }\n").config.limits.perAddress).toBe(50);
    for (const wrong of ["0", "-1", "0.5", "1000001", "many", "1s"])
      expect(problemsOf(`limits: { perAddress: ${wrong} }\n`), wrong).toEqual([
        expect.stringMatching(/^sms-relay\.yaml:1:\d+ limits\.perAddress must be /),
      ]);
  });

  it("fills in a gateway's defaults", () => {
    const [north] = load(gateway).config.gateways;
    expect(north).toMatchObject({
      port: 2775,
      priority: 100,
      weight: 1,
      responseTimeout: 30_000,
      receipts: "each",
    });
  });

  it("names line, column, path and rule of every fault at once", () => {
    const faults = problemsOf(
      "receiptGrace: soon\nlisten:\n  grpc:\n    port: 70000\nlogging:\n  level: loud\nlimits: 5\n",
    );
    expect(faults).toEqual([
      "sms-relay.yaml:1:15 receiptGrace must be a duration such as 30s, 10m or 24h",
      "sms-relay.yaml:4:11 listen.grpc.port must be at most 65535",
      "sms-relay.yaml:6:10 logging.level must be one of debug, info, warn, error, silent",
      "sms-relay.yaml:7:9 limits must be a group of settings",
    ]);
  });

  it("says what a value of another type was probably meant as", () => {
    expect(
      problemsOf(
        "shutdown: { grace: 30 }\nlimits: { maxRequestSize: 4096 }\nlisten: { grpc: { port: '6000' } }\n",
      ),
    ).toEqual([
      "sms-relay.yaml:1:20 shutdown.grace must have a unit: a duration such as 30s, 10m or 24h",
      "sms-relay.yaml:2:27 limits.maxRequestSize must have a unit: a size such as 512KiB or 4MiB",
      "sms-relay.yaml:3:25 listen.grpc.port must be a number; write 6000 without quotes",
    ]);
  });

  it("names a setting that stands twice", () => {
    expect(problemsOf("limits: {}\nshutdown: {}\nlimits: {}\n")).toEqual([
      "sms-relay.yaml:3:1 limits stands twice in its group",
    ]);
  });

  it("says where the file of a SQLite store stands", () => {
    expect(problemsOf("store: ./sms.db\n")).toEqual([
      expect.stringContaining("the file of a SQLite store stands under store.path"),
    ]);
  });

  it("refuses a name that it does not know and says which was meant, also inside a gateway", () => {
    expect(problemsOf("recieptGrace: 1h\n")).toEqual([
      "sms-relay.yaml:1:1 recieptGrace is not a setting; did you mean receiptGrace?",
    ]);
    expect(problemsOf(`${gateway}    pasword: x\n`)).toEqual([
      "sms-relay.yaml:8:5 gateways[0].pasword is not a setting; did you mean password?",
    ]);
  });

  it("says what is missing at the place where it should stand", () => {
    expect(problemsOf("gateways:\n  - id: north\n    kind: smpp\n")).toEqual([
      "sms-relay.yaml:2:5 gateways[0].host is required",
      "sms-relay.yaml:2:5 gateways[0].systemId is required",
      "sms-relay.yaml:2:5 gateways[0].password is required",
    ]);
  });

  it("refuses a kind of gateway that does not exist", () => {
    expect(problemsOf(gateway.replace("smpp", "pigeon"))).toEqual([
      "sms-relay.yaml:4:11 gateways[0].kind must be one of smpp, http",
    ]);
  });

  it("refuses two gateways of one id", () => {
    expect(
      problemsOf(`${gateway}  - { id: north, kind: smpp, host: b, systemId: b, password: b }\n`),
    ).toEqual(["sms-relay.yaml:8:11 gateways[1].id stands twice: ids of gateways must differ"]);
  });

  it("reports broken YAML with its place", () => {
    expect(problemsOf("listen: [\n")[0]).toMatch(/^sms-relay\.yaml:2:1 {2}is not YAML: /);
  });

  it("says so when the file cannot be read", () => {
    const read = () => loadConfig({ file: "missing.yaml", environment: {}, workingDirectory: folder });
    expect(read).toThrow(/missing\.yaml: cannot be read \(ENOENT\)/);
  });

  it("refuses another database clearly", () => {
    expect(problemsOf("store: { path: 'postgres://db/sms' }")).toEqual([
      "sms-relay.yaml:1:16 store.path must be the path of a SQLite file; a PostgreSQL database stands under store.url",
    ]);
  });

  it("takes PostgreSQL as one URL, as a list, by reference and from the environment", () => {
    const url = "postgres://relay:secret@db/sms";
    const read = (yaml: string, environment: Record<string, string> = {}) =>
      load(yaml, environment).config.store.url;
    expect(read(`store: ${url}`)).toEqual([url]);
    expect(read(`store: [${url}, "${url}2"]`)).toEqual([url, `${url}2`]);
    expect(read("store: { url: 'env:DB', replica: one }", { DB: url })).toEqual([url]);
    expect(read("", { SMS_RELAY_STORE_URL: `${url} ${url}2` })).toEqual([url, `${url}2`]);
    expect(read("")).toBeUndefined();
    expect(problemsOf("store: mysql://db/sms")).toEqual([
      expect.stringMatching(/store\.url must be postgres:\/\/user:password@host\/database/),
    ]);
  });

  it.each([
    ["postgres://relay:p@ss/w:o#r%25d@db/sms", "a / and a # in the password"],
    ["postgres://relay:1#2@db/sms", "a #"],
    ["postgres://relay:1/2@db/sms", "a /"],
    ["postgres://relay:1?2@db/sms", "a ?"],
    ["postgres://relay:secret@db", "no database"],
  ])("refuses %s, which has %s, without showing any of it", (url) => {
    const problems = problemsOf(`store: "${url}"`);
    expect(problems).toEqual([expect.stringMatching(/store\.url must be .* percent-encoded/)]);
    expect(problems[0]).not.toMatch(/ss\/w|1[#/?]2/);
  });

  it("refuses a mode of TLS that other programs take otherwise, and takes those with one meaning", () => {
    const withMode = (mode: string) => problemsOf(`store: "postgres://relay:secret@db/sms?${mode}"`);
    for (const mode of ["require", "prefer", "verify-ca", "allow", "on"]) {
      expect(withMode(`sslmode=${mode}`)).toEqual([
        expect.stringMatching(/store\.url must have sslmode=verify-full, no-verify .* or disable/),
      ]);
    }
    for (const query of ["sslmode=verify-full", "sslmode=no-verify", "sslmode=require&uselibpqcompat=true"]) {
      expect(withMode(query)).toEqual([]);
    }
  });

  it("serves without TLS off loopback only when told to", () => {
    const yaml = "listen:\n  grpc:\n    host: 0.0.0.0\n";
    expect(problemsOf(yaml)[0]).toMatch(/^sms-relay\.yaml:3:11 listen\.grpc\.host is not a loopback address/);
    expect(problemsOf(`${yaml}    allowPlaintext: true\n`)).toEqual([]);
  });

  it("has no HTTP API unless it is set up, and then under gRPC's rule for plain text", () => {
    expect(load("").config.listen.api).toBeUndefined();
    expect(load("listen: { api: {} }").config.listen.api).toEqual({
      host: "127.0.0.1",
      port: 8080,
      allowPlaintext: false,
    });
    const yaml = "listen:\n  api:\n    host: 0.0.0.0\n";
    expect(problemsOf(yaml)).toEqual([
      "sms-relay.yaml:3:11 listen.api.host is not a loopback address: set listen.api.tls, or allowPlaintext: true to serve without TLS",
    ]);
    expect(problemsOf(`${yaml}    allowPlaintext: true\n`)).toEqual([]);
  });

  it("asks whether clients must show a certificate only where some authority signs theirs", () => {
    const pair = `cert: ${certFile}, key: ${keyFile}`;
    const withTls = (more: string) => `listen: { grpc: { tls: { ${pair}${more} } } }`;
    expect(problemsOf(withTls(", clientCertificate: optional"))).toEqual([
      expect.stringContaining("listen.grpc.tls.clientCertificate says nothing without clientCa"),
    ]);
    expect(problemsOf(withTls(`, clientCa: ${certFile}, clientCertificate: maybe`))).toHaveLength(1);
    expect(problemsOf(withTls(`, clientCa: ${certFile}, clientCertificate: optional`))).toEqual([]);
    expect(problemsOf(withTls(`, clientCa: ${certFile}`))).toEqual([]);
  });

  it("gives each of its doors a port of its own", () => {
    expect(problemsOf("listen: { grpc: { port: 7000 }, http: { port: 7000 }, api: { port: 7000 } }")).toEqual(
      [
        "sms-relay.yaml:1:47 listen.http.port is that of listen.grpc too: each door needs a port of its own",
        "sms-relay.yaml:1:68 listen.api.port is that of listen.grpc too: each door needs a port of its own",
      ],
    );
    expect(problemsOf("listen: { grpc: { port: 0 }, http: { port: 0 }, api: { port: 0 } }")).toEqual([]);
  });
});

/** A gateway in one line, with other or further settings. */
const gatewayWith = (more: Record<string, unknown>) =>
  JSON.stringify({
    gateways: [
      { id: "a", kind: "smpp", host: "smsc.example", systemId: "acme", password: "secret", ...more },
      { id: "b", kind: "smpp", host: "smsc.example", systemId: "other", password: "secret" },
    ],
  });

describe("a fault of one gateway", () => {
  it.each([
    [{ host: "not a host!" }, "host must be an IP address or a host name such as smsc.example.net"],
    [{ host: "300.1.2.3" }, "host must be an IP address or a host name such as smsc.example.net"],
    [{ password: "" }, "password must not be empty"],
    [{ password: "p\u0142ot" }, "password must hold printable characters of Latin-1 only"],
    [{ serviceType: "äö" }, "serviceType must be at most 5 ASCII characters"],
    [{ serviceType: "BULKSMS" }, "serviceType must be at most 5 ASCII characters"],
    [
      { countries: ["SE", "XX"] },
      "countries.allow[1] must be the code of a country in two capital letters such as SE (ISO 3166-1)",
    ],
    [
      { senders: ["!!"] },
      "senders[0] must be a sender: 1 to 15 digits, or 1 to 11 letters, digits and spaces with a letter among them",
    ],
    [{ lanes: ["SLOW"] }, "lanes[0] must be one of OTP, NORMAL, BULK"],
    [{ accounts: ["no such account"] }, "accounts[0] must be 1 to 64 of a-z, 0-9, dot, dash and underscore"],
    [{ reconnectMin: "2m" }, "reconnectMin must not be longer than reconnectMax, which is 10000 ms"],
    [
      { profile: { packing: "packed", defaultAlphabet: "latin1" } },
      "profile.packing packed goes with defaultAlphabet gsm only: latin1 has no septets",
    ],
    [{ statusClass: { zz: "route" } }, "statusClass.zz must be a command_status such as 0x0B"],
    [
      { statusClass: { "0x0B": "never" } },
      "statusClass.0x0B must be one of recipient, route, temporary, throttled, session, bind",
    ],
  ])("is told: %j", (more, fault) => {
    const [problem = "", ...further] = problemsOf(gatewayWith(more));
    expect(problem.replace(/^sms-relay\.yaml:1:[0-9]+ gateways\[0\]\./, "")).toBe(fault);
    expect(further).toEqual([]);
  });

  it.each([
    { host: "10.1.2.3" },
    { host: "fe80::1%eth0" },
    { host: "smsc_north-1.example." },
    { host: "smsc.göteborg.example" },
    { countries: { deny: ["GB", "XK"] } },
    { reconnectMin: "1m", reconnectMax: "1m" },
    { profile: { packing: "packed" } },
    { lanes: ["OTP"] },
  ])("is not seen in %j", (more) => {
    expect(problemsOf(gatewayWith(more))).toEqual([]);
  });

  it("is no sender's plus: numeric senders are compared without it", () => {
    const { gateways } = load(gatewayWith({ senders: ["+46701234567", "ACME"] })).config;
    expect(gateways[0]?.senders).toEqual(["46701234567", "ACME"]);
  });
});

describe("faults of several settings together", () => {
  const key = "k".repeat(32);
  const hash = "sha256:5e318f8cf9cbe249a30812b8ca132d691ded7a91991413558db5758575f5e01f";

  it("include one key under two accounts, with both places and without the key", () => {
    const accounts = (second: string) =>
      `accounts:\n  - { id: shop, keys: [${key}] }\n  - { id: thief, keys: ["${second}"] }\n`;
    const fault =
      "sms-relay.yaml:3:25 accounts[1].keys[0] is the same key as accounts[0].keys[0]: a key belongs to one account and stands once";
    expect(problemsOf(accounts(key))).toEqual([fault]);
    expect(problemsOf(accounts(hash))).toEqual([fault]);
    expect(problemsOf(accounts("env:OTHER"), { OTHER: key })).toEqual([fault]);
    expect(problemsOf(accounts("env:OTHER"), { OTHER: "o".repeat(32) })).toEqual([]);
  });

  it("include a role beside scopes, of which one says what the other does", () => {
    const account = (may: string) => `accounts:\n  - { id: shop, ${may}, keys: [${key}] }\n`;
    expect(problemsOf(account("role: ACCOUNT, scopes: [READ]"))).toEqual([
      expect.stringContaining("accounts[0].role stands beside scopes"),
    ]);
    expect(problemsOf(account("scopes: []"))).toHaveLength(1);
    expect(problemsOf(account("scopes: [WRITE]"))).toHaveLength(1);
    const scopesOf = (may: string) => load(account(may)).config.accounts.map(scopesOfAccount);
    expect(scopesOf("scopes: [READ, SEND]")).toEqual([["SEND", "READ"]]);
    expect(scopesOf("scopes: [READ, ADMIN]")).toEqual([["ADMIN"]]);
    expect(scopesOf("role: OPERATOR")).toEqual([["ADMIN"]]);
    expect(scopesOf("role: ACCOUNT")).toEqual([["SEND", "READ", "MANAGE"]]);
    expect(
      load(`accounts:\n  - { id: shop, keys: [${key}] }\n`).config.accounts.map(scopesOfAccount),
    ).toEqual([["SEND", "READ", "MANAGE"]]);
  });

  it("include an issuer that stands twice, and one whose keys somebody on the way could change", () => {
    const issuers = (...urls: string[]) =>
      `issuers:\n${urls.map((issuer) => `  - { issuer: "${issuer}", audience: us }\n`).join("")}`;
    const good = "https://id.example/realms/a";
    expect(problemsOf(issuers(good, "http://127.0.0.1:8080"))).toEqual([]);
    expect(problemsOf(issuers(good, good))).toEqual([
      "sms-relay.yaml:3:15 issuers[1].issuer stands twice: an issuer is set up once",
    ]);
    expect(problemsOf(issuers("http://id.example"))).toEqual([
      "sms-relay.yaml:2:15 issuers[0].issuer must be an https URL without user and password, or http on a loopback address",
    ]);
    expect(problemsOf(`issuers:\n  - { issuer: ${good}, audience: us, algorithms: [HS256] }\n`)).toHaveLength(
      1,
    );
  });

  it("include a country with two entries of senders, and short codes where their kind is not taken", () => {
    const senders = (...entries: string[]) =>
      `senders:\n${entries.map((entry) => `  - ${entry}\n`).join("")}`;
    const good = '{ countries: [US, CA], kinds: [SHORT_CODE], shortCodes: ["72404"] }';
    expect(problemsOf(senders(good, "{ countries: [IN], registered: true }"))).toEqual([]);
    expect(problemsOf(senders(good, "{ countries: [SE, US] }"))).toEqual([
      "sms-relay.yaml:3:23 senders[1].countries[1] stands at senders[0].countries[0] too: a country has one entry",
    ]);
    expect(problemsOf(senders(good.replace("[SHORT_CODE]", "[ALPHANUMERIC]")))).toEqual([
      "sms-relay.yaml:2:63 senders[0].shortCodes goes with SHORT_CODE among its kinds",
    ]);
    expect(problemsOf(senders("{ countries: [XX] }", "{ countries: [SE], kinds: [NUMERIC] }"))).toHaveLength(
      2,
    );
  });

  it("include two gateways with one SMSC account, since receipts would go astray between them", () => {
    const twin = "  - { id: b, kind: smpp, host: SMSC.example.net, systemId: acme, password: x }\n";
    expect(problemsOf(gateway + twin)).toEqual([
      "sms-relay.yaml:8:60 gateways[1].systemId is the same as gateways[0].systemId at the same host and port: one SMSC account is one gateway (raise sessions for more links)",
    ]);
    expect(problemsOf(gateway + twin.replace("systemId", "port: 2776, systemId"))).toEqual([]);
  });

  it("include one port for both doors, on one host", () => {
    const doors = (grpc: string, http: string) => problemsOf(`listen: { grpc: ${grpc}, http: ${http} }`);
    const fault = expect.stringMatching(/listen\.http\.port is that of listen\.grpc too/);
    expect(doors("{ port: 9090 }", "{}")).toEqual([fault]);
    expect(doors("{ port: 9090 }", "{ host: localhost }")).toEqual([fault]);
    expect(doors("{ port: 9090, host: '::', allowPlaintext: true }", "{}")).toEqual([fault]);
    expect(doors("{ port: 0 }", "{ port: 0 }")).toEqual([]);
    expect(doors("{ port: 9090 }", "{ host: 127.0.0.2 }")).toEqual([]);
  });

  it("are told beside the faults of single settings, and hide none of them", () => {
    expect(
      problemsOf("gateways:\n  - id: north\n  - { id: north, kind: pigeon, port: 0 }\nreceiptGrace: soon\n"),
    ).toEqual([
      "sms-relay.yaml:2:5 gateways[0].kind is required",
      "sms-relay.yaml:3:11 gateways[1].id stands twice: ids of gateways must differ",
      "sms-relay.yaml:3:24 gateways[1].kind must be one of smpp, http",
      "sms-relay.yaml:4:15 receiptGrace must be a duration such as 30s, 10m or 24h",
    ]);
  });

  it("are told although the same group has another fault", () => {
    expect(problemsOf("listen: { grpc: { host: 0.0.0.0, port: 70000 } }\n")).toEqual([
      expect.stringMatching(/listen\.grpc\.host is not a loopback address/),
      expect.stringMatching(/listen\.grpc\.port must be at most 65535/),
    ]);
  });
});

describe("secrets by reference", () => {
  it("takes a password from the environment or a file", () => {
    writeFileSync(join(folder, "password"), "from-file\n");
    const fromFile = load(gateway.replace("hunter2", "file:password"));
    const fromVariable = load(gateway.replace("hunter2", "env:NORTH"), { NORTH: "from-env" });
    expect(fromFile.config.gateways[0]).toHaveProperty("password", "from-file");
    expect(fromVariable.config.gateways[0]).toHaveProperty("password", "from-env");
  });

  it("names the variable or the file that is missing, at its place", () => {
    expect(problemsOf(gateway.replace("hunter2", "env:NORTH"))).toEqual([
      "sms-relay.yaml:7:15 gateways[0].password refers to the variable NORTH, which is not set",
    ]);
    expect(problemsOf(gateway.replace("hunter2", "file:nowhere"))).toEqual([
      "sms-relay.yaml:7:15 gateways[0].password refers to nowhere, which cannot be read (ENOENT)",
    ]);
  });

  it("names the variable of a database that is missing", () => {
    expect(problemsOf("store: env:DB\n")).toEqual([
      expect.stringMatching(/store\.url refers to the variable DB, which is not set/),
    ]);
    expect(problemsOf("store: { url: 5 }\n")).toEqual([
      expect.stringMatching(/store\.url must be a text or a list of texts/),
    ]);
  });

  it("wants keys that cannot be guessed", () => {
    expect(problemsOf("accounts:\n  - id: shop\n    keys: [short]\n")[0]).toMatch(
      /^sms-relay\.yaml:3:12 accounts\[0\]\.keys\[0\] must have 32 to 256 printable ASCII characters/,
    );
    // No header carries the first, and of the second what stands at its ends.
    for (const key of ["ü".repeat(40), `${"k".repeat(40)} `]) {
      expect(problemsOf(`accounts: [{ id: shop, keys: ["${key}"] }]\n`)).toHaveLength(1);
    }
  });
});

describe("settings from the environment", () => {
  it("win over the file", () => {
    const environment = { SMS_RELAY_LISTEN_GRPC_PORT: "0", SMS_RELAY_RECEIPT_GRACE: "5m" };
    const { config } = load("receiptGrace: 1h\nlisten: { grpc: { port: 1234 } }\n", environment);
    expect(config.listen.grpc.port).toBe(0);
    expect(config.receiptGrace).toBe(300_000);
  });

  it("are named in the fault that they cause", () => {
    expect(problemsOf(undefined, { SMS_RELAY_LISTEN_GRPC_PORT: "many" })).toEqual([
      "SMS_RELAY_LISTEN_GRPC_PORT listen.grpc.port must be a number",
    ]);
  });

  it("are refused where they name nothing, with what was meant", () => {
    expect(problemsOf(undefined, { SMS_RELAY_LISTEN_GRCP_PORT: "1" })).toEqual([
      "SMS_RELAY_LISTEN_GRCP_PORT  names no setting; did you mean SMS_RELAY_LISTEN_GRPC_PORT?",
    ]);
    expect(problemsOf(undefined, { SMS_RELAY_KEY: "the client's", SMS_RELAY_STORE_PATH: "x.db" })).toEqual(
      [],
    );
  });
});
