/** The PostgreSQL adapter under test, on a real server, in a database of its own. */

import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { createDatabase, postgresMissing } from "../../support/postgres-database.ts";
import type { StoreAdapter } from "./describe-store.ts";

export const postgresAdapter: StoreAdapter = {
  name: "PostgreSQL",
  ...(postgresMissing === undefined ? {} : { missing: postgresMissing }),
  async makePlace() {
    const database = await createDatabase();
    return {
      open: (clock) => openPostgresStore({ urls: [database.url], clock, log: silentLogger }),
      remove: () => database.drop(),
    };
  },
};
