/** A part that left on a session, and where answers that come late find it. */
import type { Misfortune } from "../gateway.ts";
import type { LateParts } from "../late-parts.ts";
import type { SubmissionRun } from "../submission-run.ts";

/** Where late answers to the parts of one session find them, by sequence number. */
export interface OverdueParts {
  /** In doubt: their hold is going on. */
  readonly held: Map<number, WrittenPart>;
  /** Given up as ambiguous. */
  readonly givenUp: LateParts<number>;
}

/** A part that was written and awaits its fate. */
export interface WrittenPart {
  readonly run: SubmissionRun;
  readonly number: number;
  /** user_message_reference and destination, where this gateway's receipts echo them. */
  readonly echoKey: string | undefined;
  /** The id in a receipt that echoed this part before its response came. */
  echoedId: string | undefined;
  /** Where a late response finds it, once its response is overdue. */
  overdue: { readonly among: OverdueParts; readonly sequence: number } | undefined;
  /** The end of its session, where that came before its response and before the response timeout. */
  loss: Misfortune | undefined;
}
