/** What PostgreSQL's errors mean to the store: try again, the database is away, or the statement itself is at fault. */
import { SmsError } from "../../domain/errors.ts";
import type { ClaimRef } from "../accepting.ts";

/** Long enough for a restart to get somewhere, short enough to be back soon after it. */
const retryAfterMs = 1_000;

/** SQLSTATE 40001 serialization_failure, 40P01 deadlock_detected: nothing was changed, and another try may succeed. */
const retried: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** SQLSTATEs of a statement that is wrong, breaks a constraint or a limit; all others mean that the database cannot be used now. */
const ownFault = /^(0A|21|22|23|2B|42|44|54|P0|XX)/;

export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

export function isWorthRetrying(error: unknown): boolean {
  return error instanceof ChangedMeanwhileError || retried.has(sqlStateOf(error) ?? "");
}

/** Whether the connection goes on after this error: the server reported it and did not close, or our own code is at fault. */
export function isConnectionKept(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return error instanceof Error && !isOfConnection(error);
  // 25006: the server has become read-only, so that the primary has to be looked for. 57P…, 08…: it closes.
  return !/^(08|57P|25P03|25006)/.test(state);
}

/** pg tells of its connection by plain errors and by those of sockets; every other class is a fault of our own code. */
function isOfConnection(error: Error): boolean {
  return error.constructor === Error || error instanceof AggregateError || "code" in error;
}

export function storeAway(cause?: unknown): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", "The database cannot be reached now.", { retryAfterMs, cause });
}

/** The error for callers; one of ours stays as it is. */
export function storeErrorOf(error: unknown): Error {
  if (error instanceof UnknownCommitError) return storeAway(error.cause);
  // All tries met what others write; the caller's next one may not.
  if (isWorthRetrying(error))
    return new SmsError("SERVICE_UNAVAILABLE", "Others are changing the same rows now.", {
      retryAfterMs,
      cause: error,
    });
  if (!(error instanceof Error) || error instanceof SmsError)
    return error instanceof Error ? error : storeAway(error);
  const state = sqlStateOf(error);
  if (state !== undefined) return ownFault.test(state) ? error : storeAway(error);
  return isOfConnection(error) ? storeAway(error) : error;
}

/** Thrown where rows that were read without being locked were changed before they were written: another try reads them anew. */
export class ChangedMeanwhileError extends Error {
  override readonly name = "ChangedMeanwhileError";
}

/** Thrown by the steps of a batch where a row is not what the port promises. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/** The commit was sent, and no answer came: what it claimed, if it was made, is nobody's. */
export class UnknownCommitError extends Error {
  override readonly name = "UnknownCommitError";
  readonly claimed: readonly ClaimRef[];

  constructor(claimed: readonly ClaimRef[], cause: unknown) {
    super("the commit was not answered", { cause });
    this.claimed = claimed;
  }
}
