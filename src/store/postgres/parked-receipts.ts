/**
 * Receipts that wait: for the response that they belong to (P2), or because their id may mean another part a moment later. One that names
 * two ids waits under both, in two rows that go together. A receipt and its response may be committed by two replicas at the same moment,
 * so that neither sees the other: each is looked at again after a second.
 */
import type { Receipt, ReceiptedId } from "../../domain/receipt.ts";
import { idsOf, mostUnderOneId } from "../match-receipt.ts";
import { nextLookMs, pairOf, parseParkedReceipt, renameParked } from "../parked-receipt.ts";
import type { RenameRequest } from "../write-steps.ts";
import { idKey, type LockedRows, type ParkedRow } from "./locked-rows.ts";
import { unpackText } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

/** Two transactions that missed each other have both ended by then. */
const firstLookMs = 1_000;

export const parkedColumns =
  "p.id, p.gateway_id, p.match_key, p.raw_id, p.arrival_time, p.receipt, p.raw, p.due_time, p.pair";

const findDue = statement<ParkedRow>(
  "find_due_receipts",
  `SELECT ${parkedColumns} FROM parked_receipts p WHERE p.due_time <= $1
   ORDER BY p.due_time LIMIT $2 FOR UPDATE OF p SKIP LOCKED`,
);

const findOf = statement<ParkedRow>(
  "find_receipts_of",
  `SELECT ${parkedColumns} FROM parked_receipts p WHERE p.gateway_id = $1
   ORDER BY p.gateway_id, p.match_key, p.id LIMIT $2 FOR UPDATE OF p SKIP LOCKED`,
);
const rename = statement(
  "rename_receipts",
  `UPDATE parked_receipts p SET gateway_id = k.gateway_id, receipt = k.receipt, due_time = k.due_time
   FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS k (id, gateway_id, receipt, due_time)
   WHERE p.id = k.id`,
);

/** Brings rows under former names of gateways to today's; how many. */
export async function renameReceipts(
  connection: Connection,
  { renamed, nowMs, limit }: RenameRequest,
): Promise<number> {
  let moved = 0;
  for (const former of renamed.keys()) {
    if (moved >= limit) break;
    const rows = (await connection.all(findOf, former, limit - moved)).map(unpackParked);
    if (rows.length === 0) continue;
    const today = rows.map(({ receipt, raw, match_key: matchKey, raw_id: rawId }) =>
      renameParked({ receipt, raw: new Uint8Array(raw), matchKey, rawId }, renamed, nowMs),
    );
    await connection.run(
      rename,
      rows.flatMap(({ id }) => id ?? []),
      today.map(({ gatewayId }) => gatewayId),
      today.map(({ receipt }) => receipt),
      today.map(({ dueMs }) => dueMs),
    );
    moved += rows.length;
  }
  return moved;
}

/** Receipts whose time has come, locked. */
export async function findDueReceipts(
  connection: Connection,
  nowMs: number,
  limit: number,
): Promise<readonly ParkedRow[]> {
  return (await connection.all(findDue, nowMs, limit)).map(unpackParked);
}

export function unpackParked(row: ParkedRow): ParkedRow {
  return { ...row, match_key: unpackText(row.match_key), raw_id: unpackText(row.raw_id) };
}

export function receiptOf(row: ParkedRow): Receipt {
  return parseParkedReceipt(row.receipt, new Uint8Array(row.raw));
}

/** Puts a row that was read, or is to be written, where it is found. */
export function addParked({ parked }: LockedRows, row: ParkedRow): void {
  for (const key of keysOf(row)) {
    const known = parked.get(key);
    if (known === undefined) parked.set(key, [row]);
    else if (!known.some(({ id }) => id !== undefined && id === row.id)) known.push(row);
  }
}

function keysOf({ gateway_id, match_key, raw_id }: ParkedRow): ReadonlySet<string> {
  return new Set([idKey(gateway_id, match_key), idKey(gateway_id, raw_id)]);
}

/** In the order in which they came; the newest, where a key has many. */
export function findByKey({ parked }: LockedRows, gatewayId: string, matchKey: string): readonly ParkedRow[] {
  return (parked.get(idKey(gatewayId, matchKey)) ?? [])
    .filter((row) => row.match_key === matchKey)
    .slice(-mostUnderOneId);
}

/** Those under another key whose id is written like this one; in the same order. */
export function findByRawId(
  { parked }: LockedRows,
  gatewayId: string,
  { matchKey, smscMessageId }: ReceiptedId,
): readonly ParkedRow[] {
  return (parked.get(idKey(gatewayId, smscMessageId)) ?? [])
    .filter((row) => row.raw_id === smscMessageId && row.match_key !== matchKey)
    .slice(-mostUnderOneId);
}

export function park(rows: LockedRows, receipt: Receipt): void {
  const { gatewayId, arrivalTimeMs, raw, waitMs } = receipt;
  const isKnown = findByKey(rows, gatewayId, receipt.matchKey).some(
    (parked) => Buffer.compare(parked.raw, raw) === 0,
  );
  // An SMSC that had no answer sends its receipt again.
  if (isKnown) return;
  const { raw: _, ...rest } = receipt;
  const text = JSON.stringify(rest);
  const pair = pairOf(receipt);
  idsOf(receipt).forEach(({ matchKey, smscMessageId }, index) => {
    const row: ParkedRow = {
      id: undefined,
      gateway_id: gatewayId,
      match_key: matchKey,
      raw_id: smscMessageId,
      arrival_time: arrivalTimeMs,
      receipt: text,
      raw,
      due_time: index === 0 ? arrivalTimeMs + Math.min(firstLookMs, waitMs) : null,
      pair,
    };
    addParked(rows, row);
    rows.newParked.add(row);
  });
}

/** Takes a receipt's rows away, those that stand in memory and those that do not. */
export function unpark(rows: LockedRows, row: ParkedRow): void {
  const isGoing = (other: ParkedRow) => other === row || (row.pair !== null && other.pair === row.pair);
  // Each of its rows stands under a key of its own.
  const twins =
    row.pair === null
      ? []
      : idsOf(receiptOf(row)).flatMap(({ matchKey }) => findByKey(rows, row.gateway_id, matchKey));
  for (const going of new Set([row, ...twins].filter(isGoing))) {
    for (const key of keysOf(going)) {
      rows.parked.set(
        key,
        (rows.parked.get(key) ?? []).filter((other) => other !== going),
      );
    }
    if (!rows.newParked.delete(going)) rows.unparked.add(going);
  }
  if (row.pair !== null) rows.unparkedPairs.add(row.pair);
}

/** It stays until its time, or until a response comes for it. */
export function keepParked(rows: LockedRows, row: ParkedRow, nowMs: number): void {
  rows.keptParked.set(row, nextLookMs(receiptOf(row), nowMs) ?? null);
}
