/**
 * Reads what the steps of a transaction work on. What leads to the rows (SMSC ids, parked receipts, a message's deliveries) is read first.
 * Then what is plainly submitted or ended is written (submit-plainly.ts, end-plainly.ts), all other deliveries are locked in the order of
 * their ids, and their attempts are read, with one round trip.
 */
import { type DeliveryId, type MessageId, maxDeliveries } from "../../domain/ids.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { parseProgress } from "../delivery-progress.ts";
import { parseParts } from "../part-tuple.ts";
import type { Settlement } from "../settling.ts";
import { keysOf } from "../status-rows.ts";
import type { CancelRequest } from "../write-steps.ts";
import { endPlainly } from "./end-plainly.ts";
import { findPlain, isAskedThere, type Plainable } from "./find-plain.ts";
import { attemptKey, type DeliveryRow, type ParkedRow } from "./locked-rows.ts";
import { addParked, receiptOf } from "./parked-receipts.ts";
import { addParts, findParts, loadParked } from "./receipt-keys.ts";
import { statement } from "./statement.ts";
import { submitPlainly } from "./submit-plainly.ts";
import type { Transaction } from "./transaction.ts";

export const deliveryColumns = `d.id, d.account_id, d.recipient, d.lane, d.at_most_once, d.expire_time, d.state, d.claimed_by, d.claim_number,
  d.is_cancel_requested, d.gateway_id, d.available_time, d.attempt_count, d.reference, d.code, d.reason, d.submit_time,
  d.final_time, d.done_time, d.progress`;

export const lockDeliveries = statement<DeliveryRow>(
  "lock_deliveries",
  `SELECT ${deliveryColumns} FROM deliveries d WHERE d.id = ANY($1::text[]) ORDER BY d.id FOR UPDATE`,
);
const lockInOrder = statement(
  "lock_in_order",
  "SELECT d.id FROM deliveries d WHERE d.id = ANY($1::text[]) ORDER BY d.id FOR UPDATE",
);
const findMessages = statement<{ account_id: string; id: MessageId }>(
  "find_messages_to_cancel",
  `SELECT m.account_id, m.id FROM unnest($1::text[], $2::text[]) AS k (account_id, id)
   JOIN messages m ON m.account_id = k.account_id AND m.id = k.id`,
);
const findDeliveries = statement<{ message_id: MessageId; id: DeliveryId }>(
  "find_deliveries_to_cancel",
  `SELECT k.message_id, d.id FROM unnest($1::text[], $2::text[], $3::text[]) AS k (message_id, from_id, until_id)
   CROSS JOIN LATERAL (
     SELECT id FROM deliveries WHERE id >= k.from_id AND id < k.until_id ORDER BY id LIMIT ${maxDeliveries}) AS d ORDER BY d.id`,
);
const findAttempts = statement<{
  delivery_id: string;
  number: number;
  gateway_id: string;
  start_time: number;
  end_time: number;
  outcome: string;
  encoding: string;
  segment_count: number;
  reference: number | null;
  trace: string | null;
  parts: string;
}>(
  "find_attempts",
  `SELECT a.delivery_id, a.number, a.gateway_id, a.start_time, a.end_time, a.outcome, a.encoding, a.segment_count, a.reference,
     a.trace, a.parts
   FROM unnest($1::text[], $2::integer[]) AS k (delivery_id, number)
   JOIN attempts a ON a.delivery_id = k.delivery_id AND a.number = k.number`,
);

export interface RowsWanted extends Plainable {
  /** Parked receipts to apply where they find their part now. */
  readonly parked: readonly ParkedRow[];
  readonly marked: readonly DeliveryId[];
  readonly cancels: readonly CancelRequest[];
}

/** Answers the deliveries of each message that is to be cancelled, by `cancelKey`. */
export async function loadRows(
  tx: Transaction,
  wanted: RowsWanted,
): Promise<ReadonlyMap<string, readonly DeliveryId[]>> {
  const { connection, rows } = tx;
  for (const row of wanted.parked) addParked(rows, row);
  const [cancelled, found] = await Promise.all([
    findCancelled(tx, wanted.cancels),
    findParts(connection, wanted.receipts),
    loadParked(tx, wanted.settlements, [], isAskedThere),
  ]);
  const ofParked = await findParts(connection, parkedReceipts(rows));
  const ids = new Set<DeliveryId>(wanted.marked);
  for (const deliveries of cancelled.values()) for (const id of deliveries) ids.add(id);
  for (const { delivery_id } of ofParked) ids.add(delivery_id);
  const plain = findPlain(rows, wanted, found, ids);
  const ended = new Set([...plain.ends.values()].map(({ deliveryId }) => deliveryId));
  const left = ended.size === 0 ? found : found.filter(({ delivery_id }) => !ended.has(delivery_id));
  addParts(rows, left, ofParked);
  for (const { delivery_id } of left) ids.add(delivery_id);
  const known = new Set<Settlement>(plain.settlements);
  for (const entry of wanted.settlements) if (!known.has(entry)) ids.add(entry.deliveryId);
  const [submitted] = await Promise.all([
    submitPlainly(connection, plain.settlements),
    // Where some are locked and others are not, one might wait for a transaction that waits for the other.
    ended.size === 0 || ids.size === 0 ? [] : connection.all(lockInOrder, [...ids, ...ended]),
    endPlainly(connection, [...plain.ends.values()]),
  ]);
  for (const row of submitted) rows.submitted.set(row.id, row);
  for (const [receipt, end] of plain.ends) rows.ended.set(receipt, end);
  await loadOthers(tx, wanted, ids);
  return cancelled;
}

/** What is neither submitted nor ended plainly. */
async function loadOthers(
  tx: Transaction,
  { settlements: allSettlements, receipts: allReceipts }: Plainable,
  ids: Set<DeliveryId>,
): Promise<void> {
  const { connection, rows } = tx;
  const settlements = allSettlements.filter(({ deliveryId }) => !rows.submitted.has(deliveryId));
  const receipts = allReceipts.filter((receipt) => !rows.ended.has(receipt));
  await loadParked(tx, settlements.filter(isAskedThere), receipts);
  if (settlements.length > 0) addParts(rows, await findParts(connection, parkedReceipts(rows)));
  for (const { deliveryId } of settlements) ids.add(deliveryId);
  // With those that were found by what is parked for settlements that were not as plain as they looked.
  for (const parts of rows.smscIds.values()) for (const { delivery_id } of parts) ids.add(delivery_id);
  await Promise.all([lockRows(tx, ids), loadAttempts(tx, settlements)]);
  await loadAccepted(tx, rows.deliveries.values());
}

function parkedReceipts({ parked }: Transaction["rows"]): readonly Receipt[] {
  return parked.size === 0 ? [] : [...new Set([...parked.values()].flat())].map(receiptOf);
}

/** The attempts by which some of these rows may become SUBMITTED, without a statement where there is none. */
export async function loadAccepted(tx: Transaction, rows: Iterable<DeliveryRow>): Promise<void> {
  const keys: [string, number][] = [];
  for (const { id, progress, attempt_count } of rows) {
    const accepted = progress === null ? undefined : parseProgress(progress).accepted;
    if (accepted === undefined) continue;
    // Rows of earlier releases do not name it: then it was the last.
    const attempt = accepted.attempt ?? attempt_count;
    if (!tx.rows.attempts.has(attemptKey(id, attempt))) keys.push([id, attempt]);
  }
  if (keys.length > 0) await readAttempts(tx, keys);
}

async function lockRows({ connection, rows }: Transaction, ids: ReadonlySet<DeliveryId>): Promise<void> {
  if (ids.size === 0) return;
  for (const row of await connection.all(lockDeliveries, [...ids])) rows.deliveries.set(row.id, row);
}

/** The key of what `findCancelled` answers: a message is its account's alone, whoever else asks for it in the same batch. */
export function cancelKey({ accountId, messageId }: Pick<CancelRequest, "accountId" | "messageId">): string {
  return `${messageId} ${accountId}`;
}

async function findCancelled(
  { connection }: Transaction,
  cancels: readonly CancelRequest[],
): Promise<ReadonlyMap<string, readonly DeliveryId[]>> {
  const owned = new Map<string, DeliveryId[]>();
  const found = new Map<MessageId, DeliveryId[]>();
  if (cancels.length === 0) return owned;
  const accounts = cancels.map(({ accountId }) => accountId);
  const messages = cancels.map(({ messageId }) => messageId);
  for (const { account_id, id } of await connection.all(findMessages, accounts, messages)) {
    const ids = found.get(id) ?? [];
    found.set(id, ids);
    owned.set(cancelKey({ accountId: account_id as CancelRequest["accountId"], messageId: id }), ids);
  }
  const keys = [...found.keys()].map((id) => [id, ...keysOf(id)] as const);
  const rows = await connection.all(
    findDeliveries,
    keys.map(([id]) => id),
    keys.map(([, from]) => from),
    keys.map(([, , until]) => until),
  );
  for (const { message_id, id } of rows) {
    const ids = found.get(message_id);
    if (ids?.at(-1) !== id) ids?.push(id);
  }
  return owned;
}

/** Those that a settlement may go on with or tell again, and those that SMSC ids led to. */
async function loadAttempts(tx: Transaction, settlements: readonly Settlement[]): Promise<void> {
  const keys = new Map<string, readonly [string, number]>();
  const add = (id: string, number: number) => keys.set(attemptKey(id, number), [id, number]);
  for (const { deliveryId, attempt } of settlements) {
    if (attempt === undefined) continue;
    add(deliveryId, attempt.number);
    add(deliveryId, -attempt.number);
  }
  for (const found of tx.rows.smscIds.values()) for (const row of found) add(row.delivery_id, row.attempt);
  if (keys.size > 0) await readAttempts(tx, [...keys.values()]);
}

async function readAttempts(
  { connection, rows }: Transaction,
  keys: readonly (readonly [id: string, number: number])[],
): Promise<void> {
  const found = await connection.all(
    findAttempts,
    keys.map(([id]) => id),
    keys.map(([, number]) => number),
  );
  for (const row of found) {
    rows.attempts.set(attemptKey(row.delivery_id, row.number), { ...row, parts: parseParts(row.parts) });
  }
}
