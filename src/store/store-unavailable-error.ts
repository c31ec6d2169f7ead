/** Why a store cannot be opened, as a sentence for whoever starts the service. */

export type StoreUnavailableReason =
  | "NO_FOLDER"
  /** Nothing is there to be copied. */
  | "NO_FILE"
  | "NOT_WRITABLE"
  /** The disk has too little left for what was asked. */
  | "NO_ROOM"
  | "LOCKED"
  /** No server of the database answers now. */
  | "AWAY"
  | "NOT_OURS"
  | "CORRUPT"
  /** A log lies beside it that another file has left. */
  | "FOREIGN_LOG"
  /** It has two names, of which each would have a log of its own. */
  | "LINKED"
  /** Under a running service a file of it was removed, replaced, or taken by another process. */
  | "TAKEN"
  | "NEWER_SCHEMA"
  /** It was copied into a database that goes on with it. */
  | "COPIED"
  /** A copy into it was cut off. */
  | "UNFINISHED_COPY"
  /** It has rows of its own where a copy would go. */
  | "NOT_EMPTY"
  | "FAILED";

/** Thrown by opening a store; the message names what is wrong, where, and what to do. */
export class StoreUnavailableError extends Error {
  readonly reason: StoreUnavailableReason;

  constructor(reason: StoreUnavailableReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreUnavailableError";
    this.reason = reason;
  }
}
