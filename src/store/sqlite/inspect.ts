/** Looks at a store's file and changes nothing: what a service would find there. */
import type { SchemaChange } from "../schema-change.ts";
import { type CopiedMark, readCopiedMark } from "./copied-mark.ts";
import { planMigration, schemaVersion } from "./migrate.ts";
import { isInUse } from "./service-lock.ts";
import { prepare } from "./statement.ts";
import { withReadOnlyFile } from "./use-file.ts";

export interface FileFacts {
  readonly schema: SchemaChange;
  readonly operatorKeyCount: number;
  /** A service, copy or migration has it. */
  readonly isInUse: boolean;
  /** The database that its messages went to; undefined where they did not. */
  readonly copied: CopiedMark | undefined;
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
    const isMade = (schema.from ?? 0) > 0;
    return {
      schema,
      operatorKeyCount: isMade ? countOperators() : 0,
      isInUse: isInUse(file),
      copied: isMade ? readCopiedMark(db) : undefined,
    };
  });
  const missing = { from: undefined, to: schemaVersion };
  return found ?? { schema: missing, operatorKeyCount: 0, isInUse: false, copied: undefined };
}
