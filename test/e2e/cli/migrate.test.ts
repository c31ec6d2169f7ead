/** `migrate` on both stores, with and without a service on them. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { migrate as makeSchema, migrations, schemaVersion } from "../../../src/store/sqlite/migrate.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { cli } from "../../support/cli.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-migrate-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("migrating a SQLite file", () => {
  const path = () => join(folder, "data", "relay.db");
  const migrate = (...options: string[]) =>
    cli(["migrate", ...options], {
      workingDirectory: folder,
      environment: { SMS_RELAY_STORE_PATH: path() },
    });

  it("tells in a dry run what it would make, and makes nothing", async () => {
    const { exitCode, out } = await migrate("--dry-run");
    expect(out).toBe(`${path()}: would be made with schema ${schemaVersion}.`);
    expect(exitCode).toBe(0);
    expect(existsSync(path())).toBe(false);
  });

  it("makes the store once, and then has nothing to do", async () => {
    expect((await migrate()).out).toBe(`${path()}: made with schema ${schemaVersion}.`);
    expect((await migrate()).out).toBe(`${path()}: has schema ${schemaVersion}; nothing to do.`);
  });

  it("brings a file of the release before to this schema", async () => {
    mkdirSync(dirname(path()));
    const db = new DatabaseSync(path());
    makeSchema(db, path(), randomUUID, migrations.slice(0, 1));
    db.close();
    expect((await migrate("--dry-run")).out).toContain(`would be brought from schema 1 to ${schemaVersion}.`);
    expect(JSON.parse((await migrate("--json")).out)).toEqual({
      store: path(),
      from: 1,
      to: schemaVersion,
      isDryRun: false,
      rewrittenBytes: 0,
    });
    expect((await migrate("--dry-run")).out).toContain(`has schema ${schemaVersion}; nothing to do.`);
  });

  it("leaves a file alone that a service uses, and still tells what it would do", async () => {
    await migrate();
    const store = await openSqliteStore({ path: path(), clock: createFakeClock() });
    try {
      const { exitCode, err } = await migrate();
      expect(err).toContain("is in use by a running service, copy or migration");
      expect(exitCode).toBe(1);
      expect((await migrate("--dry-run")).out).toContain(`has schema ${schemaVersion}; nothing to do.`);
      const db = new DatabaseSync(path());
      db.exec("UPDATE meta SET value = 1 WHERE key = 'version'");
      db.close();
      expect((await migrate("--dry-run")).out).toContain(
        `would be brought from schema 1 to ${schemaVersion}, once what has the file now has ended.`,
      );
      expect(JSON.parse((await migrate("--dry-run", "--json")).out)).toMatchObject({
        from: 1,
        isInUse: true,
      });
    } finally {
      await store.close();
    }
  });

  it("refuses a file that needs a newer program, in a dry run too", async () => {
    await migrate();
    const db = new DatabaseSync(path());
    db.exec("UPDATE meta SET value = 99 WHERE key IN ('version', 'min_reader')");
    db.close();
    for (const run of [await migrate(), await migrate("--dry-run")]) {
      expect(run.exitCode).toBe(1);
      expect(run.err).toContain(
        `has schema 99, which needs a program that reads schema 99; this one reads ${schemaVersion}.`,
      );
    }
  });
});

describe.skipIf(postgresMissing !== undefined)(`migrating a database ${postgresMissing ?? ""}`, () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());
  const migrate = (options: readonly string[] = [], url = database.url) =>
    cli(["migrate", ...options], { workingDirectory: folder, environment: { SMS_RELAY_STORE_URL: url } });
  const schemas = () =>
    database
      .query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'sms_relay'")
      .then(({ length }) => length);

  it("tells in a dry run what it would make, and makes nothing", async () => {
    const { exitCode, out } = await migrate(["--dry-run"]);
    expect(out).toMatch(/: would be made with schema \d+\.$/);
    expect(out).not.toContain("postgres:postgres@");
    expect(exitCode).toBe(0);
    expect(await schemas()).toBe(0);
  });

  it("makes the store once, and then has nothing to do, also beside a replica", async () => {
    expect((await migrate()).out).toMatch(/: made with schema \d+\.$/);
    const store = await openPostgresStore({
      urls: [database.url],
      clock: createFakeClock(),
      log: silentLogger,
    });
    try {
      const { exitCode, out } = await migrate();
      expect(out).toMatch(/: has schema \d+; nothing to do\.$/);
      expect(exitCode).toBe(0);
    } finally {
      await store.close();
    }
  });

  it("has nothing to do with a newer schema that it reads, and refuses one that it does not read", async () => {
    await migrate();
    await database.query("UPDATE meta SET value = '99' WHERE key = 'version'");
    expect((await migrate()).out).toContain("has schema 99; nothing to do.");
    await database.query("UPDATE meta SET value = '99' WHERE key = 'min_reader'");
    for (const run of [await migrate(), await migrate(["--dry-run"])]) {
      expect(run.exitCode).toBe(1);
      expect(run.err).toContain("has schema 99, which needs a program that reads schema 99");
    }
  });

  it("exits with 3 where no server answers, and with 1 where the server refuses, telling no password", async () => {
    const nobody = await migrate([], "postgres://relay:hidden@127.0.0.1:1/sms");
    expect(nobody.exitCode).toBe(3);
    expect(nobody.err).toContain("127.0.0.1:1/sms cannot be used:");
    const wrong = new URL(database.url);
    wrong.password = "hidden";
    const refused = await migrate([], wrong.href);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain("password authentication failed");
    expect(nobody.err + refused.err).not.toContain("hidden");
  });
});
