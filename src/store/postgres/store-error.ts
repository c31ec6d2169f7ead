/** What PostgreSQL's errors mean to the store: try again, the database is away, or the statement itself is at fault. */
import { SmsError } from "../../domain/errors.ts";

/** Long enough for a restart to get somewhere, short enough to be back soon after it. */
const retryAfterMs = 1_000;

/** SQLSTATE 40001 serialization_failure, 40P01 deadlock_detected: nothing was changed, and another try may succeed. */
const retried: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** SQLSTATEs of a statement that is wrong or breaks a constraint; everything else means that the database cannot be used now. */
const ownFault = /^(0A|21|22|23|2B|42|XX001)/;

export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

export function isWorthRetrying(error: unknown): boolean {
  return retried.has(sqlStateOf(error) ?? "");
}

/** Whether the connection goes on after this error: it was told by the server, which did not close it. */
export function isConnectionKept(error: unknown): boolean {
  const state = sqlStateOf(error);
  // 25006: the server has become read-only, so that the primary has to be looked for. 57P…, 08…: it closes.
  return state !== undefined && !/^(08|57P|25P03|25006)/.test(state);
}

export function storeAway(cause?: unknown): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", "The database cannot be reached now.", { retryAfterMs, cause });
}

/** The error for callers; one of ours stays as it is. */
export function storeErrorOf(error: unknown): Error {
  if (error instanceof SmsError) return error;
  const state = sqlStateOf(error);
  if (error instanceof Error && state !== undefined && ownFault.test(state)) return error;
  // Without a state it is pg's word on its connection, unless it is a fault of our own code.
  if (error instanceof TypeError || error instanceof RangeError || isOwnError(error)) return error;
  return storeAway(error);
}

/** Thrown by the steps of a batch where a row is not what the port promises. */
export class StepError extends Error {
  override readonly name = "StepError";
}

function isOwnError(error: unknown): error is StepError {
  return error instanceof StepError;
}
