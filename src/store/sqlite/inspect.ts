/** Looks at a store's file and changes nothing: what a service would find there. */
import type { SchemaChange } from "../schema-change.ts";
import { planMigration, schemaVersion } from "./migrate.ts";
import { prepare } from "./statement.ts";
import { withReadOnlyFile } from "./use-file.ts";

export interface FileFacts {
  readonly schema: SchemaChange;
  readonly operatorKeyCount: number;
}

/** Throws StoreUnavailableError where the file cannot be a store. */
export function inspectFile(path: string): FileFacts {
  const found = withReadOnlyFile(path, (db, file): FileFacts => {
    const schema = planMigration(db, file);
    const countOperators = () =>
      prepare<{ count: number }>(
        db,
        "SELECT count(*) AS count FROM api_keys WHERE role = 'OPERATOR' AND revoke_time IS NULL",
      ).get()?.count ?? 0;
    return { schema, operatorKeyCount: (schema.from ?? 0) > 0 ? countOperators() : 0 };
  });
  return found ?? { schema: { from: undefined, to: schemaVersion }, operatorKeyCount: 0 };
}
