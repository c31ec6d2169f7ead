/**
 * Accepting: the message, its deliveries and their first reports. Claims at once what asks for it while nothing older waits for
 * that gateway and lane; what is left waiting once makes everything after it wait too.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Message } from "../../domain/message.ts";
import { type Acceptance, type AcceptOutcome, firstClaimNumber, type NewDelivery } from "../accepting.ts";
import { laneCodes, stateCodes, textEncodings } from "../codes.ts";
import { keepCommitOrder } from "../commit-order.ts";
import { packOutcomes } from "../message-row.ts";
import { requestMethods } from "../request-ids.ts";
import { createFindRequest } from "./find-request.ts";
import { prepare } from "./statement.ts";
import type { TakeReference } from "./take-references.ts";
import type { Transaction } from "./transaction.ts";

export function createAccept(db: DatabaseSync, takeReference: TakeReference) {
  const findRequest = createFindRequest(db);
  const rememberRequest = prepare(
    db,
    `INSERT INTO request_ids (account_id, method, id, hash, message_id, time)
     VALUES (?, '${requestMethods[0]}', ?, ?, ?, ?)`,
  );
  const insertMessage = prepare(
    db,
    `INSERT INTO messages (account_id, id, sender_kind, sender, content_kind, text, data, udh, lane, at_most_once, encoding,
       transliterate, max_segments, fast, client_reference, metadata, accept_time, expire_time, delivery_count,
       recipient_outcomes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDelivery = prepare(
    db,
    `INSERT INTO deliveries (id, account_id, recipient, country, state, lane, gateway_id, at_most_once, encoding,
       segment_count, available_time, expire_time, is_waiting, claimed_by, claim_number, reference, code, reason,
       final_time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const findWaiting = prepare<{ found: number }>(
    db,
    `SELECT 1 AS found FROM deliveries
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? AND available_time <= ? LIMIT 1`,
  );

  function hasWaiting(tx: Transaction, gatewayId: string, lane: number, availableMs: number): boolean {
    const key = `${lane} ${gatewayId}`;
    let known = tx.hasWaiting.get(key);
    if (known === undefined) {
      known = findWaiting.get(gatewayId, lane, availableMs) !== undefined;
      tx.hasWaiting.set(key, known);
    }
    return known;
  }

  function writeMessage({ message, deliveries, recipientOutcomes }: Acceptance): void {
    const { content } = message;
    const metadata = JSON.stringify(message.metadata);
    insertMessage.run(
      message.accountId,
      message.id,
      message.sender.kind === "NUMERIC" ? 0 : 1,
      message.sender.address,
      content.kind === "text" ? 0 : 1,
      content.kind === "text" ? content.text : null,
      content.kind === "binary" ? content.data : null,
      content.kind === "binary" ? content.udh : null,
      laneCodes[message.lane],
      message.duplicatePolicy === "AT_MOST_ONCE" ? 1 : 0,
      textEncodings.indexOf(message.encoding),
      message.transliterate ? 1 : 0,
      message.maxSegments,
      message.premium ? 1 : 0,
      message.clientReference ?? null,
      metadata === "{}" ? null : metadata,
      message.acceptTimeMs,
      message.expireTimeMs,
      deliveries.length,
      packOutcomes(recipientOutcomes, deliveries.length),
    );
  }

  /** Answers whether the delivery was claimed, and its reference. */
  function writeDelivery(
    tx: Transaction,
    message: Message,
    delivery: NewDelivery,
    claimant: string,
    availableMs: number,
  ): { readonly isClaimed: boolean; readonly reference: number | undefined } {
    const { admission } = delivery;
    const isQueued = admission.kind === "queued";
    const lane = laneCodes[message.lane];
    let isClaimed = false;
    let reference: number | undefined;
    if (isQueued) {
      isClaimed = delivery.wantsClaim && !hasWaiting(tx, admission.gatewayId, lane, availableMs);
      if (!isClaimed) tx.hasWaiting.set(`${lane} ${admission.gatewayId}`, true);
      else if (admission.segmentCount > 1) {
        reference = takeReference(message.sender.address, delivery.recipient, message.acceptTimeMs);
      }
    }
    insertDelivery.run(
      delivery.id,
      message.accountId,
      delivery.recipient,
      delivery.country ?? null,
      isQueued ? stateCodes.QUEUED : stateCodes.REJECTED,
      lane,
      isQueued ? admission.gatewayId : null,
      message.duplicatePolicy === "AT_MOST_ONCE" ? 1 : 0,
      isQueued ? admission.encoding : null,
      isQueued ? admission.segmentCount : 0,
      availableMs,
      message.expireTimeMs,
      isQueued && !isClaimed ? 1 : 0,
      isClaimed ? claimant : null,
      isClaimed ? firstClaimNumber : 0,
      reference ?? null,
      isQueued ? null : admission.code,
      isQueued ? null : admission.reason,
      isQueued ? null : message.acceptTimeMs,
    );
    tx.reports.push({
      accountId: message.accountId,
      deliveryId: delivery.id,
      state: isQueued ? "QUEUED" : "REJECTED",
      timeMs: message.acceptTimeMs,
    });
    return { isClaimed, reference };
  }

  return function accept(tx: Transaction, entry: Acceptance): AcceptOutcome {
    const { message, request } = entry;
    if (request !== undefined) {
      // However old: cleaning forgets it by `retention.requestIds`.
      const known = findRequest({ accountId: message.accountId, id: request.id });
      if (known !== undefined) return { kind: "known", ...known };
      rememberRequest.run(message.accountId, request.id, request.hash, message.id, message.acceptTimeMs);
    }
    const laneEnd = keepCommitOrder(tx.laneEnds[laneCodes[message.lane]], message);
    tx.laneEnds[laneCodes[message.lane]] = laneEnd;
    const availableMs = laneEnd.availableTimeMs;
    writeMessage(entry);
    const claimed: { id: NewDelivery["id"]; reference: number | undefined }[] = [];
    for (const delivery of entry.deliveries) {
      const { isClaimed, reference } = writeDelivery(tx, message, delivery, entry.claimant, availableMs);
      if (isClaimed) claimed.push({ id: delivery.id, reference });
    }
    return { kind: "accepted", claimed };
  };
}
