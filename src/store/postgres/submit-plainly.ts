/**
 * What nearly every settlement is: an attempt under a new number, submitted, its claim held, nothing parked for its ids. The guard of
 * one statement decides that, so that the row need not be locked and read before it is written, which took a quarter of what the
 * server spends on settling. What the guard leaves out goes the long way (settle.ts).
 */
import type { ClaimantId, DeliveryId } from "../../domain/ids.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { stateCodes } from "../codes.ts";
import { gatewaysOf, idsOf } from "../match-receipt.ts";
import type { Settlement } from "../settling.ts";
import { createSendRows } from "./columns.ts";
import { idKey, type LockedRows, type SubmittedDelivery } from "./locked-rows.ts";
import { receiptOf } from "./parked-receipts.ts";
import type { Connection } from "./statement.ts";

/** Before their rows are loaded: what a batch settles, and the receipts that it applies. */
export interface Plainable {
  readonly settlements: readonly Settlement[];
  readonly receipts: readonly Receipt[];
}

interface Submission {
  readonly id: DeliveryId;
  readonly claimant: ClaimantId;
  readonly claim_number: number;
  readonly gateway_id: string;
  readonly attempt_count: number;
  readonly submit_time: number;
}

const submitDeliveries = createSendRows<Submission, SubmittedDelivery>({
  name: "submit_deliveries",
  columns: {
    id: "text",
    claimant: "text",
    claim_number: "integer",
    gateway_id: "text",
    attempt_count: "integer",
    submit_time: "bigint",
  },
  keys: ["id", "claimant"],
  textOf: (source) =>
    `UPDATE deliveries AS d SET state = ${stateCodes.SUBMITTED}, claimed_by = NULL, progress = NULL,
       submit_time = r.submit_time, gateway_id = r.gateway_id, attempt_count = r.attempt_count
     FROM ${source} WHERE d.id = r.id AND d.claimed_by = r.claimant AND d.claim_number = r.claim_number
       AND d.attempt_count < r.attempt_count
     RETURNING d.id, d.account_id, d.expire_time`,
});

/** Those that may be plain, by what is known before their rows are: no receipt is there for them, and they are settled once. */
export function findPlain(rows: LockedRows, { settlements, receipts }: Plainable): readonly Settlement[] {
  const received = new Set<string>();
  const known = [...receipts, ...new Set([...rows.parked.values()].flat().map(receiptOf))];
  for (const receipt of known) {
    for (const { matchKey, smscMessageId } of idsOf(receipt)) {
      for (const gatewayId of gatewaysOf(receipt))
        received.add(idKey(gatewayId, matchKey)).add(idKey(gatewayId, smscMessageId));
    }
  }
  const counts = new Map<DeliveryId, number>();
  for (const { deliveryId } of settlements) counts.set(deliveryId, (counts.get(deliveryId) ?? 0) + 1);
  return settlements.filter(({ deliveryId, attempt, verdict }) => {
    if (attempt === undefined || verdict.kind !== "submitted" || !verdict.expectsReceipts) return false;
    if (counts.get(deliveryId) !== 1) return false;
    const { gatewayId, parts } = attempt;
    return !parts.some(
      ({ smscMessageId: id, matchKey }) =>
        id !== undefined && [id, matchKey ?? id].some((key) => received.has(idKey(gatewayId, key))),
    );
  });
}

/** Makes them SUBMITTED where the guard holds; answers which they were. */
export async function submitPlainly(
  connection: Connection,
  plain: readonly Settlement[],
): Promise<readonly SubmittedDelivery[]> {
  const submissions = plain.flatMap(({ deliveryId, claimant, claimNumber, timeMs, attempt }): Submission[] =>
    attempt === undefined
      ? []
      : [
          {
            id: deliveryId,
            claimant,
            claim_number: claimNumber,
            gateway_id: attempt.gatewayId,
            attempt_count: attempt.number,
            submit_time: timeMs,
          },
        ],
  );
  if (submissions.length === 0) return [];
  // In the order of ids, as all deliveries are locked.
  submissions.sort((left, right) => (left.id < right.id ? -1 : 1));
  return submitDeliveries(connection, submissions);
}
