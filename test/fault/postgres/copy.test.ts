import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCursors } from "../../../src/app/subscriptions/cursors.ts";
import { copiedTables, leftOutTables } from "../../../src/store/copied-tables.ts";
import { nameOf } from "../../../src/store/postgres/connect.ts";
import { openCopyTarget } from "../../../src/store/postgres/copy-in.ts";
import { migrations } from "../../../src/store/postgres/migrate.ts";
import { migrateDatabase } from "../../../src/store/postgres/migrate-database.ts";
import { withDatabase } from "../../../src/store/postgres/with-database.ts";
import { withCopySource } from "../../../src/store/sqlite/copy-out.ts";
import { inspectFile } from "../../../src/store/sqlite/inspect.ts";
import { markAsCopy } from "../../../src/store/sqlite/report-line.ts";
import { actAt } from "../../support/acts.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { wideningAfter } from "../support/widening.ts";
import { fillStore, makeStoreFile, type StoreFile, viewOf } from "./copied-store.ts";
import { useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(`copying a SQLite store ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  let file: StoreFile;
  beforeEach(() => {
    file = makeStoreFile();
  });
  afterEach(() => file[Symbol.dispose]());

  /** Fills the file as a killed process leaves it; answers what callers saw. */
  async function fill() {
    const store = await file.open();
    const filled = await fillStore(store);
    const view = await viewOf(store, filled);
    const { id, line } = store;
    await store.close();
    return { filled, view, id, line };
  }

  async function addMessages(count: number) {
    const store = await file.open();
    const { claimant } = await store.join(startMs);
    await store.accept(Array.from({ length: count }, () => buildAcceptance({ claimant })));
    await store.close();
  }

  it("takes everything that callers see, and has rows of every table to show it with", async () => {
    const { filled, view, id } = await fill();
    expect(await file.copy(world.database.url)).toMatchObject({ kind: "copied", isResumed: false });
    const copy = await world.open();
    expect(copy.id).toBe(id);
    expect(await viewOf(copy, filled)).toEqual(view);
    for (const { table, ownRows } of copiedTables) {
      const rows = await world.database.query(
        `SELECT 1 FROM ${table} WHERE NOT (${ownRows ?? "false"}) LIMIT 1`,
      );
      expect(rows, table).toHaveLength(1);
    }
  });

  it("takes nothing that tokens are signed with", async () => {
    const store = await file.open();
    const key = { id: "of today", day: 20_000, sealedBy: "a secret", sealed: "sealed" };
    await store.makeSigningKey(key);
    expect(await store.listSigningKeys()).toEqual([key]);
    await store.close();
    await file.copy(world.database.url);
    expect(await (await world.open()).listSigningKeys()).toEqual([]);
  });

  it("goes on as a start after kill -9 does: doubt ends UNKNOWN, everything else waits again", async () => {
    const { filled } = await fill();
    await file.copy(world.database.url);
    // Claims of processes on a file bear this name.
    const { store, claimant } = await world.join("local");
    const states = await store.readStates([filled.doubtful, filled.claimed, filled.waiting]);
    expect(states).toEqual(["UNKNOWN", "QUEUED", "QUEUED"]);
    const limits = { OTP: 10, NORMAL: 10, BULK: 10 };
    const claim = await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs + 1_000 });
    expect(claim.deliveries.map(({ id }) => id)).toEqual(
      expect.arrayContaining([filled.claimed, filled.waiting]),
    );
    expect(claim.deliveries).toHaveLength(5);
  });

  it("P2 matches receipts of parts that were sent before, and parked ones with what is sent after", async () => {
    const { filled } = await fill();
    await file.copy(world.database.url);
    const { store, claimant } = await world.join("a");
    expect(await store.recordReceipts([buildReceipt("s1")])).toMatchObject([
      { kind: "matched", deliveryId: filled.submitted, isFirstFinal: true },
    ]);
    const limits = { OTP: 0, NORMAL: 10, BULK: 0 };
    await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs + 1_000 });
    const parked = await world.database.query<{ raw_id: string }>("SELECT raw_id FROM parked_receipts");
    expect(parked).toHaveLength(1);
    await store.settle([buildSubmitted(filled.waiting, claimant, ["a\u0000b\u001bc\u001bE"])]);
    expect(await store.readStates([filled.waiting])).toEqual(["DELIVERED"]);
  });

  it("P42 P44 goes on with report numbers, cursors, subscriptions, request ids and sequences", async () => {
    const { view, line } = await fill();
    await file.copy(world.database.url);
    const { store } = await world.join("a");
    const number = createCursors(() => store.line).numberIn(
      account,
      createCursors(() => line).cursorAfter(account, 3),
    );
    expect(number).toBe(3);
    const again = buildAcceptance({ request: { id: "r-1", hash: "h" } });
    const other = buildAcceptance({ request: { id: "r-1", hash: "other" } });
    const fresh = buildAcceptance({ request: { id: "r-2", hash: "h" } });
    const outcomes = await store.accept([again, other, fresh]);
    expect(outcomes).toMatchObject([
      { kind: "known", hash: "h" },
      { kind: "known", hash: "h" },
      { kind: "accepted" },
    ]);
    const added = await store.readReports(account, view.bounds.last, 10);
    expect(added.at(-1)?.number).toBe((await store.reportBounds(account)).last);
    expect(added[0]?.number).toBe(view.bounds.last + 1);
    expect(await store.readSubscription(account, "billing")).toMatchObject({ position: 4 });
  });

  it("P37 completes a message whose first parts came before", async () => {
    await fill();
    await file.copy(world.database.url);
    const { store } = await world.join("a");
    const [stored] = await store.recordIncoming([
      {
        ...{ gatewayId: gateway, from: "46701234567", to: "72404", dataCoding: 0, text: "end" },
        ...{ data: Uint8Array.of(2), udh: Uint8Array.of(5, 0, 3, 9, 3, 2), arrivalTimeMs: startMs + 1 },
        concatenation: { reference: 9, total: 3, sequence: 2 },
      },
    ]);
    expect(stored).toMatchObject({ isComplete: true });
  });

  it("begins a new line for a file that was restored from a backup, as a start does", async () => {
    const { line, view } = await fill();
    const db = new DatabaseSync(file.path);
    markAsCopy(db);
    db.close();
    await file.copy(world.database.url);
    const store = await world.open();
    expect(store.line.id).not.toBe(line.id);
    const [before, after] = [createCursors(() => line), createCursors(() => store.line)];
    expect(after.numberIn(account, before.cursorAfter(account, view.bounds.last))).toBe(view.bounds.last);
    expect(() => after.numberIn(account, before.cursorAfter(account, view.bounds.last + 1))).toThrow();
  });

  it("marks the file as a copy of what goes on elsewhere, and leaves its rows as they were", async () => {
    const { line, filled, view } = await fill();
    await file.copy(world.database.url);
    const copied = { into: nameOf(world.database.url), isCertain: true };
    expect(inspectFile(file.path).copied).toEqual(copied);
    await expect(file.copy(world.database.url)).rejects.toThrow(/was copied into .* before/);
    await expect(file.copy(world.database.url, { isAgain: true })).rejects.toMatchObject({
      reason: "NOT_EMPTY",
    });
    const refused = {
      reason: "COPIED",
      message: expect.stringMatching(/was copied into .*--start-copied-store/),
    };
    await expect(file.open()).rejects.toMatchObject(refused);
    const store = await file.open({ startsCopied: true });
    expect(store.line.id).not.toBe(line.id);
    expect(await viewOf(store, filled)).toEqual(view);
    expect(inspectFile(file.path)).toMatchObject({ isInUse: true, copied });
    await store.close();
    expect(inspectFile(file.path)).toMatchObject({ isInUse: false, copied });
    await expect(file.open(), "a further start without the flag").rejects.toMatchObject(refused);
    const again = await file.open({ startsCopied: true });
    expect(again.line.id, "begun anew once").toBe(store.line.id);
    await again.close();
  });

  it("P59 leaves no doubt where the answer to the last commit was lost, once the copy is repeated", async () => {
    await fill();
    const url = new URL(world.database.url);
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    const lost = proxy.loseAnswerTo("COMMIT", "DELETE FROM meta WHERE key");
    await expect(file.copy(url.href)).rejects.toMatchObject({ name: "StoreUnavailableError" });
    await lost;
    proxy.mend();
    const doubt = { into: nameOf(url.href), isCertain: false };
    expect(inspectFile(file.path).copied).toEqual(doubt);
    await expect(file.open()).rejects.toMatchObject({
      reason: "COPIED",
      message: expect.stringContaining("may have been copied"),
    });
    const store = await world.open();
    await store.close();
    expect(await file.copy(url.href)).toEqual({ kind: "copied", rows: 0, isResumed: true });
    expect(inspectFile(file.path).copied).toEqual({ ...doubt, isCertain: true });
    await proxy.close();
  });

  it("asks for the database that it is in doubt about, and goes into another one with --again only", async () => {
    await fill();
    const db = new DatabaseSync(file.path);
    db.exec("INSERT INTO meta VALUES ('copying_into', 'elsewhere/sms')");
    db.close();
    await expect(file.copy(world.database.url)).rejects.toThrow(
      /may have been copied into elsewhere\/sms, .* --again/,
    );
    expect(await file.copy(world.database.url, { isAgain: true })).toMatchObject({ kind: "copied" });
    expect(inspectFile(file.path).copied).toEqual({ into: nameOf(world.database.url), isCertain: true });
  });

  it("lets no service start on a copy that was cut off, and goes on with it", async () => {
    await fill();
    await addMessages(2_500);
    const stopped = await file.copy(world.database.url, { stopAfter: 1_000 });
    expect(stopped.kind).toBe("stopped");
    await expect(world.open()).rejects.toMatchObject({ reason: "UNFINISHED_COPY" });
    // A program that does not know the mark finds a schema that it cannot read.
    expect(await world.database.query("SELECT value FROM meta WHERE key = 'min_reader'")).toEqual([
      { value: "1000000" },
    ]);
    const rest = await file.copy(world.database.url);
    expect(rest).toMatchObject({ kind: "copied", isResumed: true });
    const store = await world.open();
    const [counted] = await world.database.query<{ count: string }>("SELECT count(*) FROM messages");
    expect(Number(counted?.count)).toBe(2_507);
    expect((await store.reportBounds(account)).last).toBeGreaterThan(2_500);
  });

  it("lets no program start on a copy that would ignore what the file has in use", async () => {
    const minReader = () => world.database.query("SELECT value FROM meta WHERE key = 'min_reader'");
    const empty = await file.open();
    await empty.close();
    expect(await file.copy(world.database.url)).toMatchObject({ kind: "copied" });
    const [unused] = await minReader();
    expect(Number(unused?.["value"]), "nothing is in use").toBeLessThan(15);

    using used = makeStoreFile();
    const store = await used.open();
    await store.setAccountState(actAt(), account, "SUSPENDED", true);
    await store.close();
    await world.database.query("DROP SCHEMA sms_relay CASCADE");
    expect(await used.copy(world.database.url)).toMatchObject({ kind: "copied" });
    expect(await minReader()).toEqual([{ value: "15" }]);
  });

  it("brings a copy that a former release began and did not finish to this schema, and begins it anew", async () => {
    await fill();
    const later = [...migrations, wideningAfter(migrations)];
    const pauses = copiedTables.find(({ table }) => table === "gateway_pauses");
    if (pauses === undefined) throw new Error("pauses are not copied");
    const versions = () => world.database.query("SELECT value FROM meta WHERE key = 'version'");
    await withCopySource(file.path, false, ({ origin }) =>
      withDatabase([world.database.url], "copy", async (client, name) => {
        const former = await openCopyTarget(client, name, origin);
        await former.append(pauses, [{ gateway_id: "cut-off", reason: "", time: 1 }]);
        expect(await versions()).toEqual([{ value: String(migrations.at(-1)?.version) }]);
        const target = await openCopyTarget(client, name, origin, later);
        expect(target).toMatchObject({ isMarked: true, position: undefined });
      }),
    );
    expect(await versions()).toEqual([{ value: String(later.at(-1)?.version) }]);
    expect(await world.database.query("SELECT 1 FROM gateway_pauses WHERE gateway_id = 'cut-off'")).toEqual(
      [],
    );
    expect(await file.copy(world.database.url)).toMatchObject({ kind: "copied", isResumed: false });
    await world.open();
  });

  it("begins anew where a service has run on the file since the copy was cut off", async () => {
    await fill();
    await addMessages(1_500);
    await file.copy(world.database.url, { stopAfter: 1_000 });
    await addMessages(10);
    expect(await file.copy(world.database.url)).toMatchObject({ kind: "copied", isResumed: false });
    const [counted] = await world.database.query<{ count: string }>("SELECT count(*) FROM messages");
    expect(Number(counted?.count)).toBe(1_517);
    await world.open();
  });

  it("never takes a copy for whole whose rows are not those of the file", async () => {
    await addMessages(1_500);
    await file.copy(world.database.url, { stopAfter: 1_000 });
    await world.database.query("DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)");
    await expect(file.copy(world.database.url)).rejects.toThrow(
      /has 1499 rows in messages, and the file has 1500/,
    );
    expect(inspectFile(file.path).copied, "a commit that was not even tried leaves no doubt").toBeUndefined();
    await expect(world.open()).rejects.toMatchObject({ reason: "UNFINISHED_COPY" });
  });

  it("refuses a file that a service uses, and one that is not there", async () => {
    await expect(file.copy(world.database.url)).rejects.toMatchObject({ reason: "NO_FILE" });
    const store = await file.open();
    await expect(file.copy(world.database.url)).rejects.toMatchObject({ reason: "LOCKED" });
    await store.close();
  });

  it("refuses a database that is or was in use, and another store's unfinished copy", async () => {
    await addMessages(1_500);
    const replica = await world.join("a");
    await expect(file.copy(world.database.url)).rejects.toThrow(/has a service that runs/);
    await replica.store.accept([buildAcceptance()]);
    await replica.store.close();
    await expect(file.copy(world.database.url)).rejects.toThrow(/has rows in messages/);
    await world.database.query("DROP SCHEMA sms_relay CASCADE");
    await file.copy(world.database.url, { stopAfter: 1_000 });
    using other = makeStoreFile();
    await (await other.open()).close();
    await expect(other.copy(world.database.url)).rejects.toThrow(/has a copy of another store/);
  });

  it("refuses to end beside a service that joined meanwhile", async () => {
    await addMessages(1_500);
    await file.copy(world.database.url, { stopAfter: 1_000 });
    await world.database.query("INSERT INTO replicas VALUES ('late', 1, now() + interval '1 minute')");
    await expect(file.copy(world.database.url)).rejects.toThrow(/has a service that runs/);
  });
});

describe.skipIf(postgresMissing !== undefined)(`the list of what is copied ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();

  it("names every table of either store as taken or left out, and every column that only one has", async () => {
    await migrateDatabase([world.database.url]);
    using file = makeStoreFile();
    await (await file.open()).close();
    const db = new DatabaseSync(file.path);
    const columnsOf = async (table: string) => {
      const here = db.prepare("SELECT name FROM pragma_table_info(?)").all(table);
      const there = await world.database.query<{ column_name: string }>(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'sms_relay' AND table_name = $1",
        [table],
      );
      return [here.map(({ name }) => String(name)), there.map(({ column_name }) => column_name)] as const;
    };
    const tables = new Set([
      ...db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .all()
        .map(({ name }) => String(name)),
      ...(
        await world.database.query<{ name: string }>(
          "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = 'sms_relay'",
        )
      ).map(({ name }) => name),
    ]);
    const taken = copiedTables.map(({ table }) => table);
    expect([...tables].toSorted()).toEqual([...taken, ...Object.keys(leftOutTables)].toSorted());
    for (const { table, derived = {}, ownColumns = [] } of copiedTables) {
      const [here, there] = await columnsOf(table);
      const named = new Set([...Object.keys(derived), ...ownColumns]);
      const unlike = [...here, ...there].filter((one) => !(here.includes(one) && there.includes(one)));
      expect(
        unlike.filter((one) => !named.has(one)),
        table,
      ).toEqual([]);
    }
    db.close();
  });
});
