/**
 * Receipts that wait: for the response that they belong to (P2), or because their id may mean another part a moment later. One that names
 * two ids waits under both, in two rows that go together.
 */
import type { DatabaseSync } from "node:sqlite";
import type { GatewayId } from "../../domain/ids.ts";
import type { Receipt, ReceiptedId } from "../../domain/receipt.ts";
import { idsOf, mostUnderOneId } from "../match-receipt.ts";
import { nextLookMs, pairOf, parseParkedReceipt, renameParked } from "../parked-receipt.ts";
import type { RenameRequest } from "../write-steps.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export interface ParkedRow {
  readonly id: number;
  readonly receipt: string;
  readonly raw: Uint8Array;
  readonly pair: string | null;
  readonly match_key: string;
}

export function createParkedReceipts(db: DatabaseSync) {
  const columns = "id, receipt, raw, pair, match_key";
  const newest = (key: string) =>
    `SELECT * FROM (SELECT ${columns} FROM parked_receipts WHERE gateway_id = ? AND ${key} = ? ORDER BY id DESC LIMIT ${mostUnderOneId})`;
  const findByKey = prepare<ParkedRow>(db, newest("match_key"));
  const findByRawId = prepare<ParkedRow>(db, newest("raw_id"));
  const findDue = prepare<ParkedRow>(
    db,
    `SELECT ${columns} FROM parked_receipts WHERE due_time <= ? ORDER BY due_time LIMIT ? + 0`,
  );
  const insert = prepare(
    db,
    `INSERT INTO parked_receipts (gateway_id, match_key, raw_id, arrival_time, receipt, raw, due_time, pair)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = prepare(db, "DELETE FROM parked_receipts WHERE id = ?");
  const removePair = prepare(db, "DELETE FROM parked_receipts WHERE pair = ?");
  const setDue = prepare(db, "UPDATE parked_receipts SET due_time = ? WHERE id = ?");

  const findOf = prepare<ParkedRow & { readonly raw_id: string }>(
    db,
    `SELECT ${columns}, raw_id FROM parked_receipts WHERE gateway_id = ? ORDER BY match_key, id LIMIT ?`,
  );
  const rename = prepare(
    db,
    "UPDATE parked_receipts SET gateway_id = ?, receipt = ?, due_time = ? WHERE id = ?",
  );

  const byAge = (left: ParkedRow, right: ParkedRow) => left.id - right.id;

  return {
    /** In the order in which they came; the newest, where a key has many. */
    findByKey: (gatewayId: GatewayId, matchKey: string): readonly ParkedRow[] =>
      findByKey.all(gatewayId, matchKey).sort(byAge),

    /** Those under another key whose id is written like this one; in the same order. */
    findByRawId: (gatewayId: GatewayId, { matchKey, smscMessageId }: ReceiptedId): readonly ParkedRow[] =>
      findByRawId
        .all(gatewayId, smscMessageId)
        .filter((row) => row.match_key !== matchKey)
        .sort(byAge),

    park(tx: Transaction, receipt: Receipt): void {
      const { gatewayId, arrivalTimeMs, raw, waitMs } = receipt;
      // An SMSC that had no answer sends its receipt again.
      const alike = findByKey.all(gatewayId, receipt.matchKey);
      if (alike.some((parked) => Buffer.compare(parked.raw, raw) === 0)) return;
      const { raw: _, ...rest } = receipt;
      const text = JSON.stringify(rest);
      const pair = pairOf(receipt);
      idsOf(receipt).forEach(({ matchKey, smscMessageId }, index) => {
        const dueMs = index === 0 ? arrivalTimeMs + waitMs : null;
        insert.run(gatewayId, matchKey, smscMessageId, arrivalTimeMs, text, raw, dueMs, pair);
        tx.parkedReceipts += 1;
      });
    },

    unpark(tx: Transaction, { id, pair }: ParkedRow): void {
      tx.parkedReceipts -= pair === null ? remove.run(id) : removePair.run(pair);
    },

    rename({ renamed, nowMs, limit }: RenameRequest): number {
      let moved = 0;
      for (const former of renamed.keys()) {
        for (const row of findOf.all(former, limit - moved)) {
          const { id, receipt, raw, match_key: matchKey, raw_id: rawId } = row;
          const today = renameParked({ receipt, raw, matchKey, rawId }, renamed, nowMs);
          rename.run(today.gatewayId, today.receipt, today.dueMs, id);
          moved += 1;
        }
      }
      return moved;
    },

    findDue: (nowMs: number, limit: number): readonly ParkedRow[] => findDue.all(nowMs, limit),

    /** It stays until its time, or until a response comes for it. */
    keep({ id, receipt, raw }: ParkedRow, nowMs: number): void {
      setDue.run(nextLookMs(parseParkedReceipt(receipt, raw), nowMs) ?? null, id);
    },
  };
}
