/**
 * Kills the service with SIGKILL at random moments under load, again and again. The load's memory of what was
 * acknowledged and the SMSC with its record outlive it. CRASH_ROUNDS sets how often, CRASH_SEED repeats a run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { createAcknowledgedLoad } from "./support/acknowledged.ts";
import { countOutcomes } from "./support/outcome-counts.ts";
import { readFinals } from "./support/read-finals.ts";
import { SESSIONS, smscGateway, WINDOW } from "./support/smsc-gateway.ts";
import { countSubmits } from "./support/submit-record.ts";

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 10);
const SEED = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000_000);
const MOST_A_ROUND = 2_000;
const RECEIPT_GRACE_MS = 2_000;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kill -9 of the service under load", () => {
  const timeout = ROUNDS * 30_000 + 300_000;
  it("ends every acknowledged message in exactly one final state", { timeout }, async () => {
    console.log(`CRASH_SEED=${SEED} CRASH_ROUNDS=${ROUNDS}`);
    const random = seededRandom(SEED);
    const recordTo = join(folder, "submits.jsonl");
    const simulator = await startSimulator({
      port: 0,
      rules: [],
      recordTo,
      receiptDelayMs: 100,
      receiptJitterMs: 200,
    });
    const setup = await setUpService(folder, {
      receiptGrace: `${RECEIPT_GRACE_MS}ms`,
      gateways: [smscGateway(simulator.port, { rate: 2_000 })],
    });
    const load = createAcknowledgedLoad(`crash-${SEED}`);

    for (let round = 0; round < ROUNDS; round++) {
      await using service = await startServiceProcess(setup);
      const over = new AbortController();
      const options = { concurrency: 16, most: MOST_A_ROUND, signal: over.signal };
      const before = load.acknowledged.size;
      const sending = load.run(setup.grpcPort, ACCOUNT_KEY, options);
      await new Promise((resolve) => setTimeout(resolve, 50 + random() * 1_450));
      await expect.poll(() => load.acknowledged.size, { interval: 10 }).toBeGreaterThan(before + 5);
      service.kill("SIGKILL");
      await service.ended;
      over.abort();
      await sending;
    }

    await using service = await startServiceProcess(setup);
    const finals = await readFinals(setup.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
    await service.stop();
    await simulator.stop();

    const counts = countOutcomes(load.acknowledged, finals.byDelivery, await countSubmits(recordTo));
    console.log(JSON.stringify(counts));
    expect(counts).toMatchObject({
      withoutFinal: 0,
      withSeveralFinals: 0,
      neverSubmitted: 0,
      duplicatesAtMostOnce: 0,
    });
    expect(finals.gaps, "gaps in the numbers of reports").toBe(0);
    // What is answered and not on disk counts against the windows too.
    expect(counts.duplicates).toBeLessThanOrEqual(ROUNDS * WINDOW * SESSIONS);
  });
});
