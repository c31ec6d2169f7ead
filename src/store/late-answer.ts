/**
 * What an answer that came late makes of an attempt and of its delivery (P49). Pure; every store asks it inside its transaction.
 */
import type { DeliveryState } from "../domain/delivery-state.ts";
import { type AcceptedAttempt, acceptParts, type DeliveryProgress, noProgress } from "../domain/message.ts";
import { packProgress, parseProgress } from "./delivery-progress.ts";
import { isSamePart, type PartTuple, packPart } from "./part-tuple.ts";
import type { AttemptRecord, PartRecord, Settlement, SettleOutcome, WholeDelivery } from "./settling.ts";

/** The settlement of a late answer. */
export interface LateSettlement extends Settlement {
  readonly attempt: AttemptRecord;
  readonly whole: WholeDelivery;
  readonly verdict: Extract<Settlement["verdict"], { readonly kind: "late" }>;
}

/** What the end of an attempt says. */
type EndingVerdict = Exclude<Settlement["verdict"], { readonly kind: "late" }>;

export function isLate(entry: Settlement): entry is LateSettlement {
  return entry.verdict.kind === "late";
}

/** The parts of the attempt with the answer on the copy that it is for, which stood there as ambiguous since `copyTimeMs`. */
export function reviseParts(
  known: readonly PartTuple[],
  part: PartRecord,
  copyTimeMs: number,
): readonly PartTuple[] {
  if (known.some((each) => isSamePart(each, part))) return known;
  const revised = packPart(part);
  const at = known.findIndex(
    ([number, outcome, , , , timeMs]) =>
      number === part.number && outcome === "AMBIGUOUS" && timeMs === copyTimeMs,
  );
  if (at >= 0) return known.with(at, revised);
  return [...known, revised].sort((left, right) => left[0] - right[0]);
}

/** Whether these are the parts of the copy that was ambiguous since `copyTimeMs`, or of the answer told before. */
export function holdsCopy(known: readonly PartTuple[], part: PartRecord, copyTimeMs: number): boolean {
  return known.some(
    (each) =>
      (each[0] === part.number && each[1] === "AMBIGUOUS" && each[5] === copyTimeMs) ||
      isSamePart(each, part),
  );
}

/** Whether each of so many parts was accepted, in whichever of its copies. */
export function isWhole(parts: readonly PartTuple[], partCount: number): boolean {
  return acceptedNumbers(parts).size >= partCount;
}

/** What a settlement comes to once the answers that came meanwhile are known: a delivery of which all is accepted is SUBMITTED. */
export function verdictAfter(entry: Settlement, parts: readonly PartTuple[]): EndingVerdict {
  const { whole, verdict } = entry;
  if (verdict.kind === "late") throw new RangeError("a late answer settles no attempt");
  if (whole === undefined || !isWhole(parts, whole.partCount)) return verdict;
  return { kind: "submitted", expectsReceipts: whole.expectsReceipts };
}

/** What is known of an earlier attempt once the end of this one does not make the delivery SUBMITTED (P49). */
export function acceptedBefore(progress: string | null, verdict: EndingVerdict): AcceptedAttempt | undefined {
  return verdict.kind === "submitted" ? undefined : parseProgress(progress).accepted;
}

/** The progress of a delivery that is SUBMITTED: by which attempt, where that is not its last. */
export function packSubmittedBy(accepted: AcceptedAttempt, attemptCount: number): string | null {
  const { attempt } = accepted;
  return attempt === undefined || attempt === attemptCount ? null : packProgress({ ...noProgress, accepted });
}

/**
 * The attempt that speaks for a silent delivery, where that is not surely its last: a former release kept its receipts and judged those
 * of the last one alone.
 */
export function unjudgedAttempt(progress: string | null, attemptCount: number): number | undefined {
  const { accepted } = parseProgress(progress);
  return accepted === undefined ? undefined : (accepted.attempt ?? attemptCount);
}

/** The attempt whose receipts speak for the delivery: the one by which it is SUBMITTED, which is nearly always its last. */
export function speakingAttempt(progress: string | null, attemptCount: number): number {
  return parseProgress(progress).accepted?.attempt ?? attemptCount;
}

/** The progress of a delivery that is being sent again, once a late answer is known. */
export function progressWith(
  progress: DeliveryProgress,
  { attempt, whole }: LateSettlement,
  { number, parts }: { readonly number: number; readonly parts: readonly PartTuple[] },
): DeliveryProgress {
  const after = progressAfter(progress, attempt.number, parts);
  if (!isWhole(parts, whole.partCount)) return after;
  return { ...after, accepted: acceptedBy(attempt, number, whole) };
}

/** An attempt with all its parts accepted, by the number under which it is recorded. */
export function acceptedBy(
  { gatewayId }: AttemptRecord,
  number: number,
  { expectsReceipts }: WholeDelivery,
): AcceptedAttempt {
  return { attempt: number, gatewayId, expectsReceipts };
}

/** The outcome of an answer that moved nothing. */
export function recordedAs(
  state: DeliveryState,
  { whole }: LateSettlement,
  parts: readonly PartTuple[],
): SettleOutcome {
  const isBeingSent = state === "QUEUED" || state === "SUBMITTING";
  const isAll = isBeingSent && isWhole(parts, whole.partCount);
  return isAll ? { kind: "recorded", state, isWhole: true } : { kind: "recorded", state };
}

/** The progress without the parts that still had to be sent and that the attempt, by its parts, has had accepted. */
export function progressAfter(
  progress: DeliveryProgress,
  attempt: number,
  parts: readonly PartTuple[],
): DeliveryProgress {
  return acceptParts(progress, attempt, acceptedNumbers(parts));
}

function acceptedNumbers(parts: readonly PartTuple[]): Set<number> {
  const numbers = new Set<number>();
  for (const [number, outcome] of parts) if (outcome === "ACCEPTED") numbers.add(number);
  return numbers;
}
