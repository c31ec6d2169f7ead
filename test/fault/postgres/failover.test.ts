/**
 * PostgreSQL under load: restarted, killed, and replaced by its synchronous standby. Two replicas of the service go on by themselves;
 * nothing that was acknowledged is lost, and subscribers see no gap.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { postgresMissing } from "../../support/postgres-database.ts";
import { createCluster, queryOnce } from "../../support/postgres-process.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../../support/service-process.ts";
import { createAcknowledgedLoad } from "../support/acknowledged.ts";
import { countOutcomes } from "../support/outcome-counts.ts";
import { readFinals } from "../support/read-finals.ts";
import { startSimulatorProcess } from "../support/simulator-process.ts";
import { SESSIONS, smscGateway, WINDOW } from "../support/smsc-gateway.ts";
import { countSubmits } from "../support/submit-record.ts";

const RECEIPT_GRACE_MS = 1_000;
const INTERRUPTIONS = 3;
// A server of its own is what this is about, whatever TEST_DATABASE_URL names.
const missing = postgresMissing;

const folder = mkdtempSync(join(tmpdir(), "sms-relay-failover-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const elapsed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing !== undefined)(`PostgreSQL restarted and failed over ${missing ?? ""}`, () => {
  it("loses nothing that was acknowledged", { timeout: 600_000 }, async () => {
    await using parts = new AsyncDisposableStack();
    const cluster = await createCluster();
    parts.use(cluster);
    const { primary } = cluster;
    const made = await primary.start();
    made.kill("SIGINT");
    await made.ended;
    const standby = await primary.copyAsStandby();
    const synchronous = { synchronous_standby_names: "standby" };
    let server = await primary.start(synchronous);
    await standby.start();
    const isSynchronous = async () => {
      const rows = await queryOnce(
        primary.url,
        "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
      );
      return rows.length;
    };
    await expect.poll(isSynchronous).toBe(1);

    const recordTo = join(folder, "submits.jsonl");
    const simulator = await startSimulatorProcess(0, recordTo);
    parts.defer(() => simulator.stop());
    const load = createAcknowledgedLoad("failover");
    const over = new AbortController();
    const services = [];
    const sending: Promise<void>[] = [];
    for (const name of ["one", "two"]) {
      const setup = await setUpService(join(folder, name), {
        store: {
          url: [primary.url, standby.url],
          replica: name,
          path: join(folder, name, "data", "sms-relay.db"),
        },
        receiptGrace: `${RECEIPT_GRACE_MS}ms`,
        gateways: [smscGateway(simulator.port, { rate: 2_000 })],
        logging: { level: "error" },
      });
      const service = await startServiceProcess(setup);
      parts.defer(() => service.stop());
      services.push(service);
      sending.push(keepSending(load, setup.grpcPort, over.signal));
    }

    const untilMore = (count: number) => {
      const before = load.acknowledged.size;
      return expect
        .poll(() => load.acknowledged.size, { timeout: 200_000 })
        .toBeGreaterThanOrEqual(before + count);
    };
    await untilMore(100);
    // A restart as administrators do it.
    server.kill("SIGINT");
    await server.ended;
    await elapsed(500);
    server = await primary.start(synchronous);
    await untilMore(100);
    // A crash.
    server.kill("SIGKILL");
    await server.ended;
    await elapsed(500);
    server = await primary.start(synchronous);
    await expect.poll(isSynchronous).toBe(1);
    await untilMore(100);
    // The machine is gone; its standby takes over.
    server.kill("SIGKILL");
    await server.ended;
    await queryOnce(standby.url, "SELECT pg_promote()");
    await untilMore(50);
    over.abort();
    await Promise.all(sending);

    const port = services[0]?.setup.grpcPort ?? expect.fail("no replica");
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
    expect(counts.duplicates).toBeLessThanOrEqual(INTERRUPTIONS * 2 * WINDOW * SESSIONS);
    expect(services.map((service) => service.hasEnded())).toEqual([false, false]);
  });
});

/** A load ends where the service refuses; a caller comes back. */
async function keepSending(
  load: ReturnType<typeof createAcknowledgedLoad>,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await load.run(port, ACCOUNT_KEY, { concurrency: 2, most: 20_000, signal });
    await elapsed(100);
  }
}
