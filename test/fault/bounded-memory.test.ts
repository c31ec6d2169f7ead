/**
 * The backlog lives in the store: memory does not grow while the SMSC is away, a start with the backlog is quick, and all
 * of it is delivered when the SMSC is back (P23).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SendSmsRequest } from "../../src/gen/smsrelay/v1/sms.ts";
import { InitialStart } from "../../src/gen/smsrelay/v1/subscription.ts";
import { findFreePort } from "../support/free-port.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { connectSmsClient } from "../support/sms-client.ts";
import { processorTicks, residentMemory } from "./support/process-figures.ts";
import { startSimulatorProcess } from "./support/simulator-process.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const MESSAGES = 100_000;
const RECIPIENTS = 100;
const MOST_ABOVE_MIB = 60;
const MOST_MIB = 350;
/** What a start may take of the processor, in those with an empty store. */
const MOST_TIMES_EMPTY = 2;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Has all messages accepted, eight requests at a time. */
async function sendAll(port: number): Promise<void> {
  using client = connectSmsClient(port, ACCOUNT_KEY);
  let next = 0;
  const work = async () => {
    for (let first = next; first < MESSAGES; first = next) {
      next += RECIPIENTS;
      const recipients = Array.from(
        { length: RECIPIENTS },
        (_, index) => `+4670${String(first + index).padStart(7, "0")}`,
      );
      const content = { $case: "text", value: "Waits in the store until the SMSC is back" } as const;
      await client.sms.sendSms(SendSmsRequest.create({ sender: "Relay", recipients, content }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

/** Resolves once all were submitted and have their final report. */
async function waitUntilAllEnded(port: number): Promise<void> {
  using client = connectSmsClient(port, ACCOUNT_KEY);
  const ended = new Set<string>();
  const abort = new AbortController();
  try {
    const request = { start: { initialStart: InitialStart.INITIAL_START_EARLIEST } };
    for await (const { reports } of client.sms.streamDeliveryReports(request, { signal: abort.signal })) {
      for (const report of reports) if (report.doneTime !== undefined) ended.add(report.deliveryId);
      if (ended.size >= MESSAGES) abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
}

describe("100,000 messages while the SMSC is away", () => {
  it("P23 stay in the store, not in memory, and are delivered when it is back", {
    timeout: 600_000,
  }, async () => {
    await using simulator = await startSimulatorProcess(await findFreePort());

    const present = await setUpService(join(folder, "present"), { gateways: [smscGateway(simulator.port)] });
    let usual = 0;
    let emptyStart = 0;
    {
      await using service = await startServiceProcess(present);
      emptyStart = await processorTicks(service.pid);
      await sendAll(present.grpcPort);
      await waitUntilAllEnded(present.grpcPort);
      usual = (await residentMemory(service.pid)).peakMib;
    }
    await simulator.stop();

    const away = await setUpService(join(folder, "away"), { gateways: [smscGateway(simulator.port)] });
    let withBacklog = 0;
    {
      await using service = await startServiceProcess(away);
      await sendAll(away.grpcPort);
      withBacklog = (await residentMemory(service.pid)).peakMib;
      service.kill("SIGKILL");
      await service.ended;
    }
    await using again = await startServiceProcess(away);
    const start = await processorTicks(again.pid);
    await using _back = await startSimulatorProcess(simulator.port);
    await waitUntilAllEnded(away.grpcPort);
    const drained = (await residentMemory(again.pid)).peakMib;

    const figures = { usual, withBacklog, drained, start, emptyStart };
    console.log(JSON.stringify(figures));
    expect(withBacklog).toBeLessThanOrEqual(usual + MOST_ABOVE_MIB);
    expect(drained).toBeLessThanOrEqual(usual + MOST_ABOVE_MIB);
    expect(Math.max(usual, withBacklog, drained)).toBeLessThan(MOST_MIB);
    expect(start).toBeLessThan(MOST_TIMES_EMPTY * emptyStart);
  });
});
