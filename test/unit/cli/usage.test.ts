import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { behaviourKinds, behaviourSchema } from "../../../src/smsc/behaviours/schema.ts";
import { cli } from "../../support/cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (argv: readonly string[], environment: Record<string, string> = {}) =>
  cli(argv, { workingDirectory: folder, environment });

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("help", () => {
  it("lists every command when nothing is asked", async () => {
    const { exitCode, out } = await run([]);
    expect(exitCode).toBe(0);
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^ {2}${name} `, "m"));
    expect(out).toContain(
      "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the service cannot be reached;\n78 the configuration has faults.",
    );
  });

  it.each(commands.map(({ name }) => name))("of %s tells its options", async (name) => {
    const { exitCode, out } = await run([name, "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: sms-relay ${name}`);
    expect(out).toMatch(/Example/);
  });
});

describe("--version", () => {
  it.each([[], ...commands.map(({ name }) => [name]), ["keys", "create"]])(
    "is known to %j",
    async (...words) => {
      const { exitCode, out } = await run([...words.flat(), "--version"]);
      expect([exitCode, out]).toEqual([0, "0.0.0"]);
    },
  );
});

describe("wrong usage exits with 2 and says what is wrong", () => {
  it.each([
    [["sned"], "unknown command 'sned'"],
    [["send", "--lane", "premium"], "Allowed choices are otp, normal, bulk"],
    [["send", "text"], "Say to whom with --to"],
    [["send", "--to", "+46701234567"], "Say what to send"],
    [["send", "--to", "+46701234567", "x", "--meta", "colour"], "It must be key=value"],
    [["send", "--to", "+46701234567", "x", "--meta", "k=v", "--meta", "k=w"], "The key k is given twice"],
    [["send", "--to", "+46701234567", "x", "--validity", "soon"], "It must be a duration such as 10m or 24h"],
    [
      ["watch", "--from", "banana"],
      "must be earliest, now, a time such as 2026-01-31T08:00:00Z, or a cursor",
    ],
    [["copy", "--to", "banana"], "--to must be postgres://user:password@host/database"],
    [["watch", "--ack"], "--ack needs a --subscription"],
    [["status"], "missing required argument 'message-id'"],
    [["list", "--since", "yesterday-ish"], "It must be a time"],
    [["list", "--address", "nowhere", "--key", "k"], "--address must be host:port"],
    [["copy"], "Say where to with --to, or with store.url in the configuration"],
    [["list", "--timeout", "0"], "It must be a number of seconds"],
    [["watch", "--timeout", "5"], "unknown option '--timeout'"],
    [["list", "--cert", "mine.pem", "--key", "k"], "--cert and --cert-key go together"],
    [["gateways", "pasue", "north"], "gateways has no command pasue; it has list, pause, resume and explain"],
    [["simulate", "--receipt-delay", "soon"], "It must be a duration such as 500ms or 5s, or milliseconds"],
    [["simulate", "--message-ids", "octal"], "octal is not one of decimal, hex"],
    [["simulate", "--tls-cert", "a.pem"], "--tls-cert and --tls-key go together"],
    [["simulate", "--record", "/nonexistent/x"], "--record: /nonexistent/x cannot be written (ENOENT)"],
    [["simulate", "--rule", "silent=maybe"], "silent must be true or false"],
    [["simulate", "--behave", "drop"], "It must be JSON with a kind"],
    [["simulate", "--behave", '{"kind":"explode"}'], "kind explode is not known. Known are refuse-bind"],
    [["simulate", "--behave", '{"kind":"thottle"}'], "did you mean throttle?"],
    [["simulate", "--behave", '{"kind":"drop","how":"explode"}'], "how must be one of close, reset, silence"],
    [["simulate", "--behave", '{"kind":"throttle"}'], "perSecond is required"],
    [
      ["simulate", "--behave", '{"kind":"throttle","persecond":10}'],
      "persecond is not a setting; did you mean perSecond? (throttle has perSecond, status, share, after, times)",
    ],
    [["simulate", "--behave", '{"kind":"unbind","share":2}'], "share must be at most 1"],
  ])("%j", async (argv, sentence) => {
    const { exitCode, err } = await run(argv);
    expect(err).toContain(sentence);
    expect(exitCode).toBe(2);
  });

  it("names the file that a key is looked for in", async () => {
    const { exitCode, err } = await run(["list"]);
    expect(exitCode).toBe(2);
    expect(err).toBe(
      `sms-relay: No API key: give --key or SMS_RELAY_KEY (there is no ${folder}/sms-relay-data/default.key).`,
    );
  });
});

describe("a service that cannot be reached", () => {
  it("exits with 3 and one sentence", async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    const { exitCode, err } = await run(["list", "--address", address, "--key", "k"]);
    expect(exitCode).toBe(3);
    expect(err).toBe(`sms-relay: The service cannot be reached: connect ECONNREFUSED ${address}.`);
    expect(err.split("\n")).toHaveLength(1);
  });

  it("tells programs the same as JSON", async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    const { exitCode, err } = await run(["list", "--json"], {
      SMS_RELAY_ADDRESS: address,
      SMS_RELAY_KEY: "k",
    });
    expect(exitCode).toBe(3);
    expect(JSON.parse(err)).toMatchObject({ grpcCode: "UNAVAILABLE" });
  });
});

describe("a service that does not answer", () => {
  it("names the command that sends safely again, without the key", async () => {
    await using server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const argv = [
      "send",
      "--address",
      `127.0.0.1:${port}`,
      "--key",
      "k",
      "--timeout",
      "0.1",
      "--to",
      "+46701234567",
    ];
    const { exitCode, err } = await run([...argv, "it's"]);
    expect(exitCode).toBe(3);
    expect(err).toMatch(/^sms-relay: The service did not answer in time\.\nIt is not known whether/);
    expect(err).toMatch(/ sms-relay send --request-id [0-9a-f-]{36} --address \S+ --key KEY .* 'it'\\''s'$/);
    const again = await run([...argv, "--request-id", "mine", "--json", "x"]);
    expect(JSON.parse(again.err)).toMatchObject({ outcomeUnknown: true, requestId: "mine" });
  });
});

describe("sending a file", () => {
  const send = (content: string, ...more: string[]) => {
    writeFileSync(join(folder, "rows.csv"), content);
    return run([
      "send",
      "--file",
      "rows.csv",
      "--from",
      "ACME",
      "--key",
      "k",
      "--address",
      "127.0.0.1:1",
      ...more,
    ]);
  };

  it("wants a head line with recipient", async () => {
    const { exitCode, err } = await send("number\n+46701234567\n", "text");
    expect(exitCode).toBe(2);
    expect(err).toContain("head line must name the column recipient");
  });

  it("knows a file whose columns are parted by another sign", async () => {
    expect((await send("recipient;text\n+46701234567;hello\n")).err).toContain(
      "seem to be parted by semicolons; commas are wanted",
    );
  });

  it("refuses a column that stands twice", async () => {
    const { exitCode, err } = await send("recipient,Recipient\n+46701234567,+46701234568\n", "text");
    expect(exitCode).toBe(2);
    expect(err).toContain("has the column recipient twice");
  });

  it("refuses a column that it would have to ignore", async () => {
    expect((await send("recipient,txt\n+46701234567,hello\n")).err).toContain(
      "the column txt; known are recipient, text",
    );
  });

  it("says where rows repeat others, to the same recipient with the same text", async () => {
    const rows = ["+46701234567,a", "+46701234567,b", "+46701234567,a", "+46701234568,a", "+46701234567,a"];
    const { err } = await send(["recipient,text", ...rows].join("\n"));
    expect(err).toMatch(/^Repeated, with the same text to the same recipient: 2 rows, the first on line 4\./);
    expect((await send("recipient,text\n+46701234567,a\n+46701234568,a\n")).err).not.toContain("Repeated");
  });

  it("names the line that has no text", async () => {
    const { err } = await send("recipient,text\n+46701234567,hello\n+46701234568,\n");
    expect(err).toContain("Line 3 has no text");
  });

  it("says so when there is nothing to send, or no file", async () => {
    expect((await send("recipient\n", "text")).err).toContain("has no rows");
    const { exitCode, err } = await run(["send", "--file", "gone.csv", "text", "--key", "k"]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(/gone\.csv cannot be read \(ENOENT/);
  });
});

describe("simulate", () => {
  it.each([["--port"], ["--port", "0", "--control"]])(
    "says in our own words that the port of %s is taken",
    async (...options) => {
      await using server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const { exitCode, err } = await run(["simulate", ...options, `${port}`]);
      const place = options.length === 1 ? "--host, --port" : "--control";
      expect(err).toBe(
        `sms-relay: Another program listens on 127.0.0.1:${port} already, perhaps another sms-relay. End it, or choose another port (${place}).`,
      );
      expect(exitCode).toBe(1);
    },
  );

  it("shows its times with their units", async () => {
    const { out } = await run(["simulate", "--help"]);
    expect(out).toMatch(/--receipt-delay <duration>[^(]+\(default: 1s\)/);
    expect(out).toMatch(/--receipt-jitter <duration>[^(]+\(default: 0s\)/);
  });

  it("knows every behaviour of docs/simulator.md with the settings that stand there", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/simulator.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| [^|]+ \|([^|]*)\|$/gm)].slice(-behaviourKinds.length);
    const settings = Object.fromEntries(
      rows.map(([, kind = "", cell = ""]) => [kind, [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)]),
    );
    const known = behaviourKinds.map((kind) => {
      const names = Object.keys(behaviourSchema(kind)?.shape ?? {});
      return [kind, names.filter((name) => !["kind", "share", "after", "times"].includes(name))];
    });
    expect(settings).toEqual(Object.fromEntries(known));
  });
});

describe("an output that cannot be written", () => {
  const main = join(import.meta.dirname, "../../../src/main.ts");
  const shell = (script: string) =>
    spawnSync("bash", ["-c", script, "bash", process.execPath, main], { cwd: folder, encoding: "utf8" });

  it("exits with 1 and a sentence where the disk is full", () => {
    const { status, stderr } = shell('"$1" "$2" config variables > /dev/full');
    expect(stderr).toMatch(/^sms-relay: The output cannot be written: ENOSPC/);
    expect(status).toBe(1);
  });

  it("exits with 0 and says nothing where the reader went away", () => {
    const { stdout, stderr } = shell(
      '{ "$1" "$2" config variables; echo "$?" > code; } | exec 0<&-; cat code',
    );
    expect(stdout.trim()).toBe("0");
    expect(stderr).toBe("");
  });
});

describe("config", () => {
  it("check tells every fault with its place and exits with 78", async () => {
    writeFileSync(join(folder, "bad.yaml"), "listen:\n  grpc:\n    prot: 1\nreceiptGrace: soon\n");
    const { exitCode, err } = await run(["config", "check", "bad.yaml"]);
    expect(exitCode).toBe(78);
    expect(err.split("\n")).toEqual([
      "sms-relay: The configuration has faults:",
      `  ${folder}/bad.yaml:3:5: listen.grpc.prot is not a setting; did you mean port?`,
      `  ${folder}/bad.yaml:4:15: receiptGrace must be a duration such as 30s, 10m or 24h`,
    ]);
  });

  it.each([
    [Buffer.from("\ufefflisten: {}\n", "utf16le"), "is not UTF-8 but UTF-16; save it as UTF-8"],
    [Buffer.from("listen: {}\n", "utf16le"), "is not UTF-8 but UTF-16; save it as UTF-8"],
    [Buffer.from("# Gr\xfc\xdfe\nlisten: {}\n", "latin1"), "is not UTF-8; save it as UTF-8"],
    [
      Buffer.from("listen: {}\n---\nstore: {}\n"),
      "begins a second document (---); one file holds one configuration",
    ],
    [
      Buffer.from("gateways: [{ id: a, kind: smpp, host: h, systemId: s, password: p, tls: true }]"),
      "gateways[0].tls must be a group of settings; write {} for its defaults",
    ],
  ])("check says what is wrong with the file %#", async (octets, rule) => {
    writeFileSync(join(folder, "odd.yaml"), octets);
    const { exitCode, err } = await run(["config", "check", "odd.yaml"]);
    expect(err).toContain(rule);
    expect(exitCode).toBe(78);
  });

  it("check takes a file with the mark that Windows puts before UTF-8", async () => {
    writeFileSync(join(folder, "marked.yaml"), "\ufefflisten: { grpc: { port: 5555 } }\n");
    expect((await run(["config", "check", "marked.yaml"])).exitCode).toBe(0);
  });

  it("check says what a good file means", async () => {
    writeFileSync(join(folder, "good.yaml"), "listen: { grpc: { port: 5555 } }\n");
    const { exitCode, out } = await run(["config", "check", "good.yaml"]);
    expect(exitCode).toBe(0);
    expect(out).toContain("good.yaml: no faults. 0 gateways, 0 accounts, store");
    expect(out).toContain("Warning: no gateway is configured");
    expect(out).toContain("gRPC 127.0.0.1:5555");
  });

  it("check warns of a configuration with accounts and no operator", async () => {
    const account = (role: string) =>
      `{ id: ${role.toLowerCase()}, role: ${role}, keys: [${role.padEnd(32, "x")}] }`;
    writeFileSync(join(folder, "accounts.yaml"), `accounts: [${account("ACCOUNT")}]\n`);
    const alone = await run(["config", "check", "accounts.yaml"]);
    expect(alone.exitCode).toBe(0);
    expect(alone.out).toContain("Warning: no account has the scope ADMIN");
    expect(alone.out).toContain(join(folder, "sms-relay-data/operator.key"));
    writeFileSync(
      join(folder, "accounts.yaml"),
      `accounts: [${account("ACCOUNT")}, ${account("OPERATOR")}]\n`,
    );
    expect((await run(["config", "check", "accounts.yaml"])).out).not.toContain("ADMIN");
    const scoped = `{ id: ops, scopes: [ADMIN], keys: [${"x".repeat(32)}] }`;
    writeFileSync(join(folder, "accounts.yaml"), `accounts: [${account("ACCOUNT")}, ${scoped}]\n`);
    expect((await run(["config", "check", "accounts.yaml"])).out).not.toContain("ADMIN");
  });

  it("check takes the documented example", async () => {
    const example = join(import.meta.dirname, "../../../docs/sms-relay.example.yaml");
    const environment = { NORTH_PASSWORD: "secret", SHOP_KEY: "k".repeat(40) };
    const { exitCode, err } = await run(["config", "check", example], environment);
    expect(err).toBe("");
    expect(exitCode).toBe(0);
  });

  it("schema is a JSON schema that names every section", async () => {
    const { out } = await run(["config", "schema"]);
    const sections = Object.keys(JSON.parse(out).properties);
    expect(sections).toEqual(expect.arrayContaining(["listen", "store", "limits", "accounts", "gateways"]));
  });

  it("variables lists what the environment may set", async () => {
    expect((await run(["config", "variables"])).out).toMatch(
      /^SMS_RELAY_LISTEN_GRPC_PORT\s+listen\.grpc\.port$/m,
    );
  });
});
