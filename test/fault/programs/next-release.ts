/**
 * The release after this one, as far as the schema goes: it widens tables that are in use, and then serves as this one does.
 * `next-release.ts serve --config FILE`.
 */
import { randomUUID } from "node:crypto";
import { loadConfig, processEnvironment } from "../../../src/config/load.ts";
import { migrate, migrations } from "../../../src/store/postgres/migrate.ts";
import { withDatabase } from "../../../src/store/postgres/with-database.ts";
import { wideningAfter } from "../support/widening.ts";

const file = process.argv.at(-1);
const { config } = loadConfig({ file, environment: processEnvironment(), workingDirectory: process.cwd() });
await withDatabase(config.store.url ?? [], "migration", (client, name) =>
  migrate(client, name, randomUUID, [...migrations, wideningAfter(migrations)]),
);
await import("../../../src/main.ts");
