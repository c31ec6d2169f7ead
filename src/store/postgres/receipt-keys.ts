/** Reads what receipts and settlements may mean: the parts under the ids of receipts, and what is parked under the ids of parts. */
import type { Receipt } from "../../domain/receipt.ts";
import { gatewaysOf, idsOf, mostUnderOneId, namesOf } from "../match-receipt.ts";
import type { Settlement } from "../settling.ts";
import { addSmscId, type FoundPart, idKey, type ParkedRow } from "./locked-rows.ts";
import { packText, unpackOptional, unpackText } from "./pack-text.ts";
import { addParked, parkedColumns, unpackParked } from "./parked-receipts.ts";
import { type Connection, statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** Of each key the newest, in the order in which they came. */
const findParkedRows = statement<ParkedRow>(
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
/** Of each key the newest, oldest first; with what judging them takes, so that most need not be read again. */
const findFound = statement<FoundPart>(
  "find_parts",
  `SELECT s.*, d.account_id, d.recipient, d.gateway_id AS current_gateway_id, d.state, d.submit_time, d.attempt_count, d.progress,
     a.outcome, a.segment_count, a.parts
   FROM unnest($1::text[], $2::text[]) AS k (gateway_id, key)
   CROSS JOIN LATERAL (
     SELECT seq, gateway_id, match_key, raw_id, delivery_id, attempt, part, expire_time
     FROM smsc_ids WHERE gateway_id = k.gateway_id AND match_key = k.key
     ORDER BY gateway_id DESC, match_key DESC, seq DESC LIMIT ${mostUnderOneId}) AS s
   LEFT JOIN deliveries d ON d.id = s.delivery_id
   LEFT JOIN attempts a ON a.delivery_id = s.delivery_id AND a.number = s.attempt
   ORDER BY s.seq`,
);

/** Keys under which receipts stand: (gateway, key) pairs, each once. */
class Keys {
  readonly #seen = new Map<string, readonly [string, string]>();

  add(gatewayId: string, ...keys: readonly string[]): void {
    for (const key of keys) this.#seen.set(idKey(gatewayId, key), [gatewayId, packText(key)]);
  }

  get size(): number {
    return this.#seen.size;
  }

  get arrays(): readonly [string[], string[]] {
    const pairs = [...this.#seen.values()];
    return [pairs.map(([gatewayId]) => gatewayId), pairs.map(([, key]) => key)];
  }
}

/** The parts that these receipts may mean, oldest first, without a statement where there is no receipt. */
export async function findParts(
  connection: Connection,
  receipts: readonly Receipt[],
): Promise<readonly FoundPart[]> {
  const keys = new Keys();
  for (const receipt of receipts) {
    for (const { matchKey, smscMessageId } of idsOf(receipt)) {
      for (const gatewayId of gatewaysOf(receipt)) keys.add(gatewayId, matchKey, smscMessageId);
    }
  }
  if (keys.size === 0) return [];
  const found = await connection.all(findFound, ...keys.arrays);
  return found.map((row) => ({
    ...row,
    match_key: unpackText(row.match_key),
    raw_id: unpackOptional(row.raw_id),
  }));
}

/** Makes them known. What stands under a key is read at once, so that a key that is known is known wholly. */
export function addParts(rows: Transaction["rows"], ...all: readonly (readonly FoundPart[])[]): void {
  for (const parts of all) {
    const known = new Set(rows.smscIds.keys());
    for (const part of parts) if (!known.has(idKey(part.gateway_id, part.match_key))) addSmscId(rows, part);
  }
}

/**
 * Reads what is parked for the parts of these settlements, and beside these receipts; without a statement where there is nothing to look
 * for. What `isAsked` is looked at by the statement that settles it, but for the name that its gateway has by now.
 */
export async function loadParked(
  { connection, rows }: Transaction,
  settlements: readonly Settlement[],
  receipts: readonly Receipt[],
  isAsked: (settlement: Settlement) => boolean = () => false,
): Promise<void> {
  const keys = new Keys();
  for (const settlement of settlements) {
    const { attempt } = settlement;
    if (attempt === undefined) continue;
    const names = isAsked(settlement) ? namesOf(attempt).slice(1) : namesOf(attempt);
    for (const { smscMessageId, matchKey } of names.length === 0 ? [] : attempt.parts) {
      if (smscMessageId === undefined) continue;
      for (const gatewayId of names) keys.add(gatewayId, smscMessageId, matchKey ?? smscMessageId);
    }
  }
  for (const { gatewayId, matchKey, smscMessageId } of receipts) keys.add(gatewayId, matchKey, smscMessageId);
  if (keys.size === 0) return;
  for (const row of await connection.all(findParkedRows, ...keys.arrays)) addParked(rows, unpackParked(row));
}
