/**
 * The SMSC's ids, by which receipts find their part. Among those under one key `nth` ascends with submission, and while there is any,
 * there is one with 0: so that an insert tells whether its key is new, and nothing is read for it.
 */
import type { DatabaseSync } from "node:sqlite";
import type { GatewayId } from "../../domain/ids.ts";
import type { Remembered } from "./remembered.ts";
import { prepare } from "./statement.ts";

export interface SmscId {
  readonly gatewayId: GatewayId;
  readonly key: string;
  /** Undefined where it equals the key. */
  readonly rawId: string | undefined;
  readonly deliveryId: string;
  readonly attempt: number;
  readonly part: number;
  readonly expireTimeMs: number;
}

export interface SmscIds {
  /** Answers whether it is the only one under its key. */
  insert(id: SmscId): boolean;
  /** Deletes what is behind its time, or of no delivery any more, among the oldest under a key; answers the rows. */
  clean(gatewayId: GatewayId, key: string, expiredBeforeMs: number): number;
}

/** Under one key, at a time: an SMSC may repeat an id for ever. */
const mostCleaned = 100;

export function createSmscIds(db: DatabaseSync, remembered: Remembered): SmscIds {
  const columns = "gateway_id, match_key, nth, raw_id, delivery_id, attempt, part, expire_time";
  const insertFirst = prepare(
    db,
    `INSERT INTO smsc_ids (${columns}) VALUES (?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const insertNext = prepare(
    db,
    `INSERT INTO smsc_ids (${columns}) VALUES (?1, ?2,
       (SELECT max(nth) + 1 FROM smsc_ids WHERE gateway_id = ?1 AND match_key = ?2), ?3, ?4, ?5, ?6, ?7)`,
  );
  const removeFirst = prepare(
    db,
    "DELETE FROM smsc_ids WHERE gateway_id = ? AND match_key = ? AND nth = 0 AND expire_time < ?",
  );
  const findAny = prepare<{ found: number }>(
    db,
    "SELECT 1 AS found FROM smsc_ids WHERE gateway_id = ? AND match_key = ? LIMIT 1",
  );
  const removeOldest = prepare(
    db,
    `DELETE FROM smsc_ids WHERE gateway_id = ?1 AND match_key = ?2 AND nth IN (
       SELECT nth FROM (SELECT nth, expire_time, delivery_id FROM smsc_ids WHERE gateway_id = ?1 AND match_key = ?2
         ORDER BY nth LIMIT ${mostCleaned}) AS oldest
       WHERE expire_time < ?3 OR NOT EXISTS (SELECT 1 FROM deliveries WHERE id = oldest.delivery_id))`,
  );
  const beginAgain = prepare(
    db,
    `UPDATE smsc_ids SET nth = 0 WHERE gateway_id = ?1 AND match_key = ?2 AND nth = (
       SELECT min(nth) FROM smsc_ids WHERE gateway_id = ?1 AND match_key = ?2)`,
  );
  return {
    insert({ gatewayId, key, rawId = null, deliveryId, attempt, part, expireTimeMs }) {
      const values = [gatewayId, key, rawId, deliveryId, attempt, part, expireTimeMs] as const;
      if (insertFirst.run(...values) === 1) return true;
      insertNext.run(...values);
      remembered.forget(gatewayId, key);
      return false;
    },

    clean(gatewayId, key, expiredBeforeMs) {
      // Mostly it is the only one.
      let rows = removeFirst.run(gatewayId, key, expiredBeforeMs);
      if (rows === 0 || findAny.get(gatewayId, key) !== undefined) {
        rows += removeOldest.run(gatewayId, key, expiredBeforeMs);
        if (rows > 0) beginAgain.run(gatewayId, key);
      }
      if (rows > 0) remembered.forget(gatewayId, key);
      return rows;
    },
  };
}
