/**
 * Kills the service with SIGKILL at random moments under load, again and again. The load's memory of what was
 * acknowledged and the SMSC with its record outlive it. CRASH_ROUNDS sets how often, CRASH_SEED repeats a run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DeliveryState } from "../../src/gen/sms/v1/delivery.ts";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { createAcknowledgedLoad } from "./support/acknowledged.ts";
import { readFinals } from "./support/read-finals.ts";
import { SESSIONS, smscGateway, WINDOW } from "./support/smsc-gateway.ts";
import { countSubmits } from "./support/submit-record.ts";

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 10);
const SEED = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000_000);
/** Answered by the SMSC while the commit before was still being written; one batch is in flight at a time (§9). */
const UNCOMMITTED_BATCH = 200;
const MOST_A_ROUND = 2_000;
const VALIDITY_MS = 60_000;
const RECEIPT_GRACE_MS = 2_000;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kill -9 under load", () => {
  it("ends every acknowledged message in exactly one final state", {
    timeout: ROUNDS * 15_000 + 120_000,
  }, async () => {
    console.log(`CRASH_SEED=${SEED} CRASH_ROUNDS=${ROUNDS}`);
    const random = seededRandom(SEED);
    const recordTo = join(folder, "submits.jsonl");
    const simulator = await startSimulator({ port: 0, recordTo, receiptDelayMs: 100, receiptJitterMs: 200 });
    const setup = await setUpService(folder, {
      receiptGrace: `${RECEIPT_GRACE_MS}ms`,
      gateways: [smscGateway(simulator.port, { rate: 2_000 })],
    });
    const load = createAcknowledgedLoad(`crash-${SEED}`);

    for (let round = 0; round < ROUNDS; round++) {
      await using service = await startServiceProcess(setup);
      const over = new AbortController();
      const sending = load.run(setup.grpcPort, ACCOUNT_KEY, {
        concurrency: 16,
        most: MOST_A_ROUND,
        signal: over.signal,
      });
      await new Promise((resolve) => setTimeout(resolve, 50 + random() * 1_450));
      service.kill("SIGKILL");
      await service.ended;
      over.abort();
      await sending;
    }

    await using service = await startServiceProcess(setup);
    const finals = await readFinals(
      setup.grpcPort,
      ACCOUNT_KEY,
      load.acknowledged.keys(),
      VALIDITY_MS + RECEIPT_GRACE_MS + 20_000,
    );
    await service.stop();
    await simulator.stop();

    const submits = await countSubmits(recordTo);
    const summary = summarise(load.acknowledged, finals.byDelivery, submits);
    console.log(JSON.stringify({ acknowledged: load.acknowledged.size, ...summary, gaps: finals.gaps }));
    expect(load.acknowledged.size).toBeGreaterThan(ROUNDS * 5);
    expect(summary.withoutFinal, "acknowledged and never final").toBe(0);
    expect(summary.withSeveralFinals, "with several final states").toBe(0);
    expect(finals.gaps, "gaps in the numbers of reports").toBe(0);
    expect(summary.neverSubmitted, "AT_LEAST_ONCE and never at the SMSC").toBe(0);
    expect(summary.duplicatesAtMostOnce, "AT_MOST_ONCE and twice at the SMSC").toBe(0);
    expect(summary.duplicates).toBeLessThanOrEqual(ROUNDS * (WINDOW * SESSIONS + UNCOMMITTED_BATCH));
  });
});

function summarise(
  acknowledged: ReturnType<typeof createAcknowledgedLoad>["acknowledged"],
  finals: ReadonlyMap<string, readonly DeliveryState[]>,
  submits: ReadonlyMap<string, number>,
) {
  const counts = {
    withoutFinal: 0,
    withSeveralFinals: 0,
    neverSubmitted: 0,
    duplicates: 0,
    duplicatesAtMostOnce: 0,
    unknown: 0,
  };
  for (const [deliveryId, { recipient, isAtMostOnce }] of acknowledged) {
    const states = finals.get(deliveryId) ?? [];
    if (states.length === 0) counts.withoutFinal += 1;
    if (states[0] === DeliveryState.DELIVERY_STATE_UNKNOWN) counts.unknown += 1;
    const submitted = submits.get(recipient.slice(1)) ?? 0;
    if (submitted === 0 && !isAtMostOnce) counts.neverSubmitted += 1;
    if (submitted > 1 && isAtMostOnce) counts.duplicatesAtMostOnce += 1;
    else counts.duplicates += Math.max(0, submitted - 1);
  }
  // Also what was never acknowledged must not end twice.
  for (const states of finals.values()) if (states.length > 1) counts.withSeveralFinals += 1;
  return counts;
}
