/** The reading side of the store: a bounded number of reads on a few connections. */
import { SmsError } from "../../domain/errors.ts";
import { createFairQueue } from "../fair-queue.ts";
import type { Session } from "./session.ts";
import type { Connection } from "./statement.ts";
import { storeErrorOf } from "./store-error.ts";

type Body<Result> = (connection: Connection) => Promise<Result>;

export interface Reader {
  /** For an account, whose reads take turns with those of others; undefined for nobody's. */
  read<Result>(account: string | undefined, body: Body<Result>): Promise<Result>;
  /** Several statements of one answer see one state of the database. */
  readTogether<Result>(account: string | undefined, body: Body<Result>): Promise<Result>;
}

/** `width` connections read at once. */
export function createReader(sessions: Session, width: number, maxWaitingReads: number): Reader {
  const reads = createFairQueue(width, maxWaitingReads);

  async function read<Result>(account: string | undefined, body: Body<Result>): Promise<Result> {
    try {
      return await reads.run(account, () => sessions.use(body));
    } catch (error) {
      throw readError(error);
    }
  }

  function readTogether<Result>(account: string | undefined, body: Body<Result>): Promise<Result> {
    return read(account, async (connection) => {
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
