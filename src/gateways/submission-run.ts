/**
 * One submission on its way: its results as they come in, and the one promise that ends it. A run settles each part once,
 * and ignores what comes later for the same part.
 */
import type { EncodingProfile, WirePart } from "../encoding/message-plan.ts";
import { renderParts } from "../encoding/render-parts.ts";
import type { PartResult, Submission } from "./gateway.ts";

export class SubmissionRun {
  readonly submission: Submission;
  /** Index of the next part to write. */
  next = 0;
  /** The token of the next part has been taken. */
  hasToken = true;
  /** A part was refused for good or its session went: nothing further is written. */
  isStopped = false;
  #results: (PartResult | undefined)[];
  readonly #resolve: (results: readonly PartResult[]) => void;
  #wires: readonly WirePart[] | undefined;
  #unsettled: number;

  constructor(submission: Submission, resolve: (results: readonly PartResult[]) => void) {
    this.submission = submission;
    this.#resolve = resolve;
    this.#unsettled = submission.partNumbers.length;
    this.#results = new Array<PartResult | undefined>(this.#unsettled).fill(undefined);
    if (this.#unsettled === 0) resolve([]);
  }

  /** The number of the next part to write; undefined when all are written or the rest is stopped. */
  get nextPart(): number | undefined {
    return this.isStopped ? undefined : this.submission.partNumbers[this.next];
  }

  /** A part as it goes on the wire. Throws RangeError for what the plan cannot have been made for. */
  wireOf(number: number, profile: EncodingProfile): WirePart {
    const { plan, reference } = this.submission;
    this.#wires ??= renderParts(plan, profile, reference ?? 0);
    const wire = this.#wires[number - 1];
    if (wire === undefined) throw new RangeError(`the plan has no part ${number}`);
    return wire;
  }

  settle(result: PartResult): void {
    const { partNumbers } = this.submission;
    const index = partNumbers.length === 1 ? 0 : partNumbers.indexOf(result.number);
    if (index < 0 || this.#results[index] !== undefined) return;
    this.#results[index] = result;
    this.#unsettled -= 1;
    if (this.#unsettled > 0) return;
    const results = this.#results.filter((each) => each !== undefined);
    this.#results = results;
    this.#resolve(results);
  }

  /**
   * An answer came for a part in doubt before the submitter has learned of the doubt: other parts keep the submission going, or the last of
   * them was answered in the same turn, and nobody has looked at the results yet.
   */
  revise(result: PartResult): void {
    const index = this.submission.partNumbers.indexOf(result.number);
    if (this.#results[index]?.kind === "ambiguous") this.#results[index] = result;
  }

  /** Settles every part that was not written yet. */
  stop(why: "no_session" | "stopped" | "expired", timeMs: number): void {
    this.isStopped = true;
    const { partNumbers } = this.submission;
    const first = this.next;
    this.next = partNumbers.length;
    for (const number of partNumbers.slice(first)) this.settle({ kind: "unsent", number, why, timeMs });
  }
}
