/**
 * Parked receipts that have a part after all. A receipt and the response that it belongs to may be committed by two replicas at the
 * same moment, so that neither sees the other; whoever looks afterwards brings them together.
 */

import { oldestMatchMs } from "../match-receipt.ts";
import type { ParkedRow } from "./locked-rows.ts";
import { unpackText } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

const find = statement<ParkedRow>(
  "find_replayable",
  `SELECT p.id, p.gateway_id, p.match_key, p.raw_id, p.arrival_time, p.receipt, p.raw FROM parked_receipts p
   WHERE EXISTS (
     SELECT 1 FROM smsc_ids s WHERE s.gateway_id = p.gateway_id AND s.match_key = p.match_key
       AND s.expire_time > p.arrival_time + $2)
   OR EXISTS (
     SELECT 1 FROM smsc_ids s WHERE s.gateway_id = p.gateway_id AND s.match_key = p.raw_id
       AND coalesce(s.raw_id, s.match_key) = p.raw_id AND s.expire_time > p.arrival_time + $2)
   ORDER BY p.id DESC LIMIT $1 FOR UPDATE OF p SKIP LOCKED`,
);

export async function findReplayable(connection: Connection, limit: number): Promise<readonly ParkedRow[]> {
  return (await connection.all(find, limit, oldestMatchMs(0))).map((row) => ({
    ...row,
    match_key: unpackText(row.match_key),
    raw_id: unpackText(row.raw_id),
  }));
}
