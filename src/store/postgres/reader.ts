/** The reading side of the store: a bounded number of reads on a few connections. */
import { SmsError } from "../../domain/errors.ts";
import type { Session } from "./session.ts";
import type { Connection } from "./statement.ts";
import { storeErrorOf } from "./store-error.ts";

type Body<Result> = (connection: Connection) => Promise<Result>;

export interface Reader {
  read<Result>(body: Body<Result>): Promise<Result>;
  /** Several statements of one answer see one state of the database. */
  readTogether<Result>(body: Body<Result>): Promise<Result>;
}

export function createReader(sessions: Session, maxWaitingReads: number): Reader {
  async function read<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result> {
    if (sessions.pending >= maxWaitingReads) {
      throw new SmsError("OVERLOADED", "Too many reads wait.", { retryAfterMs: 1_000 });
    }
    try {
      return await sessions.use(body);
    } catch (error) {
      throw readError(error);
    }
  }

  /** Several statements of one answer see one state of the database. */
  function readTogether<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result> {
    return read(async (connection) => {
      const begun = connection.command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      try {
        const [result] = await Promise.all([body(connection), begun]);
        return result;
      } finally {
        await connection.command("COMMIT").catch(() => undefined);
      }
    });
  }

  return { read, readTogether };
}

/** The error for whoever asked. */
export function readError(error: unknown): SmsError {
  const known = storeErrorOf(error);
  return known instanceof SmsError ? known : new SmsError("INTERNAL_ERROR", undefined, { cause: known });
}
