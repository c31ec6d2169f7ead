/**
 * Kills the SMSC with SIGKILL under load, again and again. What it had accepted and not yet reported it forgets, so those
 * messages end UNKNOWN at the end of their validity; everything else is delivered.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { createAcknowledgedLoad } from "./support/acknowledged.ts";
import { countOutcomes } from "./support/outcome-counts.ts";
import { readFinals } from "./support/read-finals.ts";
import { startSimulatorProcess } from "./support/simulator-process.ts";
import { SESSIONS, smscGateway, WINDOW } from "./support/smsc-gateway.ts";
import { countSubmits } from "./support/submit-record.ts";

const ROUNDS = Number(process.env["SMSC_CRASH_ROUNDS"] ?? 5);
const SEED = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000_000);
const RECEIPT_GRACE_MS = 1_000;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-smsc-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kill -9 of the SMSC under load", () => {
  const timeout = ROUNDS * 20_000 + 300_000;
  it("ends every acknowledged message in exactly one final state", { timeout }, async () => {
    console.log(`CRASH_SEED=${SEED} SMSC_CRASH_ROUNDS=${ROUNDS}`);
    const random = seededRandom(SEED);
    const recordTo = join(folder, "submits.jsonl");
    let simulator = await startSimulatorProcess(await findFreePort(), recordTo);
    const { port } = simulator;
    const setup = await setUpService(folder, {
      receiptGrace: `${RECEIPT_GRACE_MS}ms`,
      gateways: [smscGateway(port, { rate: 2_000 })],
    });
    await using service = await startServiceProcess(setup);
    const load = createAcknowledgedLoad(`smsc-crash-${SEED}`);
    const over = new AbortController();
    const options = { concurrency: 4, most: 20_000, signal: over.signal };
    const sending = load.run(setup.grpcPort, ACCOUNT_KEY, options);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const before = load.acknowledged.size;
        await new Promise((resolve) => setTimeout(resolve, 300 + random() * 700));
        await expect.poll(() => load.acknowledged.size, { interval: 10 }).toBeGreaterThan(before + 50);
        simulator.kill("SIGKILL");
        await simulator.ended;
        simulator = await startSimulatorProcess(port, recordTo);
      }
      over.abort();
      await sending;
      const finals = await readFinals(setup.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
      const counts = countOutcomes(load.acknowledged, finals.byDelivery, await countSubmits(recordTo));
      console.log(JSON.stringify(counts));
      expect(counts).toMatchObject({
        withoutFinal: 0,
        withSeveralFinals: 0,
        neverSubmitted: 0,
        duplicatesAtMostOnce: 0,
      });
      expect(finals.gaps, "gaps in the numbers of reports").toBe(0);
      expect(counts.duplicates).toBeLessThanOrEqual(ROUNDS * WINDOW * SESSIONS);
      expect(service.hasEnded()).toBe(false);
    } finally {
      await simulator.stop();
    }
  });
});
