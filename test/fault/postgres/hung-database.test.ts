/**
 * PostgreSQL hangs for longer than a lease (SIGSTOP of all its processes) and goes on, answers to COMMIT get lost, the SMSC rotates by
 * unbind and throttles, and one of three replicas has a clock a day ahead, all under load. Nobody died and nothing is over: nobody is
 * taken for dead, nothing is lost, expires or leaves twice. `HANGS` says how often.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { COMMAND_STATUS } from "../../../src/smpp/command-status.ts";
import { startSimulator } from "../../../src/smsc/start-simulator.ts";
import { START_FLAGS } from "../../support/node-process.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { createCluster, queryOnce } from "../../support/postgres-process.ts";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  setUpService,
  startServiceProcess,
} from "../../support/service-process.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { type AcknowledgedLoad, createAcknowledgedLoad } from "../support/acknowledged.ts";
import { countOutcomes } from "../support/outcome-counts.ts";
import { readFinals } from "../support/read-finals.ts";
import { smscGateway } from "../support/smsc-gateway.ts";
import { countSubmits } from "../support/submit-record.ts";

const HANGS = Number(process.env["HANGS"] ?? 1);
/** A lease is 5 s. */
const HANG_MS = 8_000;
/** Whoever renewed its lease for all of one may judge others, and looks each 5 s. */
const JUDGED_MS = 6_000;
/** Well below a lease. */
const OUTAGE_MS = 1_000;
/** A server that comes to itself does not go on everywhere at once: worst is where leases are judged before anybody can renew one. */
const LAST_MS = 1_000;
/** So many that each replica meets some, and so few that none is slowed down for long. */
const THROTTLED = 10;
const names = ["one", "two", "ahead"] as const;
const dayAhead = "const now = Date.now; Date.now = () => now() + 25 * 3_600_000;";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-hung-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const elapsed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(postgresMissing !== undefined)(`a database that hangs ${postgresMissing ?? ""}`, () => {
  const timeout = 300_000 + HANGS * 100_000;
  it("P60 takes nobody for dead, loses nothing and doubles nothing, with COMMIT answers lost, an SMSC that rotates and a clock a day ahead", {
    timeout,
  }, async () => {
    await using parts = new AsyncDisposableStack();
    // A server of its own: others' tests would hang with it.
    const { primary } = parts.use(await createCluster());
    await primary.start();
    const [server] = await queryOnce<{ data_directory: string }>(primary.url, "SHOW data_directory");
    const postmaster = Number(
      readFileSync(join(server?.data_directory ?? "", "postmaster.pid"), "utf8").split("\n")[0],
    );
    const recordTo = join(folder, "submits.jsonl");
    const simulator = await startSimulator({
      port: 0,
      rules: [],
      receiptDelayMs: 100,
      recordTo,
      behaviours: [
        { kind: "slow-answer", delayMs: 200 },
        { kind: "unbind", share: 1 / 40 },
      ],
    });
    parts.defer(() => simulator.stop({ abruptly: true }));

    const proxies: TcpProxy[] = [];
    const setups = [];
    for (const name of names) {
      const url = new URL(primary.url);
      const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
      parts.defer(() => proxy.close());
      proxies.push(proxy);
      url.port = String(proxy.port);
      const store = { url: url.href, replica: name, path: join(folder, name, "data", "sms-relay.db") };
      const gateways = [smscGateway(simulator.port, { sessions: names.length, rate: 1_000 })];
      setups.push(await setUpService(join(folder, name), { store, gateways }));
    }
    const skew = ["--import", `data:text/javascript,${encodeURIComponent(dayAhead)}`];
    const services: ServiceProcess[] = [];
    for (const [index, setup] of setups.entries()) {
      const isAhead = names[index] === "ahead";
      const service = await startServiceProcess(
        setup,
        isAhead ? { nodeFlags: [...START_FLAGS, ...skew] } : {},
      );
      parts.defer(() => service.stop());
      services.push(service);
    }
    const load = createAcknowledgedLoad("hung");
    const over = new AbortController();
    const sending = setups.map(({ grpcPort }) => keepSending(load, grpcPort, over.signal));

    const startTimeMs = Date.now();
    for (let round = 0; round < HANGS; round += 1) {
      const proxy = proxies[round % proxies.length] ?? expect.fail("no proxy");
      // What was throttled is stored and claimed again while outcomes of before are told once more.
      simulator.addBehaviour({
        kind: "refuse-submit",
        status: COMMAND_STATUS.ESME_RTHROTTLED,
        times: THROTTLED,
      });
      await elapsed(200);
      await proxy.loseAnswerTo("COMMIT");
      await elapsed(OUTAGE_MS);
      proxy.mend();
      await elapsed(JUDGED_MS);
      const last = await findLeaseKeepers(primary.url);
      const pids = withChildren(postmaster);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      await elapsed(HANG_MS);
      for (const pid of pids) if (!last.has(pid)) process.kill(pid, "SIGCONT");
      await elapsed(LAST_MS);
      for (const pid of pids) if (last.has(pid)) process.kill(pid, "SIGCONT");
      await elapsed(JUDGED_MS);
    }
    await expect.poll(() => load.acknowledged.size, { timeout: 200_000 }).toBeGreaterThan(200);
    await expect
      .poll(() => simulator.counters().binds, { timeout: 200_000 })
      .toBeGreaterThan(2 * names.length);
    over.abort();
    await Promise.all(sending);

    const port = setups[0]?.grpcPort ?? expect.fail("no replica");
    const finals = await readFinals(port, ACCOUNT_KEY, load.acknowledged.keys());
    const submits = await countSubmits(recordTo);
    const counts = countOutcomes(load.acknowledged, finals.byDelivery, submits);
    const states = Object.groupBy([...finals.byDelivery.values()].flat(), (state) => state);
    const byState = Object.fromEntries(Object.entries(states).map(([state, all]) => [state, all?.length]));
    const { binds } = simulator.counters();
    console.log(JSON.stringify({ ...counts, byState, binds, refusals: load.refusals() }));

    const replicas = await queryOnce(
      primary.url,
      "SELECT id, epoch::int, is_dead FROM sms_relay.replicas ORDER BY id",
    );
    expect(replicas, "each has the epoch in which it began").toEqual(
      names.toSorted().map((id) => ({ id, epoch: 1, is_dead: false })),
    );
    for (const service of services) expect(service.errorText()).not.toMatch(/took over|is gone were freed/);
    expect(counts).toMatchObject({
      withoutFinal: 0,
      withSeveralFinals: 0,
      unknown: 0,
      neverSubmitted: 0,
      duplicates: 0,
      duplicatesAtMostOnce: 0,
    });
    expect(Object.keys(byState)).toEqual([String(DeliveryState.DELIVERY_STATE_DELIVERED)]);
    const [times] = await queryOnce<{ first: number; last: number }>(
      primary.url,
      "SELECT min(time)::float8 AS first, max(time)::float8 AS last FROM sms_relay.reports",
    );
    expect(times?.first, "all times are the database's").toBeGreaterThan(startTimeMs - 60_000);
    expect(times?.last, "all times are the database's").toBeLessThan(Date.now() + 60_000);
  });
});

/** The server's processes that renew the leases of the replicas. */
async function findLeaseKeepers(url: string): Promise<ReadonlySet<number>> {
  const ofControl = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sms-relay % control'";
  const find = async () => (await queryOnce<{ pid: number }>(url, ofControl)).map(({ pid }) => pid);
  await expect.poll(find).toHaveLength(names.length);
  return new Set(await find());
}

/** The server and its children at this moment. */
function withChildren(pid: number): readonly number[] {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return [pid, ...children.trim().split(/\s+/).map(Number)];
}

/** A load ends where the service refuses; a caller comes back. */
async function keepSending(load: AcknowledgedLoad, port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await load.run(port, ACCOUNT_KEY, { concurrency: 4, most: 40, signal });
    await elapsed(200);
  }
}
