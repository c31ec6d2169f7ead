/**
 * Reads what the steps of a transaction work on. What leads to the rows (SMSC ids, parked receipts, a message's deliveries) is read
 * first; then what was plainly submitted is written (submit-plainly.ts), all other deliveries are locked in the order of their ids, and
 * their attempts are read, with one round trip.
 */
import { type DeliveryId, type MessageId, maxDeliveries } from "../../domain/ids.ts";
import { parseProgress } from "../delivery-progress.ts";
import { gatewaysOf, idsOf, mostUnderOneId, namesOf } from "../match-receipt.ts";
import { parseParts } from "../part-tuple.ts";
import type { Settlement } from "../settling.ts";
import { keysOf } from "../status-rows.ts";
import type { CancelRequest } from "../write-steps.ts";
import {
  addSmscId,
  attemptKey,
  type DeliveryRow,
  idKey,
  type ParkedRow,
  type SmscIdRow,
} from "./locked-rows.ts";
import { packText, unpackOptional, unpackText } from "./pack-text.ts";
import { addParked, parkedColumns, receiptOf, unpackParked } from "./parked-receipts.ts";
import { statement } from "./statement.ts";
import { findPlain, type Plainable, submitPlainly } from "./submit-plainly.ts";
import type { Transaction } from "./transaction.ts";

export const deliveryColumns = `d.id, d.account_id, d.recipient, d.lane, d.at_most_once, d.expire_time, d.state, d.claimed_by, d.claim_number,
  d.is_cancel_requested, d.gateway_id, d.available_time, d.attempt_count, d.reference, d.code, d.reason, d.submit_time,
  d.final_time, d.done_time, d.progress`;

export const lockDeliveries = statement<DeliveryRow>(
  "lock_deliveries",
  `SELECT ${deliveryColumns} FROM deliveries d WHERE d.id = ANY($1::text[]) ORDER BY d.id FOR UPDATE`,
);
const findMessages = statement<{ id: MessageId }>(
  "find_messages_to_cancel",
  `SELECT m.id FROM unnest($1::text[], $2::text[]) AS k (account_id, id)
   JOIN messages m ON m.account_id = k.account_id AND m.id = k.id`,
);
const findDeliveries = statement<{ message_id: MessageId; id: DeliveryId }>(
  "find_deliveries_to_cancel",
  `SELECT k.message_id, d.id FROM unnest($1::text[], $2::text[], $3::text[]) AS k (message_id, from_id, until_id)
   CROSS JOIN LATERAL (
     SELECT id FROM deliveries WHERE id >= k.from_id AND id < k.until_id ORDER BY id LIMIT ${maxDeliveries}) AS d ORDER BY d.id`,
);
/** Of each key the newest, in the order in which they came. */
const findParked = statement<ParkedRow>(
  "find_parked",
  `SELECT * FROM (
     SELECT p.* FROM unnest($1::text[], $2::text[]) AS k (gateway_id, key)
     CROSS JOIN LATERAL (
       SELECT ${parkedColumns} FROM parked_receipts p WHERE p.gateway_id = k.gateway_id AND p.match_key = k.key
       ORDER BY p.gateway_id DESC, p.match_key DESC, p.id DESC LIMIT ${mostUnderOneId}) AS p
     UNION
     SELECT p.* FROM unnest($1::text[], $2::text[]) AS k (gateway_id, key)
     CROSS JOIN LATERAL (
       SELECT ${parkedColumns} FROM parked_receipts p WHERE p.gateway_id = k.gateway_id AND p.raw_id = k.key
       ORDER BY p.gateway_id DESC, p.raw_id DESC, p.id DESC LIMIT ${mostUnderOneId}) AS p) AS found
   ORDER BY id`,
);
/** Of each key the newest, oldest first. */
const findSmscIds = statement<SmscIdRow>(
  "find_smsc_ids",
  `SELECT s.* FROM unnest($1::text[], $2::text[]) AS k (gateway_id, key)
   CROSS JOIN LATERAL (
     SELECT seq, gateway_id, match_key, raw_id, delivery_id, attempt, part, expire_time
     FROM smsc_ids WHERE gateway_id = k.gateway_id AND match_key = k.key
     ORDER BY gateway_id DESC, match_key DESC, seq DESC LIMIT ${mostUnderOneId}) AS s
   ORDER BY s.seq`,
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

/** Keys under which receipts stand: (gateway, key) pairs, each once. */
class Keys {
  readonly #seen = new Map<string, readonly [string, string]>();

  add(gatewayId: string, ...keys: readonly string[]): void {
    for (const key of keys) this.#seen.set(idKey(gatewayId, key), [gatewayId, packText(key)]);
  }

  has(gatewayId: string, key: string): boolean {
    return this.#seen.has(idKey(gatewayId, key));
  }

  get size(): number {
    return this.#seen.size;
  }

  get arrays(): readonly [string[], string[]] {
    const pairs = [...this.#seen.values()];
    return [pairs.map(([gatewayId]) => gatewayId), pairs.map(([, key]) => key)];
  }
}

export interface RowsWanted extends Plainable {
  /** Parked receipts to apply where they find their part now. */
  readonly parked: readonly ParkedRow[];
  readonly marked: readonly DeliveryId[];
  readonly cancels: readonly CancelRequest[];
}

/** Answers the deliveries of each message that is to be cancelled, by its id. */
export async function loadRows(
  tx: Transaction,
  wanted: RowsWanted,
): Promise<ReadonlyMap<MessageId, readonly DeliveryId[]>> {
  const { connection, rows } = tx;
  const [cancelled] = await Promise.all([findCancelled(tx, wanted.cancels), loadReceiptKeys(tx, wanted)]);
  const plain = new Set(findPlain(rows, wanted));
  const ids = new Set<DeliveryId>(wanted.marked);
  for (const deliveries of cancelled.values()) for (const id of deliveries) ids.add(id);
  for (const found of rows.smscIds.values()) for (const row of found) ids.add(row.delivery_id);
  const others = wanted.settlements.filter((settlement) => !plain.has(settlement));
  for (const { deliveryId } of others) ids.add(deliveryId);
  const [submitted] = await Promise.all([
    submitPlainly(connection, [...plain]),
    lockRows(tx, ids),
    loadAttempts(tx, others),
  ]);
  for (const row of submitted) rows.submitted.set(row.id, row);
  if (submitted.length < plain.size) {
    const left = [...plain].filter(({ deliveryId }) => !rows.submitted.has(deliveryId));
    await Promise.all([
      lockRows(tx, new Set(left.map(({ deliveryId }) => deliveryId))),
      loadAttempts(tx, left),
    ]);
  }
  await loadAccepted(tx, rows.deliveries.values());
  return cancelled;
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

async function findCancelled(
  { connection }: Transaction,
  cancels: readonly CancelRequest[],
): Promise<ReadonlyMap<MessageId, readonly DeliveryId[]>> {
  const found = new Map<MessageId, DeliveryId[]>();
  if (cancels.length === 0) return found;
  const accounts = cancels.map(({ accountId }) => accountId);
  const messages = cancels.map(({ messageId }) => messageId);
  for (const { id } of await connection.all(findMessages, accounts, messages)) found.set(id, []);
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
  return found;
}

async function loadReceiptKeys({ connection, rows }: Transaction, wanted: RowsWanted): Promise<void> {
  const parkedKeys = new Keys();
  const idKeys = new Keys();
  for (const { attempt } of wanted.settlements) {
    for (const { smscMessageId, matchKey } of attempt?.parts ?? []) {
      if (attempt === undefined || smscMessageId === undefined) continue;
      for (const gatewayId of namesOf(attempt))
        parkedKeys.add(gatewayId, smscMessageId, matchKey ?? smscMessageId);
    }
  }
  for (const receipt of wanted.receipts) {
    parkedKeys.add(receipt.gatewayId, receipt.matchKey, receipt.smscMessageId);
    for (const id of idsOf(receipt)) {
      for (const gatewayId of gatewaysOf(receipt)) idKeys.add(gatewayId, id.matchKey, id.smscMessageId);
    }
  }
  const [parked, found] = await Promise.all([
    parkedKeys.size === 0 ? [] : connection.all(findParked, ...parkedKeys.arrays),
    idKeys.size === 0 ? [] : connection.all(findSmscIds, ...idKeys.arrays),
  ]);
  for (const row of parked) addParked(rows, unpackParked(row));
  for (const row of wanted.parked) addParked(rows, row);
  for (const row of found) addPlain(rows, row);
  const ofParked = new Keys();
  for (const row of new Set([...rows.parked.values()].flat())) {
    const receipt = receiptOf(row);
    for (const { matchKey, smscMessageId } of idsOf(receipt)) {
      for (const gatewayId of gatewaysOf(receipt)) {
        const keys = [matchKey, smscMessageId].filter((key) => !idKeys.has(gatewayId, key));
        ofParked.add(gatewayId, ...keys);
      }
    }
  }
  if (ofParked.size === 0) return;
  for (const row of await connection.all(findSmscIds, ...ofParked.arrays)) addPlain(rows, row);
}

function addPlain(rows: Transaction["rows"], row: SmscIdRow): void {
  const [match_key, raw_id] = [unpackText(row.match_key), unpackOptional(row.raw_id)];
  addSmscId(rows, { ...row, match_key, raw_id });
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
