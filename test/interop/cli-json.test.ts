/** What every command prints with --json, read by protobuf's strict JSON reader in Python (Debian's python3-protobuf). */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { descriptorSet } from "../../src/gen/smsrelay/descriptor_set.ts";
import { type Simulator, startSimulator } from "../../src/smsc/start-simulator.ts";
import { cli } from "../support/cli.ts";
import { describeWithPackage } from "../support/debian-package.ts";
import {
  ACCOUNT_KEY,
  OPERATOR_KEY,
  type ServiceProcess,
  setUpService,
  startServiceProcess,
} from "../support/service-process.ts";

/** Debian's own, whichever Python stands first in the path. */
const python = "/usr/bin/python3";
const hasProtobuf = spawnSync(python, ["-c", "import google.protobuf"]).status === 0;
const program = join(import.meta.dirname, "programs/strict-json.py");

describeWithPackage("python3-protobuf", hasProtobuf, "--json", () => {
  let folder: string;
  let simulator: Simulator;
  let service: ServiceProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sms-relay-interop-json-"));
    simulator = await startSimulator({ port: 0, receiptDelayMs: 10 });
    const north = {
      id: "north",
      kind: "smpp",
      host: "127.0.0.1",
      port: simulator.port,
      systemId: "x",
      password: "x",
    };
    service = await startServiceProcess(await setUpService(join(folder, "service"), { gateways: [north] }));
    await simulator.waitUntil(({ binds }) => binds >= 1);
  });
  afterAll(async () => {
    await service?.stop();
    await simulator?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (argv: readonly string[], key = ACCOUNT_KEY, input = "") => {
    const options = ["--address", `127.0.0.1:${service.setup.grpcPort}`, "--key", key, "--json"];
    const { out, err } = await cli([...argv, ...options], { workingDirectory: folder, input });
    expect(err.replace(/^\{"cursor":"\S+"\}$/m, "")).toBe("");
    return out.split("\n");
  };
  const operator = (...argv: string[]) => run(argv, OPERATOR_KEY);
  const account = (...argv: string[]) => run(argv);

  it("is protobuf's JSON, in each command that prints a message of the contract", async () => {
    const sent = await account("send", "--from", "ACME", "--to", "+46701234567", "--meta", "a=1", "Hello €");
    const { messageId } = JSON.parse(sent[0] ?? "");
    const watched = ["--message", messageId, "--from", "earliest", "--count", "3"];
    const reports = await account("watch", ...watched);
    await writeFile(join(folder, "rows.csv"), "recipient\n+46701234568\n12345\n");
    const fileRun = await cli(
      ["send", "--from", "A", "--file", "rows.csv", "--dry-run", "--json", "x"].concat(
        "--address",
        `127.0.0.1:${service.setup.grpcPort}`,
        "--key",
        ACCOUNT_KEY,
      ),
      { workingDirectory: folder },
    );
    const rows = fileRun.out.split("\n").map((line) => JSON.parse(line));
    expect(rows.map(({ line }) => line)).toEqual([2, 3, undefined]);
    expect(rows[2].summary).toMatchObject({ rows: 2, accepted: 1, refused: 1 });
    const made = await operator("keys", "create", "--account", "kiosk", "--name", "till 3");
    const keyId = JSON.parse(made[0] ?? "").apiKey.keyId;
    const printed: readonly (readonly [string, readonly string[]])[] = [
      ["SendSmsResponse", sent],
      ["DeliveryReport", reports],
      ["SendSmsStreamResponse", rows.slice(0, 2).map(({ answer }) => JSON.stringify(answer))],
      ["GetStatusResponse", await account("status", messageId, "--full")],
      ["Sms", await account("list")],
      ["PreviewSmsResponse", await account("preview", "--to", "+46701234567", "--from", "A", "“Hi” 漢")],
      ["CancelSmsResponse", await cancelled()],
      ["Subscription", await account("subscriptions", "create", "json", "--from", "earliest")],
      ["Subscription", await account("subscriptions", "list")],
      ["DeleteSubscriptionResponse", await account("subscriptions", "delete", "json")],
      ["Gateway", await operator("gateways", "list")],
      ["Gateway", await operator("gateways", "pause", "north", "--reason", "a test")],
      ["Gateway", await operator("gateways", "resume", "north")],
      ["ExplainRouteResponse", await operator("gateways", "explain", "--to", "+46701234567")],
      ["CreateKeyResponse", made],
      ["ApiKey", await operator("keys", "list")],
      ["ApiKey", await operator("keys", "revoke", keyId)],
    ];
    expect(reports).toHaveLength(3);
    const lines = printed.flatMap(([name, texts]) => texts.map((text) => `smsrelay.v1.${name}\t${text}`));
    const set = join(folder, "contract.binpb");
    await writeFile(set, descriptorSet);
    const read = spawnSync(python, [program, set], { input: `${lines.join("\n")}\n`, encoding: "utf8" });
    expect(read.stderr + read.stdout).toBe("");
    expect(read.status).toBe(0);
  });

  async function cancelled(): Promise<readonly string[]> {
    await operator("gateways", "pause", "north");
    const [sent = ""] = await account("send", "--from", "ACME", "--to", "+46701234569", "later");
    const answer = await account("cancel", JSON.parse(sent).messageId);
    await operator("gateways", "resume", "north");
    return answer;
  }
});
