/** Claiming the waiting deliveries of a gateway's queue, by lane, in the order (available_time, id); and SUBMITTING. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId, ClaimantId, DeliveryId } from "../../domain/ids.ts";
import { messageIdOf } from "../../domain/ids.ts";
import type { DeliveryProgress, DeliveryWork, E164, Message } from "../../domain/message.ts";
import { lanes, noProgress } from "../../domain/message.ts";
import type { Claim, ClaimRef, ClaimRequest } from "../accepting.ts";
import { laneCodes } from "../codes.ts";
import {
  type ContentRow,
  contentColumns,
  contentOf,
  type MessageRow,
  messageColumns,
  messageOf,
} from "../message-row.ts";
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
}

export function createClaim(db: DatabaseSync, takeReference: TakeReference) {
  const findWaiting = prepare<WaitingRow>(
    db,
    `SELECT id, account_id, recipient, country, segment_count, reference, progress, claim_number
     FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? AND available_time <= ? AND expire_time > ?
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
  // Rows past their validity are left to the expirer, also here, so that nobody comes back for them at once.
  const findNext = prepare<{ available_time: number }>(
    db,
    `SELECT available_time FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? AND expire_time > ? ORDER BY available_time, id LIMIT 1`,
  );
  const startSubmitting = prepare(
    db,
    "UPDATE deliveries SET state = 2 WHERE id = ? AND claimed_by = ? AND claim_number = ? AND state = 1 AND is_cancel_requested = 0",
  );

  return {
    claim(tx: Transaction, { claimant, gatewayId, limits, nowMs }: ClaimRequest): Claim {
      const messages = new Map<string, Message>();
      const deliveries: DeliveryWork[] = [];
      // What commit order moved a little into the future (accept.ts) is available already.
      const availableMs = (lane: number) => Math.max(nowMs, tx.laneEnds[lane]?.availableTimeMs ?? 0);
      for (const lane of lanes) {
        if (limits[lane] <= 0) continue;
        const code = laneCodes[lane];
        for (const row of findWaiting.all(gatewayId, code, availableMs(code), nowMs, limits[lane])) {
          const messageId = messageIdOf(row.id);
          let message = messages.get(messageId);
          if (message === undefined) {
            const found = findMessage.get(row.account_id, messageId);
            if (found === undefined) throw new Error("a waiting delivery has no message");
            message = { ...messageOf(found), content: contentOf(found) };
            messages.set(messageId, message);
          }
          let reference = row.reference ?? undefined;
          if (row.segment_count > 1) {
            reference ??= takeReference(message.sender.address, row.recipient, nowMs);
          }
          const claimNumber = row.claim_number + 1;
          take.run(claimant, claimNumber, reference ?? null, row.id);
          deliveries.push({
            id: row.id,
            claimNumber,
            recipient: row.recipient,
            country: row.country ?? undefined,
            progress: progressOf(row.progress),
            reference,
          });
        }
      }
      tx.hasWaiting.clear();
      return { messages: [...messages.values()], deliveries, nextAvailableTimeMs: next(gatewayId, nowMs) };
    },

    markSubmitting({ id, claimNumber }: ClaimRef, claimant: ClaimantId): boolean {
      return startSubmitting.run(id, claimant, claimNumber) === 1;
    },
  };

  function next(gatewayId: string, nowMs: number): number | undefined {
    let earliest: number | undefined;
    for (const lane of lanes) {
      const found = findNext.get(gatewayId, laneCodes[lane], nowMs)?.available_time;
      if (found !== undefined && (earliest === undefined || found < earliest)) earliest = found;
    }
    return earliest;
  }
}

function progressOf(json: string | null): DeliveryProgress {
  return json === null ? noProgress : (JSON.parse(json) as DeliveryProgress);
}
