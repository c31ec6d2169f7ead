/**
 * Fifty subscribers of which ten never read: memory stays flat and the other forty get every report (P38).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SendSmsRequest, StreamDeliveryReportsRequest } from "../../src/gen/sms/v1/sms_service.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { connectSmsClient } from "../support/sms-client.ts";
import { residentMemory } from "./support/resident-memory.ts";
import { startSimulatorProcess } from "./support/simulator-process.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const READERS = 40;
const SILENT = 10;
const WARM_UP = 2_000;
const MESSAGES = 8_000;
const RECIPIENTS = 100;
/** QUEUED, SUBMITTED and DELIVERED. */
const REPORTS_EACH = 3;
const MOST_GROWTH_MIB = 40;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-readers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A subscriber over bare HTTP/2 that opens its stream and never reads from it. */
function openSilentReader(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": "/sms.v1.SmsService/StreamDeliveryReports",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${ACCOUNT_KEY}`,
  });
  stream.on("error", () => {});
  stream.pause();
  const start = { $case: "earliest", value: true } as const;
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
    await client.sms.sendSms(SendSmsRequest.create({ sender: "Relay", recipients, content }));
  }
}

/** Reads from the earliest report on until `count` were read; answers the numbers that did not follow on. */
async function read(port: number, count: number): Promise<number> {
  using client = connectSmsClient(port, ACCOUNT_KEY);
  const abort = new AbortController();
  let gaps = 0;
  let last = 0n;
  try {
    const request = StreamDeliveryReportsRequest.create({ start: { $case: "earliest", value: true } });
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

describe("fifty subscribers of which ten never read", () => {
  it("P38 leave memory flat and the others undisturbed", { timeout: 120_000 }, async () => {
    await using simulator = await startSimulatorProcess(0);
    const setup = await setUpService(folder, { gateways: [smscGateway(simulator.port)] });
    await using service = await startServiceProcess(setup);
    const port = setup.grpcPort;

    // The same with readers alone, so that only what the silent ones add is measured.
    const warmUp = Promise.all(Array.from({ length: READERS }, () => read(port, WARM_UP * REPORTS_EACH)));
    await send(port, WARM_UP);
    await warmUp;
    const before = await residentMemory(service.pid);

    const silent = Array.from({ length: SILENT }, () => openSilentReader(port));
    const total = (WARM_UP + MESSAGES) * REPORTS_EACH;
    const reading = Promise.all(Array.from({ length: READERS }, () => read(port, total)));
    await send(port, MESSAGES);
    const gaps = await reading;
    const after = await residentMemory(service.pid);
    for (const session of silent) session.destroy();

    console.log(JSON.stringify({ beforeMib: before.peakMib, afterMib: after.peakMib }));
    expect(gaps.filter((count) => count > 0)).toEqual([]);
    expect(after.peakMib - before.peakMib).toBeLessThan(MOST_GROWTH_MIB);
  });
});
