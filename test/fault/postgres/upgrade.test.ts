/** The release after this one, with a wider schema, takes over from replicas of this one under load, and gives back. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSimulator } from "../../../src/smsc/start-simulator.ts";
import { connect } from "../../../src/store/postgres/connect.ts";
import { migrate, migrations } from "../../../src/store/postgres/migrate.ts";
import { withDatabase } from "../../../src/store/postgres/with-database.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  setUpService,
  startServiceProcess,
} from "../../support/service-process.ts";
import { buildAcceptance } from "../../support/store-builders.ts";
import { createAcknowledgedLoad } from "../support/acknowledged.ts";
import { countOutcomes } from "../support/outcome-counts.ts";
import { readFinals } from "../support/read-finals.ts";
import { smscGateway } from "../support/smsc-gateway.ts";
import { countSubmits } from "../support/submit-record.ts";
import { wideningAfter } from "../support/widening.ts";
import { useReplicas } from "./replica-world.ts";

const nextRelease = join(import.meta.dirname, "../programs/next-release.ts");
const own = Math.max(...migrations.map(({ version }) => version));

describe.skipIf(postgresMissing !== undefined)(`upgrading ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sms-relay-upgrade-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const schemaVersion = async () => {
    const [row] = await world.database.query<{ value: string }>(
      "SELECT value FROM meta WHERE key = 'version'",
    );
    return Number(row?.value);
  };

  it("refuses no call, loses nothing and sends nothing twice while the next release takes over and back", {
    timeout: 600_000,
  }, async () => {
    await using parts = new AsyncDisposableStack();
    const recordTo = join(folder, "submits.jsonl");
    const simulator = await startSimulator({ port: 0, rules: [], recordTo, receiptDelayMs: 200 });
    parts.defer(() => simulator.stop());
    const start = async (name: string, program?: string): Promise<ServiceProcess> => {
      const setup = await setUpService(join(folder, name), {
        store: { url: world.database.url, replica: name, path: join(folder, name, "r.db"), minFreeDisk: "0" },
        gateways: [smscGateway(simulator.port, { rate: 2_000 })],
      });
      const service = await startServiceProcess(setup, program === undefined ? {} : { program });
      parts.defer(() => service.stop());
      return service;
    };
    const load = createAcknowledgedLoad("upgrade");
    /** Sends to a replica until `more` further messages are acknowledged. */
    const send = (service: ServiceProcess, more: number, signal = new AbortController().signal) =>
      load.run(service.setup.grpcPort, ACCOUNT_KEY, { concurrency: 4, most: more, signal });

    const before = await start("before");
    const moving = new AbortController();
    const sending = send(before, 1_000_000, moving.signal);
    await expect.poll(() => load.acknowledged.size).toBeGreaterThan(100);
    const next = await start("next", nextRelease);
    expect(await schemaVersion()).toBe(own + 1);
    await send(next, 200);
    expect(load.refusals()).toBe(0);
    moving.abort();
    await sending;
    const refusedAtEnd = load.refusals();
    await before.stop();
    await send(next, 200);
    // Back to the release that was there before, on the schema that it does not know.
    const back = await start("back");
    await next.stop();
    await send(back, 200);
    expect(load.refusals()).toBe(refusedAtEnd);

    const finals = await readFinals(back.setup.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
    const counts = countOutcomes(load.acknowledged, finals.byDelivery, await countSubmits(recordTo));
    console.log(JSON.stringify(counts));
    expect(counts).toMatchObject({
      ...{ withoutFinal: 0, withSeveralFinals: 0, unknown: 0, neverSubmitted: 0 },
      ...{ duplicates: 0, duplicatesAtMostOnce: 0 },
    });
    expect(finals.gaps).toBe(0);
  });

  it("lets replicas through while a migration waits for somebody who holds a table", async () => {
    const store = await world.open();
    const holder = await world.database.connect();
    await holder.query("BEGIN; SELECT count(*) FROM deliveries");
    const migrating = withDatabase([world.database.url], "migration", (client, name) =>
      migrate(client, name, () => "unused", [...migrations, wideningAfter(migrations)]),
    );
    await world.untilWaiting(1);
    const outcomes = await store.accept([buildAcceptance(), buildAcceptance()]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["accepted", "accepted"]);
    expect(await schemaVersion()).toBe(own);
    await holder.query("COMMIT");
    await holder.end();
    expect(await migrating).toMatchObject({ from: own, to: own + 1 });
    expect(await store.accept([buildAcceptance()])).toMatchObject([{ kind: "accepted" }]);
  });

  it("builds indexes anew beside a replica that goes on writing, also after a building that was cut off", async () => {
    const before = migrations.filter(({ version }) => version < 7);
    const database = [world.database.url];
    const migrateTo = (steps: typeof migrations) =>
      withDatabase(database, "migration", (client, name) => migrate(client, name, randomUUID, steps));
    await migrateTo(before);
    const rows = "SELECT 'north', md5(n::text), 'd', 1, 1, 1 FROM generate_series(1, $1) n";
    const columns = "gateway_id, match_key, delivery_id, attempt, part, expire_time";
    await world.database.query(`INSERT INTO smsc_ids (${columns}) ${rows}`, [200_000]);
    const writer = await connect({ urls: database, applicationName: "a replica" });
    // It holds what a statement holds that writes, for as long as nothing lets it end.
    await writer.query("SET idle_in_transaction_session_timeout = 0");
    await writer.query("BEGIN");
    await writer.query(`INSERT INTO smsc_ids (${columns}) ${rows}`, [1]);
    const migrating = migrateTo(migrations);
    const waits =
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'";
    await expect.poll(() => world.database.query(waits)).toHaveLength(1);
    const second = migrateTo(migrations);
    await writer.query(`INSERT INTO smsc_ids (${columns}) ${rows}`, [1]);
    await world.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'",
    );
    await expect(migrating).rejects.toMatchObject({ reason: "AWAY" });
    await writer.query("COMMIT");
    await writer.end();
    expect(await second).toMatchObject({ to: own });
    expect(
      await world.database.query(
        `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index
         WHERE indrelid = 'sms_relay.smsc_ids'::regclass AND NOT indisprimary`,
      ),
    ).toEqual([{ name: "smsc_ids_by_key", valid: true }]);
  });
});
