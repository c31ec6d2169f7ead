/** Fifty subscribers of which ten never read: they cost no memory, and the other forty get every report (P38). */
import { mkdtempSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SendSmsRequest } from "../../src/gen/smsrelay/v1/sms.ts";
import { StreamDeliveryReportsRequest } from "../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../src/gen/smsrelay/v1/subscription.ts";
import { START_FLAGS } from "../support/node-process.ts";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  setUpService,
  startServiceProcess,
} from "../support/service-process.ts";
import { connectSmsClient } from "../support/sms-client.ts";
import { startSimulatorProcess } from "./support/simulator-process.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const READERS = 40;
const SILENT = 10;
const MESSAGES = 5_000;
const RECIPIENTS = 100;
/** QUEUED, SUBMITTED and DELIVERED. */
const REPORTS_EACH = 3;
/** Stands in every report, so that ten streams would hold 300 MiB and more if their reports were kept for them, and 50 by 16 pages each. */
const METADATA = { padding: "x".repeat(1_000) };
/**
 * A page as octets and one as an object for each of ten, 4 MiB, and 8 that the service holds after its work, silent readers or none.
 * With 16 pages ahead it was 38 to 69.
 */
const MOST_ABOVE_MIB = 20;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-readers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A subscriber over bare HTTP/2 that opens its stream and never reads from it. */
function openSilentReader(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": "/smsrelay.v1.SmsService/StreamDeliveryReports",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${ACCOUNT_KEY}`,
  });
  stream.on("error", () => {});
  stream.pause();
  const start = { initialStart: InitialStart.INITIAL_START_EARLIEST };
  const message = StreamDeliveryReportsRequest.encode(
    StreamDeliveryReportsRequest.create({ start }),
  ).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
  return session;
}

async function send(port: number, count: number): Promise<void> {
  using client = connectSmsClient(port, ACCOUNT_KEY);
  for (let first = 0; first < count; first += RECIPIENTS) {
    const recipients = Array.from(
      { length: RECIPIENTS },
      (_, i) => `+4670${String(first + i).padStart(7, "0")}`,
    );
    const content = { $case: "text", value: "For many readers" } as const;
    await client.sms.sendSms(
      SendSmsRequest.create({ sender: "Relay", recipients, content, metadata: METADATA }),
    );
  }
}

/** Reads from the earliest report on until `count` were read; answers the numbers that did not follow on. */
async function read(port: number, count: number): Promise<number> {
  using client = connectSmsClient(port, ACCOUNT_KEY);
  const abort = new AbortController();
  let gaps = 0;
  let last = 0n;
  try {
    const request = StreamDeliveryReportsRequest.create({
      start: { initialStart: InitialStart.INITIAL_START_EARLIEST },
    });
    for await (const { reports } of client.sms.streamDeliveryReports(request, { signal: abort.signal })) {
      for (const { reportNumber } of reports) {
        if (reportNumber !== last + 1n) gaps += 1;
        last = reportNumber;
      }
      if (last >= BigInt(count)) abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return gaps;
}

/** MiB that live in the service's main thread after a collection. */
async function liveMib(service: ServiceProcess): Promise<number> {
  service.kill("SIGUSR2");
  for (;;) {
    const octets = /^live memory (\d+)$/.exec(await service.nextLine())?.[1];
    if (octets !== undefined) return Number(octets) / 2 ** 20;
  }
}

describe("fifty subscribers of which ten never read", () => {
  it("P38 cost no memory for the silent ones and leave the others undisturbed", {
    timeout: 600_000,
  }, async () => {
    await using simulator = await startSimulatorProcess(0);
    const setup = await setUpService(folder, { gateways: [smscGateway(simulator.port)] });
    const probe = join(import.meta.dirname, "programs/tell-live-memory.ts");
    await using service = await startServiceProcess(setup, {
      nodeFlags: [...START_FLAGS, "--import", probe],
    });
    const port = setup.grpcPort;
    const silent = Array.from({ length: SILENT }, () => openSilentReader(port));
    const reading = Promise.all(Array.from({ length: READERS }, () => read(port, MESSAGES * REPORTS_EACH)));
    await send(port, MESSAGES);
    const gaps = await reading;
    expect(gaps.filter((count) => count > 0)).toEqual([]);
    // A call that is answered afterwards shows that the service has seen the readers go; with its last report nothing is on its way.
    await send(port, RECIPIENTS);
    await read(port, (MESSAGES + RECIPIENTS) * REPORTS_EACH);
    const withSilent = await liveMib(service);
    for (const session of silent) session.destroy();
    await send(port, RECIPIENTS);
    await read(port, (MESSAGES + 2 * RECIPIENTS) * REPORTS_EACH);
    const without = await liveMib(service);
    console.log(JSON.stringify({ withSilent, without }));
    expect(withSilent - without).toBeLessThan(MOST_ABOVE_MIB);
  });
});
