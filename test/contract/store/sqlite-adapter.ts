/** The SQLite adapter under test, in a real file in a temporary folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import type { StoreAdapter } from "./describe-store.ts";

export const sqliteAdapter: StoreAdapter = {
  name: "SQLite",
  async makePlace() {
    const folder = await mkdtemp(join(tmpdir(), "sms-relay-store-"));
    return {
      open: (clock) => openSqliteStore({ path: join(folder, "relay.db"), clock }),
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
