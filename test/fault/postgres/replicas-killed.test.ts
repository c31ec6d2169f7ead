/**
 * Three replicas as processes under load: some are killed with SIGKILL and started again, one hangs (SIGSTOP) past its lease and goes
 * on. Nothing that was acknowledged is lost, each delivery has one final state, and AT_MOST_ONCE is never at the SMSC twice.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDatabase, postgresMissing } from "../../support/postgres-database.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../../support/service-process.ts";
import { createAcknowledgedLoad } from "../support/acknowledged.ts";
import { countOutcomes } from "../support/outcome-counts.ts";
import { readFinals } from "../support/read-finals.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { SESSIONS, smscGateway, WINDOW } from "../support/smsc-gateway.ts";
import { countSubmits } from "../support/submit-record.ts";

const KILLS = Number(process.env["REPLICA_KILLS"] ?? 3);
const names = ["one", "two", "three"] as const;
/** Longer than a lease of 5 s. */
const FROZEN_MS = 7_000;
const RECEIPT_GRACE_MS = 1_000;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-replicas-killed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const elapsed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(postgresMissing !== undefined)(
  `replicas that are killed or hang ${postgresMissing ?? ""}`,
  () => {
    it("lose nothing that was acknowledged, and end each delivery once", { timeout: 600_000 }, async () => {
      await using parts = new AsyncDisposableStack();
      const database = await createDatabase();
      parts.defer(() => database.drop());
      const recordTo = join(folder, "submits.jsonl");
      const simulator = await startSimulatorProcess(0, recordTo);
      parts.defer(() => simulator.stop());
      const setUp = (name: string) =>
        setUpService(join(folder, name), {
          store: { url: database.url, replica: name, path: join(folder, name, "data", "sms-relay.db") },
          receiptGrace: `${RECEIPT_GRACE_MS}ms`,
          gateways: [smscGateway(simulator.port, { rate: 2_000 })],
        });
      const load = createAcknowledgedLoad("replicas");
      const over = new AbortController();
      const running = new Map<string, Awaited<ReturnType<typeof startServiceProcess>>>();
      parts.defer(async () => {
        await Promise.all([...running.values()].map((service) => service.stop()));
      });
      const sending: Promise<void>[] = [];
      const start = async (name: string) => {
        const service = await startServiceProcess(await setUp(name));
        running.set(name, service);
        const options = { concurrency: 2, most: 20_000, signal: over.signal };
        sending.push(load.run(service.setup.grpcPort, ACCOUNT_KEY, options));
        return service;
      };
      const [first, second, frozen] = [await start(names[0]), await start(names[1]), await start(names[2])];

      await elapsed(1_000);
      frozen.kill("SIGSTOP");
      const thawed = elapsed(FROZEN_MS).then(() => frozen.kill("SIGCONT"));
      let victim = first;
      for (let kill = 0; kill < KILLS; kill += 1) {
        victim.kill("SIGKILL");
        await victim.ended;
        await elapsed(500);
        const name = kill % 2 === 0 ? names[0] : names[1];
        const restarted = await start(name);
        victim = kill % 2 === 0 ? second : restarted;
        if (kill % 2 === 1) victim = running.get(names[0]) ?? first;
      }
      await thawed;
      await expect.poll(() => load.acknowledged.size, { timeout: 200_000 }).toBeGreaterThan(500);
      over.abort();
      await Promise.all(sending);

      const port = running.get(names[0])?.setup.grpcPort ?? expect.fail("no replica runs");
      const finals = await readFinals(port, ACCOUNT_KEY, load.acknowledged.keys());
      const counts = countOutcomes(load.acknowledged, finals.byDelivery, await countSubmits(recordTo));
      console.log(JSON.stringify(counts));
      expect(counts).toMatchObject({
        withoutFinal: 0,
        withSeveralFinals: 0,
        neverSubmitted: 0,
        duplicatesAtMostOnce: 0,
      });
      expect(finals.gaps, "gaps in the numbers of reports").toBe(0);
      expect(counts.duplicates).toBeLessThanOrEqual((KILLS + 1) * WINDOW * SESSIONS);
      expect([...running.values()].map((service) => service.hasEnded())).toEqual([false, false, false]);
    });
  },
);
