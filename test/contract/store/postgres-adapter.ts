/** The PostgreSQL adapter under test, on a real server: one database a file, emptied after each test. */
import { afterAll } from "vitest";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import type { StoreAdapter } from "./describe-store.ts";

let database: Promise<TestDatabase> | undefined;

afterAll(async () => {
  await (await database)?.drop();
});

export const postgresAdapter: StoreAdapter = {
  name: "PostgreSQL",
  isShared: true,
  ...(postgresMissing === undefined ? {} : { missing: postgresMissing }),
  async makePlace() {
    database ??= createDatabase();
    const { url, query } = await database;
    return {
      open: (clock) => openPostgresStore({ urls: [url], clock, log: silentLogger }),
      async plant(table, row) {
        const marks = Object.keys(row).map((_, index) => `$${index + 1}`);
        const sql = `INSERT INTO sms_relay.${table} (${Object.keys(row)}) VALUES (${marks})`;
        await query(sql, Object.values(row));
      },
      async remove() {
        await query("DROP SCHEMA sms_relay CASCADE");
      },
    };
  },
};
