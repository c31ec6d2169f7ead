/** The SQLite adapter under test, in a real file in a temporary folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import type { StoreAdapter } from "./describe-store.ts";

export const sqliteAdapter: StoreAdapter = {
  name: "SQLite",
  isShared: false,
  async makePlace() {
    const folder = await mkdtemp(join(tmpdir(), "sms-relay-store-"));
    return {
      open: (clock) => openSqliteStore({ path: join(folder, "relay.db"), clock }),
      async plant(table, row) {
        using db = new DatabaseSync(join(folder, "relay.db"));
        const marks = Object.keys(row).map(() => "?");
        db.prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${marks})`).run(...Object.values(row));
      },
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
