/** A migration of a release to come, as docs/operations.md wants migrations to be: it widens, and the release before goes on. */
import type { Migration } from "../../../src/store/schema-change.ts";

export function wideningAfter(migrations: readonly Migration[]): Migration {
  const last = Math.max(...migrations.map(({ version }) => version));
  return {
    version: last + 1,
    minReader: last,
    sql: `
      ALTER TABLE messages ADD COLUMN widened bigint;
      ALTER TABLE deliveries ADD COLUMN widened text NOT NULL DEFAULT 'as before';
      ALTER TABLE attempts ADD COLUMN widened jsonb;
      ALTER TABLE reports ADD COLUMN widened smallint NOT NULL DEFAULT 0 CHECK (widened >= 0);
      CREATE TABLE widened (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);
    `,
  };
}
