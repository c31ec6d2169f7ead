/** Which service a command calls and with which key: from options, variables and the configuration, of which no fault is passed over. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli } from "../../support/cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-find-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (argv: readonly string[], environment: Record<string, string> = {}) =>
  cli(argv, { workingDirectory: folder, environment });
const configure = (text: string, name = "sms-relay.yaml") => writeFileSync(join(folder, name), text);

const callers = [
  ["send", "--from", "ACME", "--to", "+46701234567", "Hello"],
  ["status", "018f2b6e-7c1a-7d55-8f0e-3a1b2c3d4e5f"],
  ["watch"],
  ["list"],
  ["gateways"],
  ["keys", "list"],
  ["backup", "copy.db"],
];

describe("a configuration that a command cannot use", () => {
  it.each(callers)("stops %s %s %s", async (...argv) => {
    const { exitCode, err } = await run(argv, { SMS_RELAY_CONFIG: "nope.yaml", SMS_RELAY_KEY: "k" });
    expect(exitCode).toBe(78);
    expect(err).toContain(`${folder}/nope.yaml: cannot be read (ENOENT)`);
  });

  it.each([
    ["listen: { grpc: { prot: 6000 } }", "listen.grpc.prot is not a setting; did you mean port?"],
    ["listn: { grpc: { port: 6000 } }", "listn is not a setting; did you mean listen?"],
    ["listen: { grpc: { port: 66000 } }", "listen.grpc.port must be at most 65535"],
    ["store: { path: 7 }", "store.path must be a text"],
    ["listen: [", "is not YAML"],
  ])("says what is wrong with %s", async (text, sentence) => {
    configure(text);
    const { exitCode, err } = await run(["list"], { SMS_RELAY_KEY: "k" });
    expect(err).toContain(sentence);
    expect(exitCode).toBe(78);
  });

  it("is one that leads nowhere, too", async () => {
    symlinkSync("gone.yaml", join(folder, "sms-relay.yaml"));
    const { exitCode, err } = await run(["list"], { SMS_RELAY_KEY: "k" });
    expect([exitCode, err]).toEqual([78, expect.stringContaining("sms-relay.yaml: cannot be read (ENOENT)")]);
  });

  it("is one with a misspelt variable", async () => {
    const { exitCode, err } = await run(["list"], { SMS_RELAY_KEY: "k", SMS_RELAY_ADDRES: "sms.example:1" });
    expect(exitCode).toBe(78);
    expect(err).toContain("SMS_RELAY_ADDRES: names no setting; did you mean SMS_RELAY_ADDRESS?");
  });

  it.each(["listen: { grpc: { port: 1 } }", "other.yaml"])(
    "is not one whose secrets are elsewhere: %s",
    async (where) => {
      const text = [
        "listen: { grpc: { port: 1, tls: { cert: cert.pem, key: /secrets/of/another/key.pem } } }",
        "store: { url: 'env:NOWHERE_SET' }",
        "secrets: { requestHash: 'env:NOWHERE_SET' }",
        "accounts: [{ id: shop, keys: ['file:gone.key'] }]",
        "gateways: [{ id: north, kind: smpp, host: localhost, systemId: a, password: 'env:NOWHERE_SET' }]",
      ].join("\n");
      const named = where.endsWith(".yaml");
      configure(text, named ? where : undefined);
      const { exitCode, err } = await run(
        ["list", "--address", "localhost:1", ...(named ? ["--config", where] : [])],
        { SMS_RELAY_KEY: "k" },
      );
      expect(err).toMatch(/^sms-relay: The service cannot be reached: /);
      expect(exitCode).toBe(3);
    },
  );
});

describe("a key", () => {
  const near = ["list", "--address", "127.0.0.1:1"];

  it("is never shown, whatever it holds", async () => {
    const faulty = ["smsr_secret\r\nsecond", "smsr_sécret", "smsr_\u0007secret"];
    mkdirSync(join(folder, "sms-relay-data"));
    for (const key of faulty) {
      writeFileSync(join(folder, "sms-relay-data/default.key"), key, { mode: 0o600 });
      const runs = [
        await run(near, { SMS_RELAY_KEY: key }),
        await run([...near, "--key", key]),
        await run(near),
      ];
      for (const [index, { exitCode, err }] of runs.entries()) {
        const source = ["SMS_RELAY_KEY", "--key", `${folder}/sms-relay-data/default.key`][index];
        expect(err).toBe(
          `sms-relay: ${source} holds a character that no key has, such as a line break inside it.`,
        );
        expect(exitCode).toBe(2);
      }
    }
  });

  it("is taken without the line break that a file or an editor left behind it", async () => {
    for (const key of ["k\r", " k\r\n"]) {
      const { exitCode, err } = await run(near, { SMS_RELAY_KEY: key });
      expect(err).toContain("cannot be reached");
      expect(exitCode).toBe(3);
    }
  });

  it("that cannot be read is not called absent", async () => {
    // A folder in its place cannot be read by root either.
    mkdirSync(join(folder, "sms-relay-data/default.key"), { recursive: true });
    chmodSync(join(folder, "sms-relay-data/default.key"), 0o700);
    const { exitCode, err } = await run(near);
    expect(err).toContain(
      "sms-relay-data/default.key cannot be read (EISDIR). Run as the user that it belongs to",
    );
    expect(exitCode).toBe(2);
  });
});

describe("an empty value", () => {
  it.each([
    [["send", "--to", "+46701234567", "--from", "ACME", "--request-id", "", "Hello"], "--request-id"],
    [["send", "--to", "+46701234567", "--from", "ACME", "--request-id=", "Hello"], "--request-id"],
    [["send", "--to", "", "--from", "ACME", "Hello"], "--to"],
    [["send", "--to", "+46701234567", "--from", "", "Hello"], "--from"],
    [["send", "--to", "+46701234567", "--from", "ACME", "--reference", "", "Hello"], "--reference"],
    [["send", "--file", "", "--from", "ACME", "Hello"], "--file"],
    [["send", "--file", "rows.csv", "--batch", "", "--from", "ACME", "Hello"], "--batch"],
    [["list", "--key", ""], "--key"],
    [["list", "--address", ""], "--address"],
    [["list", "--config", ""], "--config"],
    [["list", "--ca", ""], "--ca"],
    [["list", "--reference", ""], "--reference"],
    [["watch", "--message", ""], "--message"],
    [["watch", "--subscription", "", "--ack"], "--subscription"],
    [["watch", "--from", ""], "--from"],
    [["gateways", "pause", "north", "--reason", ""], "--reason"],
    [["gateways", "explain", "--to", ""], "--to"],
    [["gateways", "pause", ""], "gateway"],
    [["keys", "create", "--account", ""], "--account"],
    [["keys", "revoke", ""], "key-id"],
    [["status", ""], "message-id"],
    [["cancel", ""], "message-id"],
    [["backup", ""], "file"],
    [["check", "--config", ""], "--config"],
    [["copy", "--from", ""], "--from"],
    [["config", "check", ""], "file"],
    [["simulate", "--record", ""], "--record"],
  ])("is refused: %j", async (argv, name) => {
    const { exitCode, err } = await run(argv, { SMS_RELAY_KEY: "k", SMS_RELAY_ADDRESS: "127.0.0.1:1" });
    expect(err).toBe(`sms-relay: ${name} must not be empty.`);
    expect(exitCode).toBe(2);
  });

  it.each(["SMS_RELAY_KEY", "SMS_RELAY_ADDRESS", "SMS_RELAY_CA", "SMS_RELAY_CERT", "SMS_RELAY_CERT_KEY"])(
    "of %s is told",
    async (name) => {
      const environment = { SMS_RELAY_KEY: "k", SMS_RELAY_ADDRESS: "127.0.0.1:1", [name]: "" };
      const { exitCode, err } = await run(["list"], environment);
      expect(err).toBe(`sms-relay: ${name} is set and empty; give it a value, or unset it.`);
      expect(exitCode).toBe(2);
    },
  );

  it.each(["SMS_RELAY_CONFIG", "SMS_RELAY_LISTEN_GRPC_PORT", "SMS_RELAY_STORE_URL"])(
    "of %s is a fault of the configuration",
    async (name) => {
      for (const argv of [["list"], ["config", "check"], ["serve"]]) {
        const { exitCode, err } = await run(argv, { SMS_RELAY_KEY: "k", [name]: "" });
        expect(err).toContain(`${name}: is set and empty; give it a value, or unset it`);
        expect(exitCode).toBe(78);
      }
    },
  );
});

describe("a text that looks like an option", () => {
  it("is not taken for the request id, so that the printed command never sends twice", async () => {
    await using server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const argv = ["send", "--address", `127.0.0.1:${port}`, "--timeout", "0.1", "--to", "+46701234567"];
    const { err } = await run([...argv, "--", "--request-id"], { SMS_RELAY_KEY: "k" });
    expect(err).toMatch(/sms-relay send --request-id [0-9a-f-]{36} --address .* -- --request-id$/);
  });
});
