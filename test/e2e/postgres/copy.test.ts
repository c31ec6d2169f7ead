/** A service moves from its file into PostgreSQL in the middle of its work, as an operator does it. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { StreamDeliveryReportsRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { createAcknowledgedLoad, requestOf } from "../../fault/support/acknowledged.ts";
import { countOutcomes } from "../../fault/support/outcome-counts.ts";
import { readFinals } from "../../fault/support/read-finals.ts";
import { smscGateway } from "../../fault/support/smsc-gateway.ts";
import { countSubmits } from "../../fault/support/submit-record.ts";
import { cli } from "../../support/cli.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { startNode } from "../../support/node-process.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import {
  ACCOUNT_KEY,
  OPERATOR_KEY,
  setUpService,
  startServiceProcess,
} from "../../support/service-process.ts";
import { connectSmsClient, type SmsClient } from "../../support/sms-client.ts";
import { buildAcceptance, startMs } from "../../support/store-builders.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";

const waitingCount = 300;

describe.skipIf(postgresMissing !== undefined)(`moving into PostgreSQL ${postgresMissing ?? ""}`, () => {
  let folder: string;
  let database: TestDatabase;
  let smsc: Simulator;
  const recordTo = () => join(folder, "submits.jsonl");

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sms-relay-move-"));
    database = await createDatabase();
    // Most receipts come when the service has moved.
    smsc = await startSimulator({ port: 0, rules: [], recordTo: recordTo(), receiptDelayMs: 3_000 });
  });
  afterEach(async () => {
    await smsc.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const runCli = (...argv: string[]) => cli(argv, { workingDirectory: folder });
  const settings = (gateway: object) => ({ gateways: [smscGateway(smsc.port, { rate: 1_000, ...gateway })] });

  it("sends what waited exactly once, and goes on with receipts, readers, keys and request ids", {
    timeout: 600_000,
  }, async () => {
    const setup = await setUpService(join(folder, "file"), settings({ rate: 1 }));
    const load = createAcknowledgedLoad("move");
    let service = await startServiceProcess(setup);
    const made = await runCli(
      ...["keys", "create", "--account", "shop", "--name", "till"],
      ...["--address", `127.0.0.1:${setup.grpcPort}`, "--key", OPERATOR_KEY],
    );
    const key = made.out;
    const options = { concurrency: 8, most: waitingCount, signal: new AbortController().signal };
    await load.run(setup.grpcPort, key, options);
    const before = connectSmsClient(setup.grpcPort, key);
    const first = await readPages(before, fromSubscription, 50);
    await before.subscriptions.acknowledgeSubscription({ subscriptionId: "billing", cursor: first.cursor });
    before.close();
    await smsc.waitUntil(({ submits }) => submits >= 3);
    await service.stop();
    const submitsBefore = [...(await countSubmits(recordTo())).values()].length;
    expect(submitsBefore).toBeLessThan(waitingCount / 2);

    const copied = await runCli("copy", "--from", setup.databasePath, "--to", database.url, "--json");
    expect(copied.exitCode).toBe(0);
    expect(copied.err).toContain(`{"note":"deliveries: ${load.acknowledged.size} rows"}\n`);
    expect(JSON.parse(copied.out)).toMatchObject({ from: setup.databasePath, isResumed: false });
    expect(copied.out + copied.err).not.toContain("postgres:postgres");

    const moved = await setUpService(join(folder, "moved"), {
      ...settings({}),
      store: { url: database.url, path: join(folder, "moved", "relay.db"), minFreeDisk: "0" },
    });
    // As the command said: what request ids are known by.
    const secret = "request-hash.secret";
    expect(copied.err).toContain(join(setup.folder, secret));
    copyFileSync(join(setup.folder, secret), join(moved.folder, secret));
    service = await startServiceProcess(moved);
    try {
      using after = connectSmsClient(moved.grpcPort, key);
      const [known] = load.acknowledged.values();
      const again = await after.sms.sendSms(requestOf(known ?? expect.fail("nothing was sent")));
      expect(again).toMatchObject({ replayed: true, messageId: known?.messageId });
      await load.run(moved.grpcPort, key, { ...options, most: 20 });
      const finals = await readFinals(moved.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
      const counts = countOutcomes(load.acknowledged, finals.byDelivery, await countSubmits(recordTo()));
      expect(counts).toMatchObject({
        ...{ withoutFinal: 0, withSeveralFinals: 0, unknown: 0, neverSubmitted: 0 },
        ...{ duplicates: 0, duplicatesAtMostOnce: 0 },
      });
      expect(finals.gaps).toBe(0);
      const states = new Set([...finals.byDelivery.values()].flat());
      expect(states).toEqual(new Set([DeliveryState.DELIVERY_STATE_DELIVERED]));

      const next = await readPages(after, fromSubscription, 10);
      expect(next.first).toBe(first.last + 1n);
      const position = { $case: "cursor", value: first.cursor } as const;
      const cursor = { start: { position, initialStart: InitialStart.INITIAL_START_UNSPECIFIED } };
      expect((await readPages(after, cursor, 10)).first).toBe(first.last + 1n);
    } finally {
      await service.stop();
    }
  });

  it("lets no service start on a copy that was killed, and ends it when it is repeated", async () => {
    const setup = await setUpService(join(folder, "file"), settings({}));
    const store = await openSqliteStore({ path: setup.databasePath, clock: createFakeClock(startMs) });
    await store.accept(Array.from({ length: 8_000 }, () => buildAcceptance()));
    await store.close();
    const argv = ["copy", "--from", setup.databasePath, "--to", database.url];
    const main = join(import.meta.dirname, "../../../src/main.ts");
    const through = new URL(database.url);
    const proxy = await startTcpProxy({ host: through.hostname, port: Number(through.port) });
    through.port = String(proxy.port);
    // It gets no further than to the first of its last rows.
    const isHeld = proxy.delay("INSERT INTO reports");
    const killed = startNode(main, argv.with(-1, through.href), { cwd: folder });
    await isHeld;
    killed.kill("SIGKILL");
    await killed.ended;
    await proxy.close();
    const cut = await rowsThere();
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThan(24_000);

    const moved = await setUpService(join(folder, "moved"), {
      store: { url: database.url, path: join(folder, "moved", "relay.db"), minFreeDisk: "0" },
    });
    await expect(startServiceProcess(moved)).rejects.toThrow(
      /holds a copy of a SQLite store that was cut off/,
    );
    const rest = await runCli(...argv, "--json");
    expect(rest.exitCode).toBe(0);
    expect(JSON.parse(rest.out)).toMatchObject({ isResumed: true, rows: 24_001 - cut });
    expect(await runCli("migrate", "--config", moved.configPath)).toMatchObject({ exitCode: 0 });
  });

  async function rowsThere(): Promise<number> {
    const count = (table: string) =>
      database.query<{ count: string }>(`SELECT count(*) FROM ${table}`).then(([row]) => Number(row?.count));
    try {
      return (await count("messages")) + (await count("deliveries")) + (await count("reports"));
    } catch {
      return 0;
    }
  }
});

type Start = Pick<StreamDeliveryReportsRequest, "start">;

const fromSubscription: Start = {
  start: {
    position: { $case: "subscriptionId", value: "billing" },
    initialStart: InitialStart.INITIAL_START_EARLIEST,
  },
};

/** Reads whole pages until there are `count` reports; answers their numbers and the cursor after them. */
async function readPages(client: SmsClient, start: Start, count: number) {
  const numbers: bigint[] = [];
  let cursor = "";
  const over = new AbortController();
  try {
    for await (const page of client.sms.streamDeliveryReports(start, { signal: over.signal })) {
      numbers.push(...page.reports.map(({ reportNumber }) => reportNumber));
      ({ cursor } = page);
      if (numbers.length >= count) over.abort();
    }
  } catch (error) {
    if (!over.signal.aborted) throw error;
  }
  return { first: numbers[0] ?? 0n, last: numbers.at(-1) ?? 0n, cursor };
}
