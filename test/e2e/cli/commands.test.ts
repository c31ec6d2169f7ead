/** The commands against a real service with a real SMPP server behind it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outputFault } from "../../../src/cli/output/output-fault.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { type CliRun, cli } from "../../support/cli.ts";
import {
  ACCOUNT_KEY,
  OPERATOR_KEY,
  type ServiceProcess,
  setUpService,
  startServiceProcess,
} from "../../support/service-process.ts";

let folder: string;
let simulator: Simulator;
let service: ServiceProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-cli-"));
  simulator = await startSimulator({ port: 0, receiptDelayMs: 20 });
  const gateway = (id: string, more: object) => {
    return {
      id,
      kind: "smpp",
      host: "127.0.0.1",
      port: simulator.port,
      systemId: id,
      password: "x",
      ...more,
    };
  };
  const setup = await setUpService(join(folder, "service"), {
    issuers: [{ issuer: "https://id.example/realms/shop", audience: "https://sms.example" }],
    gateways: [
      gateway("north", { priority: 10, prefixes: { deny: ["+47"] } }),
      gateway("away", { priority: 5, prefixes: ["+47"], paused: true }),
    ],
  });
  service = await startServiceProcess(setup);
  await simulator.waitUntil(({ binds }) => binds >= 2);
});

afterAll(async () => {
  await service?.stop();
  await simulator?.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(argv: readonly string[], key = ACCOUNT_KEY, onLine?: (line: string) => void): Promise<CliRun> {
  return cli([...argv, "--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", key], {
    workingDirectory: folder,
    ...(onLine !== undefined && { onLine }),
  });
}

const operator = (argv: readonly string[]) => run(argv, OPERATOR_KEY);

async function sendJson(...argv: string[]) {
  const { exitCode, out, err } = await run(["send", "--from", "ACME", "--json", ...argv]);
  expect(err).toBe("");
  expect(exitCode).toBe(0);
  return JSON.parse(out);
}

/** Follows the reports of a message until its deliveries have ended. */
async function finalReports(messageId: string, count: number) {
  const { out } = await run([
    "watch",
    "--from",
    "earliest",
    "--message",
    messageId,
    "--final",
    "--count",
    `${count}`,
    "--json",
  ]);
  return out.split("\n").map((line) => JSON.parse(line));
}

describe("send and status", () => {
  it("sends a message, follows it, and shows its attempt", async () => {
    const sent = await sendJson("--to", "+46701234567", "Hello");
    expect(sent).toMatchObject({ statusCode: "SMS_STATUS_CODE_OK_QUEUED", totalSegmentCount: 1 });
    expect(await finalReports(sent.messageId, 1)).toMatchObject([
      { recipient: "+46701234567", state: "DELIVERY_STATE_DELIVERED", gatewayId: "north" },
    ]);
    const { out } = await run(["status", sent.messageId, "--full"]);
    expect(out).toMatch(/states +DELIVERED 1/);
    expect(out).toMatch(/1 +north +ACCEPTED/);
    expect(out).toMatch(/part 1 +ACCEPTED +\d+ +DELIVRD/);
  });

  it("waits for the gateway when told to", async () => {
    const sent = await sendJson("--to", "+46701234567", "--wait", "Hello");
    expect(sent.statusCode).toBe("SMS_STATUS_CODE_OK");
    // The receipt may come before the answer.
    expect(sent.outcomes[0].state).toMatch(/^DELIVERY_STATE_(SUBMITTED|DELIVERED)$/);
  });

  it("waits no longer than it was told, and then says that the message is queued", async () => {
    const sent = await sendJson("--to", "+4791234567", "--wait", "--timeout", "4", "Hello");
    expect(sent.statusCode).toBe("SMS_STATUS_CODE_OK_QUEUED");
    expect(sent.outcomes[0].state).toBe("DELIVERY_STATE_QUEUED");
  });

  it("tells programs the reason of each violation and the metadata", async () => {
    const { err } = await run(["send", "--from", "ACME", "--to", "0701", "--json", "Hello"]);
    expect(JSON.parse(err)).toMatchObject({
      reason: "INVALID_RECIPIENT",
      metadata: { status_code: "4002", violation_count: "1" },
      violations: [{ field: "recipients[0]", reason: "INVALID_RECIPIENT" }],
    });
  });

  it("lists every fault of a refused message, and exits with 1", async () => {
    const { exitCode, err } = await run([
      "send",
      "--from",
      "far too long a sender",
      "--to",
      "0701",
      "--to",
      "+46701234567",
      "",
    ]);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^sms-relay: 4003 INVALID_SENDER: /);
    expect(err).toMatch(/^ {2}sender: /m);
    expect(err).toMatch(/^ {2}recipients\[0\]: /m);
    expect(err).toMatch(/^ {2}text: /m);
    expect(err).not.toContain("0701");
  });

  it("refuses a request id that was used for something else", async () => {
    await sendJson("--to", "+46701234567", "--request-id", "r-1", "one");
    expect(await sendJson("--to", "+46701234567", "--request-id", "r-1", "one")).toMatchObject({
      replayed: true,
    });
    const { exitCode, err } = await run([
      "send",
      "--from",
      "ACME",
      "--to",
      "+46701234567",
      "--request-id",
      "r-1",
      "two",
    ]);
    expect(exitCode).toBe(1);
    expect(err).toContain("4106 REQUEST_ID_REUSED");
  });

  it("stores nothing in a dry run", async () => {
    const { out } = await run(["send", "--from", "ACME", "--to", "+46701234567", "--dry-run", "x"]);
    expect(out).toContain("dry run: nothing was stored");
  });

  it("does not know another account's message", async () => {
    const sent = await sendJson("--to", "+46701234567", "Hello");
    const { exitCode, err } = await operator(["status", sent.messageId]);
    expect(exitCode).toBe(1);
    expect(err).toContain("4101 UNKNOWN_MESSAGE");
  });

  it("lists messages by reference, newest first", async () => {
    const first = await sendJson("--to", "+46701234567", "--reference", "order-1", "one");
    const second = await sendJson("--to", "+46701234567", "--reference", "order-1", "two");
    const { out } = await run(["list", "--reference", "order-1", "--json"]);
    const ids = out.split("\n").map((line) => JSON.parse(line).messageId);
    expect(ids).toEqual([second.messageId, first.messageId]);
  });

  it("refuses a wrong key", async () => {
    const { exitCode, err } = await run(["list"], "w".repeat(40));
    expect(exitCode).toBe(1);
    expect(err).toContain("4001 INVALID_CREDENTIALS");
  });
});

describe("preview", () => {
  it("shows encoding, segments and what forces them", async () => {
    const { out } = await run(["preview", "Grüße 😀"]);
    expect(out).toMatch(/encoding +UCS2/);
    expect(out).toMatch(/forced by +"😀" at 6/);
    expect(out).toMatch(/1 +8 +62 +"Grüße 😀"/);
  });
});

describe("preview of a text that hardly fits", () => {
  it("shows the first characters that force the encoding, and counts the others", async () => {
    expect((await run(["preview", "ж".repeat(60)])).out).toMatch(
      /forced by +("ж" at \d, ){5}and 55 others$/m,
    );
    expect((await run(["preview", "ж".repeat(300)])).out).toMatch(/and 95 or more others$/m);
  });
});

describe("cancel", () => {
  it("takes back what waits for a paused gateway, and says when it is too late", async () => {
    const sent = await sendJson("--to", "+4791234567", "--to", "+46701234567", "Hello");
    const { exitCode: cancelled, out } = await run(["cancel", sent.messageId]);
    expect(cancelled).toBe(0);
    // PENDING while the dispatcher has it in hand to look for another way out; it then ends all the same.
    expect(out).toMatch(/\+4791234567 +(CANCELLED|PENDING)/);
    const ends = await finalReports(sent.messageId, 2);
    expect(new Map(ends.map((report) => [report.recipient, report.state]))).toEqual(
      new Map([
        ["+4791234567", "DELIVERY_STATE_CANCELLED"],
        ["+46701234567", "DELIVERY_STATE_DELIVERED"],
      ]),
    );
    const done = await sendJson("--to", "+46701234567", "--wait", "Hello");
    const { exitCode, err } = await run(["cancel", done.messageId]);
    expect(exitCode).toBe(1);
    expect(err).toContain("4109 NOT_CANCELLABLE");
  });
});

describe("watch", () => {
  it("goes on where a subscription acknowledged last", async () => {
    await run(["send", "--from", "ACME", "--to", "+46701234567", "--reference", "sub", "one"]);
    const options = [
      "--subscription",
      "billing",
      "--from",
      "earliest",
      "--reference",
      "sub",
      "--final",
      "--json",
      "--ack",
    ];
    const first = await run(["watch", ...options, "--count", "1"]);
    await run(["send", "--from", "ACME", "--to", "+46701234568", "--reference", "sub", "two"]);
    const second = await run(["watch", ...options, "--count", "1"]);
    const numberOf = (one: CliRun) => Number(JSON.parse(one.out).reportNumber);
    expect(JSON.parse(second.out).recipient).toBe("+46701234568");
    expect(numberOf(second)).toBeGreaterThan(numberOf(first));
    expect(first.err).toMatch(/^\{"cursor":"\S+"\}$/m);
  });

  it("prints and acknowledges exactly as many reports as were asked for", async () => {
    const sent = await sendJson(
      "--to",
      "+46701234567",
      "--to",
      "+46701234568",
      "--wait",
      "--reference",
      "cut",
      "x",
    );
    await finalReports(sent.messageId, 2);
    const options = [
      "watch",
      "--subscription",
      "cut",
      "--from",
      "earliest",
      "--reference",
      "cut",
      "--ack",
      "--json",
    ];
    const numbersOf = ({ out }: CliRun) =>
      out.split("\n").map((line) => Number(JSON.parse(line).reportNumber));
    const runs: number[] = [];
    for (let count = 0; count < 3; count++) runs.push(...numbersOf(await run([...options, "--count", "2"])));
    expect(runs).toHaveLength(6);
    expect(runs).toEqual([...new Set(runs)].sort((left, right) => left - right));
  });

  it("acknowledges nothing that could not be written", async () => {
    const options = ["--subscription", "lost", "--from", "earliest", "--ack", "--json", "--count", "1"];
    const address = ["--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", ACCOUNT_KEY];
    const full = () => Promise.reject(outputFault(new Error("ENOSPC: no space left on device")));
    const lost = await cli(["watch", ...options, ...address], { workingDirectory: folder, written: full });
    expect(lost).toMatchObject({ exitCode: 1, err: expect.stringContaining("cannot be written: ENOSPC") });
    const again = await run(["watch", ...options]);
    expect(again.out).toBe(lost.out);
  });

  it("says what is wrong with a cursor that is not ours", async () => {
    const { exitCode, err } = await run(["watch", "--from", "nonsense-of-some-length"]);
    expect(exitCode).toBe(1);
    expect(err).toContain("4110 INVALID_CURSOR");
  });
});

describe("gateways", () => {
  it("wants an operator's key", async () => {
    const { exitCode, err } = await run(["gateways", "list"]);
    expect(exitCode).toBe(1);
    expect(err).toContain("4022 ACCESS_DENIED");
  });

  it("lists them by priority with their state", async () => {
    const { out } = await operator(["gateways", "list"]);
    expect(out).toMatch(/away +PAUSED[\s\S]+north +READY/);
  });

  it("lists them without being told to, and shows no limit as none", async () => {
    const { exitCode, out } = await operator(["gateways"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^north +READY +10 +1 +1\/1 +\d+\/\d+ +none +[0-9]+ +smpp/m);
  });

  it("pauses one, queues for it, resumes it and sends", async () => {
    expect((await operator(["gateways", "pause", "north", "--reason", "noon"])).out).toMatch(
      /north +PAUSED.+noon/,
    );
    const sent = await sendJson("--to", "+46701234567", "Hello");
    expect(sent.outcomes[0].state).toBe("DELIVERY_STATE_QUEUED");
    expect((await operator(["gateways", "resume", "north"])).out).toMatch(/north +READY/);
    expect(await finalReports(sent.messageId, 1)).toMatchObject([{ state: "DELIVERY_STATE_DELIVERED" }]);
  });

  it("explains a route", async () => {
    const { out } = await operator(["gateways", "explain", "--to", "+4791234567"]);
    expect(out).toMatch(/country +NO/);
    expect(out).toMatch(/1 +away +waits +PAUSED[\s\S]+- +north +left out +PREFIX/);
    expect((await operator(["gateways", "explain", "--to", "+46701234567"])).out).toMatch(
      /- +away +left out +PREFIX/,
    );
  });
});

describe("subscriptions", () => {
  it("are made before anything reads them, listed, acknowledged and deleted", async () => {
    expect((await run(["subscriptions", "create", "cli-whole", "--from", "earliest"])).exitCode).toBe(0);
    await run(["send", "--from", "ACME", "--to", "+46701234567", "--wait", "Hello"]);
    const read = await run(["watch", "--subscription", "cli-whole", "--count", "1", "--json"]);
    expect(JSON.parse(read.out)).toMatchObject({ reportNumber: "1" });
    const { cursor } = JSON.parse(read.err);
    const acknowledged = await run(["subscriptions", "acknowledge", "cli-whole", cursor]);
    expect(acknowledged.out).toBe(`cursor ${cursor}`);
    const listed = await run(["subscriptions", "list"]);
    expect(listed.out).toMatch(/^cli-whole +DELIVERY_REPORTS +[1-9]/m);
    expect((await run(["subscriptions", "delete", "cli-whole"])).out).toBe("cli-whole is deleted.");
    const again = await run(["subscriptions", "delete", "cli-whole"]);
    expect(again.err).toContain("4116 UNKNOWN_SUBSCRIPTION");
  });
});

describe("accounts", () => {
  it("are made, listed, shown, renamed, suspended and let in again, and the audit log tells of it", async () => {
    const made = await operator(["accounts", "create", "bakery", "--name", "The bakery"]);
    expect(made.out).toMatch(/bakery +ACTIVE +The bakery +1 /);
    expect((await operator(["accounts", "create", "bakery"])).err).toContain("4122 ALREADY_EXISTS");
    const renamed = await operator(["accounts", "update", "bakery", "--name", "Bread", "--revision", "1"]);
    expect(renamed.out).toMatch(/bakery +ACTIVE +Bread +2 /);
    const stale = await operator(["accounts", "update", "bakery", "--name", "Cake", "--revision", "1"]);
    expect([stale.exitCode, stale.err]).toEqual([1, expect.stringContaining("4123 STALE_REVISION")]);
    const unread = await operator(["accounts", "update", "bakery", "--name", "Cake", "--revision", "0"]);
    expect(unread.err, "0 is no wildcard").toContain("4123 STALE_REVISION");
    expect(
      (await operator(["accounts", "update", "bakery", "--name", "x", "--revision", "y"])).exitCode,
    ).toBe(2);

    const sendingOnly = ["accounts", "suspend", "bakery", "--sending-only"];
    expect((await operator(sendingOnly)).out).toMatch(/bakery +SENDING_DISABLED /);
    const suspend = ["accounts", "suspend", "bakery", "--reason", "unpaid"];
    expect((await operator(suspend)).out).toMatch(/bakery +SUSPENDED /);
    expect((await operator(["accounts", "list", "--state", "suspended"])).out).toContain("bakery");
    expect((await operator(["accounts", "list", "--state", "active"])).out).not.toContain("bakery");
    expect((await operator(sendingOnly)).out, "the stronger stays").toMatch(/bakery +SUSPENDED /);
    expect((await operator(["accounts", "reinstate", "bakery"])).out).toMatch(/bakery +ACTIVE /);
    const shown = await operator(["accounts", "show", "bakery", "--json"]);
    expect(JSON.parse(shown.out)).toMatchObject({ accountId: "bakery", displayName: "Bread", revision: "5" });
    expect((await operator(["accounts", "show", "nobody"])).err).toContain("4120 UNKNOWN_ACCOUNT");

    const audit = await operator(["audit", "--subject", "bakery", "--json"]);
    const methods = audit.out.split("\n").map((line) => JSON.parse(line).method.split("/")[1]);
    expect(methods).toEqual([
      "ReinstateAccount",
      "SuspendAccount",
      "SuspendAccount",
      "UpdateAccount",
      "CreateAccount",
    ]);
    const last = await operator(["audit", "--subject", "bakery", "--count", "1"]);
    expect(last.out).toMatch(/AdminService\/ReinstateAccount +ACCOUNT +bakery/);
    expect(last.out).not.toContain("SuspendAccount");
    expect((await operator(["audit", "--subject", "bakery", "--kind", "key"])).out).toBe("Nothing.");
    expect((await operator(["audit", "--subject", "nothing"])).out).toBe("Nothing.");
  });
});

describe("policies of accounts", () => {
  it("are set and shown as JSON, and say by which rule a message is refused", async () => {
    const policy = JSON.stringify({ regions: { allowed: ["NL"] } });
    const made = await operator(["accounts", "create", "dutch", "--policy", policy]);
    expect(made.out).toContain(policy);
    const { out: key } = await operator(["keys", "create", "--account", "dutch"]);
    const refused = await run(["send", "--from", "ACME", "--to", "+46701234567", "Hello"], key);
    expect(refused.err).toContain("4029 RECIPIENTS_NOT_ALLOWED");
    const numbers = ["--to", "+31612345678", "--to", "+46701234567"];
    const sent = await run(["send", "--from", "ACME", ...numbers, "Hello"], key);
    expect(sent.out).toContain("4029 RECIPIENTS_NOT_ALLOWED by COUNTRY");
    const id = /^message +(\S+)/m.exec(sent.out)?.[1] ?? expect.fail(sent.out);
    expect((await run(["status", id], key)).out).toContain("4029 RECIPIENTS_NOT_ALLOWED by COUNTRY");
    const explain = ["gateways", "explain", "--to", "+46701234567", "--account", "dutch"];
    expect((await operator(explain)).out).toMatch(/^refused by +COUNTRY$/m);

    const wrong = await operator(["accounts", "update", "dutch", "--policy", '{"sendsOnMondays":true}']);
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining("sendsOnMondays")]);
    const faulty = await operator(["accounts", "update", "dutch", "--policy", '{"maxSegments":0}']);
    expect([faulty.exitCode, faulty.err]).toEqual([
      1,
      expect.stringContaining("account.policy.max_segments: must be 1 to 255"),
    ]);
    expect((await operator(["accounts", "update", "dutch"])).exitCode).toBe(2);
    expect((await operator(["accounts", "update", "dutch", "--policy", "{}"])).out).not.toContain("regions");
    expect((await run(["send", "--from", "ACME", "--to", "+46701234567", "Hello"], key)).exitCode).toBe(0);
  });
});

describe("what rules go by", () => {
  it("is said by options of send, preview and explain", async () => {
    const policy = JSON.stringify({
      numberForms: "NUMBER_FORMS_ANY",
      premiumAllowed: false,
      defaultValidity: "3600s",
    });
    await operator(["accounts", "create", "abroad", "--policy", policy]);
    const { out: key } = await operator(["keys", "create", "--account", "abroad"]);
    const dutch = ["--from", "701234567", "--to", "06 1234 5678", "--region", "NL"];
    expect((await run(["send", ...dutch, "--sender-type", "national", "Hello"], key)).exitCode).toBe(0);
    const wrong = await run(["send", ...dutch, "--sender-type", "alphanumeric", "Hello"], key);
    expect(wrong.err).toContain("4003 INVALID_SENDER");
    expect((await run(["preview", ...dutch, "Hello"], key)).out).toContain("for 06 1234 5678");
    expect((await run(["send", ...dutch, "--premium", "Hello"], key)).err).toContain("4022 ACCESS_DENIED");
    const explain = ["gateways", "explain", ...dutch, "--account", "abroad"];
    expect((await operator(explain)).out).toMatch(/^country +NL$/m);
    expect((await operator([...explain, "--premium"])).out).toMatch(/^refused by +PREMIUM$/m);
  });
});

describe("senders", () => {
  it("are asked for, rejected, approved, listed and given up", async () => {
    const made = await operator(["keys", "create", "--account", "florist"]);
    const asked = await run(["senders", "request", "Flowers", "--purpose", "news"], made.out);
    expect(asked.out).toMatch(/florist +Flowers +PENDING +news /);
    expect((await operator(["senders", "list", "--all", "--state", "pending"])).out).toContain("Flowers");
    const reject = ["senders", "reject", "florist", "Flowers", "--reason", "too short"];
    expect((await operator(reject)).out).toMatch(/REJECTED +news +too short /);
    expect((await operator(["senders", "approve", "florist", "Flowers", "--shared"])).out).toMatch(
      /APPROVED +yes /,
    );
    const abroad = await run(["senders", "request", "Tulips", "--region", "NL", "BE"], made.out);
    expect(abroad.out).toMatch(/florist +Tulips +PENDING +BE NL /);
    await run(["senders", "delete", "Tulips"], made.out);
    const listed = await run(["senders", "list", "--json"], made.out);
    expect(JSON.parse(listed.out)).toMatchObject({
      sender: "Flowers",
      state: "SENDER_STATE_APPROVED",
      shared: true,
    });
    const byOperator = await operator(["senders", "list", "--account", "florist"]);
    expect(byOperator.out).toContain("Flowers");
    expect((await run(["senders", "delete", "Flowers"], made.out)).out).toBe("Flowers is given up.");
    expect((await run(["senders", "delete", "Flowers"], made.out)).err).toContain("4121 UNKNOWN_SENDER");
    expect((await run(["senders", "list"], made.out)).out).toBe("No senders.");
  });
});

describe("suppressions", () => {
  const count = (argv: readonly string[], key?: string) => run(["suppressions", ...argv], key);

  it("are added, listed, exported and removed, of an account and of the list for all", async () => {
    const { out: key } = await operator(["keys", "create", "--account", "blocker"]);
    const anna = "+46701000001";
    const bert = "+46701000002";
    expect((await count(["add", anna, bert, anna], key)).out).toBe("The list has 2 numbers.");
    const advertised = ["add", bert, "--category", "advertisement", "--until", "2199-01-01T00:00:00Z"];
    expect(JSON.parse((await count([...advertised, "--json"], key)).out)).toEqual({ suppressionCount: "2" });
    const listed = await count(["list"], key);
    expect(listed.out).toMatch(/\+46701000001 +all +CALL +20/);
    expect(listed.out).toMatch(/\+46701000002 +ADVERTISEMENT +2199-01-01 00:00:00Z +CALL +20/);
    const one = await count(["list", "--number", anna, "--json"], key);
    expect(JSON.parse(one.out)).toMatchObject({ recipient: anna, source: "SUPPRESSION_SOURCE_CALL" });
    const cut = await count(["list", "--limit", "1"], key);
    expect(cut.err).toContain("There are more");
    const { out: csv } = await count(["export"], key);
    expect(csv.split("\n")).toEqual([
      "recipient,content_categories,expire_time,source",
      `${anna},,,CALL`,
      `${bert},ADVERTISEMENT,2199-01-01T00:00:00.000Z,CALL`,
    ]);
    expect((await run(["send", "--to", anna, "--from", "ACME", "x"], key)).err).toContain("4031");
    expect((await operator(["suppressions", "remove", anna, "--account", "blocker"])).out).toBe(
      "The list has 1 number.",
    );
    expect((await operator(["suppressions", "add", anna, "--everybody"])).out).toBe("The list has 1 number.");
    expect((await run(["send", "--to", anna, "--from", "ACME", "x"], key)).err).toContain("4031");
    expect((await operator(["suppressions", "remove", anna, "--everybody"])).out).toBe(
      "The list has 0 numbers.",
    );
    const denied = await count(["add", anna, "--everybody"], key);
    expect([denied.exitCode, denied.err]).toEqual([1, expect.stringContaining("4022 ACCESS_DENIED")]);
  });

  it("are taken from a file that was checked whole, in pieces, and again without harm", async () => {
    const { out: key } = await operator(["keys", "create", "--account", "importer"]);
    const rows = Array.from({ length: 1_200 }, (_, index) => `+4670${2_000_000 + index}`);
    const file = join(folder, "blocked.csv");
    await writeFile(file, ["recipient", ...rows, `${rows[0]}`].join("\n"));
    for (let times = 0; times < 2; times += 1)
      expect((await count(["import", file], key)).out).toBe("1,201 rows taken. The list has 1,200 numbers.");
    const rest = await count(["import", file, "--from-line", "1001", "--json"], key);
    expect(JSON.parse(rest.out)).toEqual({ summary: { rows: 202, suppressionCount: "1200" } });
    const back = join(folder, "back.csv");
    await writeFile(back, (await count(["export"], key)).out);
    expect((await count(["import", back], key)).out).toContain("The list has 1,200 numbers.");

    const faulty = join(folder, "faulty.csv");
    const bad = [
      "recipient,content_categories,expire_time",
      "+46703000000,,",
      "0701,SPAM,",
      "+46703000001,,2001-01-01",
    ];
    await writeFile(faulty, bad.join("\n"));
    const refused = await count(["import", faulty], key);
    expect(refused.exitCode).toBe(2);
    for (const fault of ["line 3: recipient:", "line 3: content_categories:", "line 4: expire_time:"])
      expect(refused.err).toContain(fault);
    expect((await count(["list", "--number", "+46703000000"], key)).out).toBe("No suppressed numbers.");
    await writeFile(faulty, "recipient\n");
    expect((await count(["import", faulty], key)).exitCode).toBe(2);
    expect((await count(["import", file, "--from-line", "9999"], key)).exitCode).toBe(2);
  });

  it("name the line to go on from where a piece of a file is refused", async () => {
    const file = join(folder, "unknown-account.csv");
    await writeFile(file, "recipient\n\n+46704000000\n");
    const failed = await operator(["suppressions", "import", file, "--account", "nobody-has-this"]);
    expect(failed.exitCode).toBe(1);
    expect(failed.err).toContain("0 rows of 1 were taken. Go on with --from-line 3");
    expect(failed.err).toContain("4120 UNKNOWN_ACCOUNT");
  });
});

describe("rates", () => {
  const rates = (argv: readonly string[]) => operator(["rates", ...argv]);

  it("are imported whole from a file, for all and for an account, and listed", async () => {
    const { out: key } = await operator(["keys", "create", "--account", "buyer"]);
    const file = join(folder, "prices.csv");
    const rows = Array.from({ length: 1_500 }, (_, index) => `3161${index + 1_000},0.05,`);
    await writeFile(file, ["destination,standard,premium", "*,0.09,", "nl,0.045,0.08", ...rows].join("\n"));
    const asked = ["import", file, "--currency", "EUR"];
    expect((await rates([...asked, "--dry-run"])).out).toBe(
      "1,503 prices would be taken. Nothing was changed.",
    );
    expect((await rates(asked)).out).toBe("1,503 prices taken.");
    const listed = await run(["rates", "list", "--region", "NL"], key);
    expect(listed.out).toMatch(/NL +standard +0\.045 +EUR +20/);
    expect(listed.out).toMatch(/NL +premium +0\.08 +EUR +20/);
    expect((await run(["rates", "list", "--region", "SE"], key)).out).toMatch(/\* +standard +0\.09 +EUR/);
    await writeFile(file, "destination,standard\nSE,0.01\n");
    const own = await rates([...asked, "--account", "buyer", "--json"]);
    expect(JSON.parse(own.out)).toEqual({ rateCount: 1 });
    const shown = await rates(["list", "--account", "buyer", "--json"]);
    expect(JSON.parse(shown.out)).toMatchObject({
      regionCode: "SE",
      price: { currencyCode: "EUR", amountMicros: "10000" },
      accountId: "buyer",
    });
    expect((await rates(["remove", "--account", "buyer"])).out).toBe("buyer has the list of all accounts.");
    expect((await run(["rates", "list", "--region", "SE"], key)).out).toContain("0.09");
  });

  it("tell each fault by its line, whoever finds it, and change nothing", async () => {
    const file = join(folder, "faulty-prices.csv");
    const importing = async (rows: readonly string[], options: readonly string[] = []) => {
      await writeFile(file, ["destination,standard,premium", ...rows].join("\n"));
      return rates(["import", file, "--currency", "EUR", ...options]);
    };
    const before = (await rates(["list"])).out;
    const form = await importing(["NL,0.1234567,", "", "Holland,1,", "SE,-1,", "DE,1,1001", "FR,1,0.5"]);
    expect(form.exitCode).toBe(2);
    for (const fault of [
      "line 2: standard:",
      "line 4: destination:",
      "line 5: standard:",
      "line 6: premium:",
    ])
      expect(form.err).toContain(fault);
    const judged = await importing(["NL,1,", "FR,1,0.5", "XX,1,", "0031,1,", "nl,2,"]);
    expect(judged.exitCode).toBe(2);
    for (const fault of ["line 4: destination:", "line 5: destination:", "line 6: stands in the list twice"])
      expect(judged.err).toContain(fault);
    expect((await importing(["NL,1,"], ["--start", "2020-01-01"])).err).toContain(
      "start_time: must not be past",
    );
    expect((await importing([])).exitCode).toBe(2);
    expect((await importing(["NL,1,"], ["--account", "nobody-has-this"])).err).toContain("4120");
    expect((await rates(["list"])).out).toBe(before);
  });
});

describe("keys", () => {
  it("makes a key that sends, and revokes it at once", async () => {
    const made = await operator(["keys", "create", "--account", "kiosk", "--name", "till 3"]);
    expect(made.exitCode).toBe(0);
    const key = made.out;
    expect((await run(["list"], key)).out).toBe("No messages.");
    const listed = await operator(["keys", "list"]);
    expect(listed.out).toMatch(/kiosk +SEND READ MANAGE +till 3/);
    const keyId = key.split("_")[1] ?? "";
    expect((await operator(["keys", "revoke", keyId])).exitCode).toBe(0);
    expect((await run(["list"], key)).err).toContain("4001 INVALID_CREDENTIALS");
  });

  it("rotates a key, so that both send for a while, and makes one that ends", async () => {
    const first = await operator(["keys", "create", "--account", "stall", "--expires", "1d"]);
    const keyId = first.out.split("_")[1] ?? "";
    const second = await operator(["keys", "rotate", keyId, "--overlap", "1h", "--json"]);
    const { secret } = JSON.parse(second.out);
    for (const key of [first.out, secret]) expect((await run(["list"], key)).out).toBe("No messages.");
    expect((await operator(["keys", "rotate", keyId, "--overlap", "0"])).exitCode).toBe(0);
    expect((await run(["list"], first.out)).err).toContain("4001 INVALID_CREDENTIALS");
    expect((await operator(["keys", "list", "--account", "stall"])).out.split("\n")).toHaveLength(4);
    expect((await operator(["keys", "rotate", keyId, "--overlap", "0"])).err).toContain(
      "4124 NOT_CHANGEABLE",
    );
    expect((await operator(["keys", "create", "--account", "stall", "--expires", "soon"])).exitCode).toBe(2);
  });

  it("makes a key that reads and does no more, under the id that was asked for", async () => {
    const create = ["keys", "create", "--account", "kiosk", "--scope", "read", "--id", "kiosk-board"];
    const { out: key } = await operator(create);
    expect(key).toMatch(/^smsr_kiosk-board_/);
    expect((await operator(["keys", "list"])).out).toMatch(/kiosk-board +kiosk +READ /);
    expect((await run(["list"], key)).out).toBe("No messages.");
    const sent = await run(["send", "--from", "ACME", "--to", "+46701234567", "Hello"], key);
    expect(sent.err).toContain("4022 ACCESS_DENIED");
    expect(sent.err).toContain("SEND");
    expect((await operator(create)).err).toContain("4122 ALREADY_EXISTS");
    expect((await operator(["keys", "revoke", "nobody"])).err).toContain("4119 UNKNOWN_KEY");
  });
});

describe("identities", () => {
  const issuer = "https://id.example/realms/shop";

  it("are set, narrowed, listed and removed", async () => {
    expect((await operator(["identities", "list"])).out).toBe("No identities.");
    const set = await operator(["identities", "set", issuer, "till", "--account", "shop", "--json"]);
    expect(JSON.parse(set.out)).toEqual({
      issuer,
      value: "till",
      accountId: "shop",
      scopes: ["SCOPE_SEND", "SCOPE_READ", "SCOPE_MANAGE"],
    });
    await operator(["identities", "set", issuer, "till", "--account", "shop", "--scope", "send", "read"]);
    const listed = await operator(["identities", "list", "--account", "shop"]);
    expect(listed.out).toMatch(/till +shop +SEND READ/);
    expect((await operator(["identities", "remove", issuer, "till"])).out).toContain("Removed till");
    const again = await operator(["identities", "remove", issuer, "till"]);
    expect(again).toMatchObject({ exitCode: 1, err: expect.stringContaining("There is no till") });
    expect((await operator(["identities", "list"])).out).toBe("No identities.");
  });

  it("are of issuers that the configuration names", async () => {
    const refused = await operator([
      "identities",
      "set",
      "https://other.example",
      "till",
      "--account",
      "shop",
    ]);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain("must be an issuer of the configuration");
  });
});

describe("sending a file", () => {
  it("sends every row, and sends nothing twice when repeated", async () => {
    const rows = Array.from(
      { length: 300 },
      (_, index) => `+4670${String(2_000_000 + index)},"Hello, ${index}"`,
    );
    await writeFile(join(folder, "rows.csv"), ["recipient,text", ...rows].join("\n"));
    const before = simulator.counters().submits;
    const first = await run(["send", "--from", "ACME", "--lane", "bulk", "--file", "rows.csv"]);
    expect(first.err).toBe("");
    expect(first.out).toMatch(/^300 accepted, 0 accepted before, 0 refused in /);
    const second = await run(["send", "--from", "ACME", "--lane", "bulk", "--file", "rows.csv"]);
    expect(second.out).toMatch(/^0 accepted, 300 accepted before, 0 refused in /);
    await simulator.waitUntil(({ submits }) => submits >= before + 300);
    expect(simulator.counters().submits).toBe(before + 300);
  });

  it("takes rows from a pipe as from a file", async () => {
    const rows = "recipient\n+46701234601\n+46701234602\n";
    const address = ["--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", ACCOUNT_KEY];
    const send = ["send", "--from", "ACME", "--file", "-", ...address, "Hello"];
    const piped = await cli(send, { workingDirectory: folder, input: rows });
    expect(piped).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^2 accepted, 0 accepted before/),
    });
    await promisify(execFile)("mkfifo", [join(folder, "rows.fifo")]);
    const writing = writeFile(join(folder, "rows.fifo"), rows);
    const again = await run(["send", "--from", "ACME", "--file", "rows.fifo", "Hello"]);
    await writing;
    expect(again.out).toMatch(/^0 accepted, 2 accepted before/);
  });

  it("takes the text of a message from a pipe", async () => {
    const address = ["--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", ACCOUNT_KEY];
    const send = ["send", "--from", "ACME", "--to", "+46701234603", "--json", ...address, "-"];
    const piped = await cli(send, { workingDirectory: folder, input: "Two\nlines\n" });
    expect(piped.exitCode).toBe(0);
    const { messageId } = JSON.parse(piped.out);
    await finalReports(messageId, 1);
    expect(simulator.received().find(({ destination }) => destination.endsWith("234603"))?.text).toBe(
      "Two\nlines",
    );
  });

  it("checks a whole file without sending any of it", async () => {
    await writeFile(join(folder, "dry.csv"), "recipient\n+46701234611\n12345\n+46701234612\n");
    const before = simulator.counters().submits;
    const { exitCode, out, err } = await run([
      "send",
      "--from",
      "ACME",
      "--file",
      "dry.csv",
      "--dry-run",
      "Hi",
    ]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^Dry run, nothing was sent: 2 accepted, 0 accepted before, 1 refused/);
    expect(err).toContain("sms-relay: 1 of 3 rows would be refused: 1 × 4002 INVALID_RECIPIENT.");
    const sent = await run(["send", "--from", "ACME", "--file", "dry.csv", "Hi"]);
    expect(sent.out).toMatch(/^2 accepted, 0 accepted before, 1 refused/);
    await simulator.waitUntil(({ submits }) => submits === before + 2);
  });

  it("names the lines that were refused, sends the others, and exits with 1", async () => {
    await writeFile(join(folder, "mixed.csv"), "recipient\n+46701234567\n12345\n+46701234568\n");
    const { exitCode, out, err } = await run(["send", "--from", "ACME", "--file", "mixed.csv", "Hello"]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^2 accepted, 0 accepted before, 1 refused/);
    expect(err).toMatch(/^line 3: 4002 INVALID_RECIPIENT: recipient: /);
    expect(err).toContain("sms-relay: 1 of 3 rows were refused: 1 × 4002 INVALID_RECIPIENT.");
  });

  it("says how the corrected file sends nothing twice, which it then does", async () => {
    const file = join(folder, "corrected.csv");
    const send = ["send", "--from", "ACME", "--file", "corrected.csv"];
    await writeFile(file, "recipient\n+46701234631\n12345\n+46701234632\n");
    const { err } = await run([...send, "Hello"]);
    const [, batch = ""] = /send the file with --batch (\S+):/.exec(err) ?? [];
    await writeFile(file, "recipient\n+46701234631\n+46701234633\n+46701234632\n");
    const corrected = await run([...send, "--batch", batch, "Hello"]);
    expect(corrected.out).toMatch(/^1 accepted, 2 accepted before, 0 refused/);
    const other = await run([...send, "--batch", batch, "--lane", "otp", "Hello"]);
    expect(other.err).toContain("3 × 4106");
    expect(other.err).toContain("accepted before with another content or other options (--lane");
    const json = await run([...send, "--batch", batch, "--lane", "otp", "--json", "Hello"]);
    expect(json.err.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      { refusals: { "4106 REQUEST_ID_REUSED": 3 }, batch, advice: [expect.any(String), expect.any(String)] },
    ]);
  });
});

describe("backup", () => {
  it("copies a running service's store, from which another service starts with all it knew", async () => {
    const sent = await sendJson("--to", "+46701234567", "--wait", "Hello");
    const restored = await setUpService(join(folder, "restored"), {});
    const { exitCode } = await operator(["backup", restored.databasePath]);
    expect(exitCode).toBe(0);
    expect((await operator(["backup", restored.databasePath])).err).toContain("EEXIST");
    await using again = await startServiceProcess(restored);
    const status = await cli(
      ["status", sent.messageId, "--address", `127.0.0.1:${again.setup.grpcPort}`, "--key", ACCOUNT_KEY],
      { workingDirectory: folder },
    );
    expect(status.out).toContain(sent.messageId);
    expect(status.exitCode).toBe(0);
  });
});

describe("the figures", () => {
  const figures = async () => (await fetch(`http://127.0.0.1:${service.setup.httpPort}/metrics`)).text();
  const figureOf = (text: string, line: string) => {
    const found = text.split("\n").find((one) => one.startsWith(`sms_relay_${line} `));
    return found === undefined ? 0 : Number(found.split(" ").at(-1));
  };

  it("rise with what the commands did", async () => {
    const before = await figures();
    const sent = await sendJson(
      "--to",
      "+46701234567",
      "--to",
      "+46701299001",
      "--to",
      "+46701299011",
      "Hello",
    );
    await finalReports(sent.messageId, 3);
    const waiting = await sendJson("--to", "+4791234567", "Hello");
    await run(["cancel", waiting.messageId]);
    await finalReports(waiting.messageId, 1);
    await run(["cancel", waiting.messageId]);
    await run(["send", "--from", "not a sender at all", "--to", "+46701234567", "Hello"]);
    const after = await figures();
    const rise = (line: string) => figureOf(after, line) - figureOf(before, line);
    expect({
      messages: rise('accepted_messages_total{lane="NORMAL"}'),
      deliveries: rise('accepted_deliveries_total{lane="NORMAL"}'),
      delivered: rise('final_deliveries_total{state="DELIVERED"}'),
      undeliverable: rise('final_deliveries_total{state="UNDELIVERABLE"}'),
      rejected: rise('final_deliveries_total{state="REJECTED"}'),
      cancelled: rise('final_deliveries_total{state="CANCELLED"}'),
      accepted: rise('attempts_total{gateway="north",outcome="ACCEPTED"}'),
      refused: rise('attempts_total{gateway="north",outcome="REFUSED_RECIPIENT"}'),
      receipts: rise('receipts_total{gateway="north",outcome="matched"}'),
      refusals: rise('refusals_total{code="INVALID_SENDER"}'),
    }).toEqual({
      messages: 2,
      deliveries: 4,
      delivered: 1,
      undeliverable: 1,
      rejected: 1,
      cancelled: 1,
      accepted: 2,
      refused: 1,
      receipts: 2,
      refusals: 1,
    });
    expect(figureOf(after, 'gateway_sessions_bound{gateway="north"}')).toBe(1);
    expect(figureOf(after, "commit_rows_count")).toBeGreaterThan(0);
  });
});
