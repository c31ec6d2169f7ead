/**
 * Durability is shown by the system calls of the running service: kill -9 keeps the page cache, so only these tell whether
 * an acknowledged message would also outlive the machine.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SendSmsRequest } from "../../src/gen/smsrelay/v1/sms.ts";
import { describeWithPackage, isInstalled } from "../support/debian-package.ts";
import { START_FLAGS } from "../support/node-process.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { connectSmsClient } from "../support/sms-client.ts";
import { durabilityFaults } from "./support/durability-of-trace.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-durability-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEQUENTIAL = 20;
const AT_ONCE = 40;

const request = SendSmsRequest.create({
  sender: "Relay",
  recipients: ["+46701234567"],
  content: { $case: "text", value: "On disk before the answer" },
});

/** Runs the service under strace, sends, and answers the trace and the ids that were acknowledged. */
async function traceSending(name: string, nodeFlags: readonly string[]) {
  const traceFile = join(folder, `${name}.strace`);
  const setup = await setUpService(join(folder, name), {
    gateways: [
      { id: "smsc", kind: "smpp", host: "127.0.0.1", port: 9, systemId: "a", password: "b", paused: true },
    ],
  });
  const calls = "trace=pwrite64,pwritev,fdatasync,fsync,write,writev,sendto,sendmsg";
  const under = [
    "strace",
    "-D",
    "-f",
    "-yy",
    "-ttt",
    "-s",
    "4300",
    "--seccomp-bpf",
    "-e",
    calls,
    "-o",
    traceFile,
  ];
  const ids: string[] = [];
  {
    await using service = await startServiceProcess(setup, {
      under,
      nodeFlags: [...START_FLAGS, ...nodeFlags],
    });
    using client = connectSmsClient(service.setup.grpcPort, ACCOUNT_KEY);
    for (let index = 0; index < SEQUENTIAL; index++) ids.push((await client.sms.sendSms(request)).messageId);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => client.sms.sendSms(request)));
    ids.push(...answers.map((answer) => answer.messageId));
  }
  return { trace: readFileSync(traceFile, "utf8"), ids };
}

describeWithPackage("strace", isInstalled("strace", "-V"), "durability by strace", () => {
  it("ends an fdatasync of the WAL between each message's write and its answer", async () => {
    const { trace, ids } = await traceSending("full", []);
    expect(new Set(ids).size).toBe(SEQUENTIAL + AT_ONCE);
    expect(durabilityFaults(trace, ids)).toEqual([]);
  });

  it("is found missing where synchronous = off was planted", async () => {
    const plant = join(import.meta.dirname, "programs/plant-synchronous-off.ts");
    const { trace, ids } = await traceSending("off", ["--import", plant]);
    const faults = durabilityFaults(trace, ids);
    expect(faults.length).toBe(ids.length);
    expect(new Set(faults.map((fault) => fault.fault))).toEqual(
      new Set(["answered before an fdatasync of the WAL had ended"]),
    );
  });
});
