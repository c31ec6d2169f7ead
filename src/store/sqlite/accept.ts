/**
 * Accepting: the message, its deliveries and their first reports. Claims at once what asks for it while nothing older waits for that
 * gateway and lane; once something is left waiting, everything after it waits too.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ClaimantId, DeliveryId } from "../../domain/ids.ts";
import { firstClaimNumber } from "../accepting.ts";
import { keepCommitOrder } from "../commit-order.ts";
import { repeatedTypes } from "../delivery-row.ts";
import type { MessageInsert } from "../message-row.ts";
import type { DeliveryShown } from "../pending-report.ts";
import { requestMethods } from "../request-ids.ts";
import { createFindRequest } from "./find-request.ts";
import {
  countedOf,
  deliveryAt,
  deliveryCountOf,
  messageColumnNames,
  ownColumnNames,
  type PackedAcceptance,
  type PackedAcceptOutcome,
  type PackedDelivery,
  readMessage,
  readOwn,
} from "./packed-acceptance.ts";
import { prepare } from "./statement.ts";
import type { TakeReference } from "./take-references.ts";
import type { Transaction } from "./transaction.ts";

const accountOf = readMessage("account_id");
const messageIdOf = readMessage("id");
const senderOf = readMessage("sender");
const laneOf = readMessage("lane");
const acceptTimeOf = readMessage("accept_time");
const repeatedNames = Object.keys(repeatedTypes) as readonly (keyof typeof repeatedTypes)[];
const readRepeated = repeatedNames.map((name) => readMessage(name));
const gatewayOf = readOwn("gateway_id");
const segmentCountOf = readOwn("segment_count");
const recipientOf = readOwn("recipient");
const codeOf = readOwn("code");
const reasonOf = readOwn("reason");

/** What the deliveries of one message have in common. */
interface Alike {
  readonly claimant: ClaimantId;
  readonly sender: string;
  readonly accountId: MessageInsert["account_id"];
  readonly lane: number;
  readonly acceptTimeMs: number;
  readonly availableMs: number;
  readonly repeated: readonly (string | number)[];
  readonly isFollowed: boolean;
}

function shownOf(delivery: PackedDelivery): DeliveryShown {
  return {
    recipient: recipientOf(delivery),
    gateway_id: gatewayOf(delivery),
    segment_count: segmentCountOf(delivery),
    attempt_segment_count: null,
    code: codeOf(delivery),
    reason: reasonOf(delivery),
    submit_time: null,
    done_time: null,
    parts: null,
  };
}

export function createAccept(db: DatabaseSync, takeReference: TakeReference) {
  const findRequest = createFindRequest(db);
  const rememberRequest = prepare(
    db,
    `INSERT INTO request_ids (account_id, method, id, hash, message_id, time)
     VALUES (?, '${requestMethods[0]}', ?, ?, ?, ?)`,
  );
  const insertMessage = prepare(db, insertInto("messages", messageColumnNames));
  const insertDelivery = prepare(
    db,
    insertInto("deliveries", [
      ...ownColumnNames,
      ...repeatedNames,
      ...["id", "available_time", "is_waiting", "claimed_by", "claim_number", "reference", "final_time"],
    ]),
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

  /** Answers whether the delivery was claimed, and its reference. */
  function writeDelivery(
    tx: Transaction,
    alike: Alike,
    delivery: PackedDelivery,
  ): { readonly isClaimed: boolean; readonly reference: number | undefined } {
    const { accountId, lane, acceptTimeMs, availableMs } = alike;
    const gatewayId = gatewayOf(delivery);
    let isClaimed = false;
    let reference: number | undefined;
    if (gatewayId !== null) {
      isClaimed = delivery.wantsClaim && !hasWaiting(tx, gatewayId, lane, availableMs);
      if (!isClaimed) tx.hasWaiting.set(`${lane} ${gatewayId}`, true);
      else if (segmentCountOf(delivery) > 1) {
        reference = takeReference(alike.sender, recipientOf(delivery), acceptTimeMs);
      }
    }
    insertDelivery.run(
      ...delivery.own,
      ...alike.repeated,
      delivery.id,
      availableMs,
      gatewayId !== null && !isClaimed ? 1 : 0,
      isClaimed ? alike.claimant : null,
      isClaimed ? firstClaimNumber : 0,
      reference ?? null,
      gatewayId === null ? acceptTimeMs : null,
    );
    const state = gatewayId === null ? "REJECTED" : "QUEUED";
    const shown = alike.isFollowed ? shownOf(delivery) : undefined;
    tx.reports.push({ accountId, deliveryId: delivery.id, state, timeMs: acceptTimeMs, shown });
    return { isClaimed, reference };
  }

  return function accept(tx: Transaction, entry: PackedAcceptance): PackedAcceptOutcome {
    const [values, , request, claimant] = entry;
    const counted = countedOf(entry);
    const accountId = accountOf(entry);
    const id = messageIdOf(entry);
    const lane = laneOf(entry);
    const acceptTimeMs = acceptTimeOf(entry);
    if (request !== undefined) {
      // However old: cleaning forgets it by `retention.requestIds`.
      const known = findRequest({ accountId, id: request.id });
      if (known !== undefined) return { kind: "known", ...known };
      rememberRequest.run(accountId, request.id, request.hash, id, acceptTimeMs);
    }
    const laneEnd = keepCommitOrder(tx.laneEnds[lane], { id, acceptTimeMs });
    tx.laneEnds[lane] = laneEnd;
    insertMessage.run(...values);
    if (counted !== undefined) tx.counts.add(counted, acceptTimeMs);
    const { availableTimeMs: availableMs } = laneEnd;
    const repeated = readRepeated.map((read) => read(entry));
    const sender = senderOf(entry);
    const isFollowed = tx.followed.has(accountId);
    const alike: Alike = {
      claimant,
      sender,
      accountId,
      lane,
      acceptTimeMs,
      availableMs,
      repeated,
      isFollowed,
    };
    const claimed: { id: DeliveryId; reference: number | undefined }[] = [];
    let isPlain = true;
    for (let index = 0; index < deliveryCountOf(entry); index++) {
      const delivery = deliveryAt(entry, id, index);
      const { isClaimed, reference } = writeDelivery(tx, alike, delivery);
      if (!isClaimed) continue;
      isPlain &&= reference === undefined && claimed.length === index;
      claimed.push({ id: delivery.id, reference });
    }
    return isPlain ? claimed.length : { kind: "accepted", claimed };
  };
}

function insertInto(table: string, names: readonly string[]): string {
  return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
}
