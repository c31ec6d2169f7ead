/**
 * What nearly every receipt is: the first word of the only part that its id leads to, and the end of a SUBMITTED delivery that nothing
 * else of the batch touches. It is judged by rows that were read and not locked; one statement writes what it comes to, guarded by
 * what was read, so that locking, reading and two updates are one. Where something came between, the transaction runs again.
 */
import type { DeliveryId } from "../../domain/ids.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { matchReceipt } from "../match-receipt.ts";
import { parseParts } from "../part-tuple.ts";
import type { DeliveryShown } from "../pending-report.ts";
import { createSendRows } from "./columns.ts";
import { judgeReceipt } from "./judge-receipt.ts";
import type { FoundPart, PlainEnd } from "./locked-rows.ts";
import type { Connection } from "./statement.ts";
import { ChangedMeanwhileError } from "./store-error.ts";

/** What a receipt comes to by the only part that it can mean; undefined where it goes the long way (record-receipts.ts). */
export function judgePlainly(receipt: Receipt, found: FoundPart): PlainEnd | undefined {
  const { account_id: accountId, delivery_id: deliveryId, outcome, parts: partsBefore } = found;
  if (accountId === null || outcome === null || found.state !== stateCodes.SUBMITTED) return undefined;
  const facts = { recipient: found.recipient, state: stateOf(found.state), parts: parseParts(partsBefore) };
  const match = matchReceipt(receipt, { find: () => [found], factsOf: () => facts }, false);
  if (match.kind !== "one") return undefined;
  const { kept, decision } = judgeReceipt(receipt, found, found, { outcome, parts: facts.parts });
  if (decision.kind !== "end" || decision.isOvertaking) return undefined;
  const { state: to, reason, doneTimeMs } = decision.judgement;
  const timeMs = Math.max(receipt.arrivalTimeMs, found.submit_time ?? 0);
  return {
    found,
    accountId,
    deliveryId,
    move: { to, code: undefined, reason, timeMs, doneTimeMs },
    outcome: {
      kind: "matched",
      deliveryId,
      state: to,
      isFirstFinal: true,
      isGuess: match.isGuess,
      sinceSubmitMs: timeMs - (found.submit_time ?? timeMs),
    },
    attempt: found.attempt,
    partsBefore,
    parts: JSON.stringify(kept.parts),
  };
}

/** What the final report shows of the delivery; undefined where reading it would show another attempt. */
export function shownAtEnd({ found, move, attempt, parts }: PlainEnd): DeliveryShown | undefined {
  if (attempt !== found.attempt_count) return undefined;
  return {
    recipient: found.recipient,
    gateway_id: found.current_gateway_id,
    segment_count: found.segment_count,
    attempt_segment_count: found.segment_count,
    code: null,
    reason: move.reason ?? null,
    submit_time: found.submit_time,
    done_time: move.doneTimeMs ?? null,
    parts,
  };
}

interface EndRow {
  readonly id: DeliveryId;
  /** SUBMITTED; as a value, since by what the text says the planner might read all that is. */
  readonly from_state: number;
  readonly state: number;
  readonly reason: string | null;
  readonly final_time: number;
  readonly done_time: number | null;
  readonly number: number;
  readonly parts_before: string;
  readonly parts: string;
}

const end = createSendRows<EndRow, { ended: number; kept: number }>({
  name: "end_deliveries",
  columns: {
    id: "text",
    from_state: "smallint",
    state: "smallint",
    reason: "text",
    final_time: "bigint",
    done_time: "bigint",
    number: "integer",
    parts_before: "text",
    parts: "text",
  },
  keys: ["id"],
  textOf: (source) => `WITH ended AS (
       UPDATE deliveries AS d SET state = r.state, code = NULL, reason = r.reason, final_time = r.final_time,
         done_time = r.done_time
       FROM ${source} WHERE d.id = r.id AND d.state = r.from_state
       RETURNING d.id, r.number, r.parts_before, r.parts
     ), kept AS (
       UPDATE attempts AS a SET parts = e.parts FROM ended e
       WHERE a.delivery_id = e.id AND a.number = e.number AND a.parts = e.parts_before
       RETURNING a.delivery_id
     )
     SELECT (SELECT count(*)::integer FROM ended) AS ended, (SELECT count(*)::integer FROM kept) AS kept`,
});

/** Ends them; rejects where one is not as it was read. */
export async function endPlainly(connection: Connection, ends: readonly PlainEnd[]): Promise<void> {
  if (ends.length === 0) return;
  const rows = ends.map(
    ({ deliveryId, move, attempt, partsBefore, parts }): EndRow => ({
      id: deliveryId,
      from_state: stateCodes.SUBMITTED,
      state: stateCodes[move.to],
      reason: move.reason ?? null,
      final_time: move.timeMs,
      done_time: move.doneTimeMs ?? null,
      number: attempt,
      parts_before: partsBefore,
      parts,
    }),
  );
  // In the order of ids, as all deliveries are locked.
  rows.sort((left, right) => (left.id < right.id ? -1 : 1));
  const [counts] = await end(connection, rows);
  if (counts?.ended !== ends.length || counts.kept !== ends.length) throw new ChangedMeanwhileError();
}
