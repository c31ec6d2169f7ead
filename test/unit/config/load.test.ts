import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import { loadConfig } from "../../../src/config/load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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
        ({ place, path, rule }) => `${place.replace(`${folder}/`, "")} ${path} ${rule}`,
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
      "sms-relay.yaml:4:11 listen.grpc.port must be at most 65535",
      "sms-relay.yaml:1:15 receiptGrace must be a duration such as 30s, 10m or 24h",
      "sms-relay.yaml:7:9 limits must be a group of settings",
      "sms-relay.yaml:6:10 logging.level must be one of debug, info, warn, error, silent",
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
    expect(problemsOf("gateways:\n  - id: north\n    kind: pigeon\n")).toEqual([
      "sms-relay.yaml:3:11 gateways[0].kind must be smpp",
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

  it("serves without TLS off loopback only when told to", () => {
    const yaml = "listen:\n  grpc:\n    host: 0.0.0.0\n";
    expect(problemsOf(yaml)[0]).toMatch(/^sms-relay\.yaml:3:11 listen\.grpc\.host is not a loopback address/);
    expect(problemsOf(`${yaml}    allowPlaintext: true\n`)).toEqual([]);
  });
});

describe("secrets by reference", () => {
  it("takes a password from the environment or a file", () => {
    writeFileSync(join(folder, "password"), "from-file\n");
    const fromFile = load(gateway.replace("hunter2", "file:password"));
    const fromVariable = load(gateway.replace("hunter2", "env:NORTH"), { NORTH: "from-env" });
    expect(fromFile.config.gateways[0]?.password).toBe("from-file");
    expect(fromVariable.config.gateways[0]?.password).toBe("from-env");
  });

  it("names the variable or the file that is missing, at its place", () => {
    expect(problemsOf(gateway.replace("hunter2", "env:NORTH"))).toEqual([
      "sms-relay.yaml:7:15 gateways[0].password refers to the variable NORTH, which is not set",
    ]);
    expect(problemsOf(gateway.replace("hunter2", "file:nowhere"))).toEqual([
      "sms-relay.yaml:7:15 gateways[0].password refers to nowhere, which cannot be read (ENOENT)",
    ]);
  });

  it("wants keys that cannot be guessed", () => {
    expect(problemsOf("accounts:\n  - id: shop\n    keys: [short]\n")[0]).toMatch(
      /^sms-relay\.yaml:3:12 accounts\[0\]\.keys\[0\] must have 32 to 256 characters/,
    );
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
