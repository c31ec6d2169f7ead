/** Backups of a PostgreSQL database are PostgreSQL's own. */
import { SmsError } from "../../domain/errors.ts";

export function refuseBackup(): SmsError {
  return new SmsError(
    "NOT_CHANGEABLE",
    "The store is a PostgreSQL database: back it up with pg_dump, or with base backups and archived WAL.",
  );
}
