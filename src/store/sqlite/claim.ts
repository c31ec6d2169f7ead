/**
 * Claiming the waiting deliveries of a gateway's queue, by lane, in the order (available_time, id); and SUBMITTING. What it meets past
 * its validity it ends, so that nothing is passed over twice.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId } from "../../domain/ids.ts";
import { messageIdOf } from "../../domain/ids.ts";
import type { DeliveryWork, E164, Message } from "../../domain/message.ts";
import { lanes } from "../../domain/message.ts";
import type { Claim, ClaimRef, ClaimRequest } from "../accepting.ts";
import { laneCodes } from "../codes.ts";
import { parseProgress } from "../delivery-progress.ts";
import {
  type ContentRow,
  contentColumns,
  contentOf,
  type MessageRow,
  messageColumns,
  messageOf,
} from "../message-row.ts";
import { countStates } from "../state-counts.ts";
import type { EndOverdue } from "./end-overdue.ts";
import { prepare } from "./statement.ts";
import type { TakeReference } from "./take-references.ts";
import type { Transaction } from "./transaction.ts";

interface WaitingRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly recipient: E164;
  readonly country: string | null;
  readonly segment_count: number;
  readonly reference: number | null;
  readonly progress: string | null;
  readonly claim_number: number;
  readonly expire_time: number;
}

/** Overdue rows that a claim ends in one lane before it leaves the rest to the next and to the expirer. */
const mostEnded = 500;

export function createClaim(db: DatabaseSync, takeReference: TakeReference, endOverdue: EndOverdue) {
  const findWaiting = prepare<WaitingRow>(
    db,
    `SELECT id, account_id, recipient, country, segment_count, reference, progress, claim_number, expire_time
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? AND available_time <= ?
     ORDER BY available_time, id LIMIT ? + 0`,
  );
  const take = prepare(
    db,
    `UPDATE deliveries SET claimed_by = ?, claim_number = ?, is_waiting = 0, reference = ? WHERE id = ? AND is_waiting = 1`,
  );
  const findMessage = prepare<MessageRow & ContentRow>(
    db,
    `SELECT ${messageColumns}, ${contentColumns} FROM messages WHERE account_id = ? AND id = ?`,
  );
  const findNext = prepare<{ available_time: number }>(
    db,
    `SELECT available_time FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? ORDER BY available_time, id LIMIT 1`,
  );
  const startSubmitting = prepare(
    db,
    "UPDATE deliveries SET state = 2 WHERE id = ? AND claimed_by = ? AND claim_number = ? AND state = 1 AND is_cancel_requested = 0",
  );

  return {
    claim(tx: Transaction, { claimant, gatewayId, limits, nowMs, keepsOverdue }: ClaimRequest): Claim {
      const messages = new Map<string, Message>();
      const deliveries: DeliveryWork[] = [];
      const overdue: DeliveryState[] = [];
      for (const lane of lanes) {
        const code = laneCodes[lane];
        // What commit order moved a little into the future (accept.ts) is available already.
        const availableMs = Math.max(nowMs, tx.laneEnds[code]?.availableTimeMs ?? 0);
        let free = limits[lane];
        for (let ended = 0, isMore = true; isMore && free > 0 && ended < mostEnded; ) {
          const rows = findWaiting.all(gatewayId, code, availableMs, free);
          isMore = rows.length === free;
          // Whatever becomes of a row, it leaves the index, and is not looked at again.
          for (const row of rows) {
            if (row.expire_time <= nowMs && keepsOverdue !== true) {
              ended += 1;
              overdue.push(endOverdue(tx, row, nowMs));
              continue;
            }
            free -= 1;
            deliveries.push(takeRow(row, claimant, messageOfRow(messages, row), nowMs));
          }
        }
      }
      tx.hasWaiting.clear();
      return {
        messages: [...messages.values()],
        deliveries,
        overdue: countStates(overdue),
        nextAvailableTimeMs: next(gatewayId),
      };
    },

    markSubmitting({ id, claimNumber }: ClaimRef, claimant: ClaimantId): boolean {
      return startSubmitting.run(id, claimant, claimNumber) === 1;
    },
  };

  function messageOfRow(messages: Map<string, Message>, { id, account_id }: WaitingRow): Message {
    const messageId = messageIdOf(id);
    const known = messages.get(messageId);
    if (known !== undefined) return known;
    const found = findMessage.get(account_id, messageId);
    if (found === undefined) throw new Error("a waiting delivery has no message");
    const message = { ...messageOf(found), content: contentOf(found) };
    messages.set(messageId, message);
    return message;
  }

  function takeRow(row: WaitingRow, claimant: ClaimantId, message: Message, nowMs: number): DeliveryWork {
    let reference = row.reference ?? undefined;
    if (row.segment_count > 1) reference ??= takeReference(message.sender.address, row.recipient, nowMs);
    const claimNumber = row.claim_number + 1;
    take.run(claimant, claimNumber, reference ?? null, row.id);
    return {
      id: row.id,
      claimNumber,
      recipient: row.recipient,
      country: row.country ?? undefined,
      progress: parseProgress(row.progress),
      reference,
    };
  }

  function next(gatewayId: string): number | undefined {
    let earliest: number | undefined;
    for (const lane of lanes) {
      const found = findNext.get(gatewayId, laneCodes[lane])?.available_time;
      if (found !== undefined && (earliest === undefined || found < earliest)) earliest = found;
    }
    return earliest;
  }
}
