/** A transaction of a few statements beside the writer's batches. */
import type { Connection } from "./statement.ts";
import { isConnectionKept } from "./store-error.ts";

/** Commits what `body` did, or nothing of it where it rejects. */
export async function inTransaction<Result>(
  connection: Connection,
  body: () => Promise<Result>,
): Promise<Result> {
  const begun = connection.command("BEGIN");
  try {
    const [result] = await Promise.all([body(), begun]);
    await connection.command("COMMIT");
    return result;
  } catch (error) {
    if (isConnectionKept(error)) await connection.command("ROLLBACK");
    throw error;
  }
}
