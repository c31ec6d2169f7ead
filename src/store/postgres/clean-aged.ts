/** Deletes what goes by its own age: reports, request ids, SMSC ids, receipts nobody claimed, references, handset messages. */
import type { AccountId } from "../../domain/ids.ts";
import type { Retention } from "../cleaning.ts";
import type { CleanStep } from "./clean-step.ts";
import { type Connection, statement } from "./statement.ts";

/** A table whose key ascends with time, so that the oldest rows come first and the first young one ends the step. */
interface AgedTable {
  readonly table: string;
  readonly key: string;
  readonly time: string;
  readonly age: (retention: Retention) => number;
}

const agedTables: readonly AgedTable[] = [
  { table: "request_ids", key: "seq", time: "time", age: ({ requestIdsMs }) => requestIdsMs },
  { table: "audit", key: "number", time: "time", age: ({ auditMs }) => auditMs },
  { table: "smsc_ids", key: "seq", time: "expire_time", age: ({ smscIdsMs }) => smscIdsMs },
  {
    table: "stray_receipts",
    key: "id",
    time: "arrival_time",
    age: ({ parkedReceiptsMs }) => parkedReceiptsMs,
  },
  {
    table: "parked_receipts",
    key: "id",
    time: "arrival_time",
    age: ({ parkedReceiptsMs }) => parkedReceiptsMs,
  },
];

export const cleanAged: readonly CleanStep[] = [
  cleanReports,
  ...agedTables.map(createCleanByKey),
  createCleanByTime("concat_references", "recipient, sender", ({ referencesMs }) => referencesMs),
  createCleanByTime(
    "incoming_gatherings",
    "gateway_id, sender, recipient, reference, part_count",
    ({ messagesMs }) => messagesMs,
  ),
  cleanIncoming,
];

const findCounters = statement<{ account_id: AccountId; oldest: number }>(
  "find_report_counters",
  `SELECT c.account_id, c.oldest FROM report_counters c
   WHERE (SELECT r.time FROM reports r WHERE r.account_id = c.account_id AND r.number = c.oldest) < $1
   ORDER BY c.account_id LIMIT 100`,
);
const countAged = statement<{ count: number }>(
  "count_aged_reports",
  `SELECT count(*) AS count FROM (
     SELECT time FROM reports WHERE account_id = $1 AND number >= $2 AND number < $3 ORDER BY number) AS r
   WHERE time < $4`,
);
const deleteReports = statement(
  "delete_reports",
  "DELETE FROM reports WHERE account_id = $1 AND number >= $2 AND number < $3",
);
const setOldest = statement(
  "set_oldest_report",
  "UPDATE report_counters SET oldest = $2 WHERE account_id = $1",
);

/** Numbers have no gap and times never go back, so that a range of numbers is all there is to delete. */
async function cleanReports(
  connection: Connection,
  { nowMs, retention, limit }: Parameters<CleanStep>[1],
): ReturnType<CleanStep> {
  let rows = 0;
  for (const { account_id, oldest } of await connection.all(findCounters, nowMs - retention.reportsMs)) {
    const until = oldest + limit - rows;
    const cutMs = nowMs - retention.reportsMs;
    const [aged] = await connection.all(countAged, account_id, oldest, until, cutMs);
    const count = aged?.count ?? 0;
    if (count === 0) continue;
    await connection.run(deleteReports, account_id, oldest, oldest + count);
    await connection.run(setOldest, account_id, oldest + count);
    rows += count;
    if (rows >= limit) break;
  }
  return rows === 0 ? undefined : { rows, hasMore: true };
}

function createCleanByKey({ table, key, time, age }: AgedTable): CleanStep {
  const remove = statement(
    `clean_${table}`,
    `DELETE FROM ${table} WHERE ${key} IN (
       SELECT ${key} FROM (SELECT ${key}, ${time} FROM ${table} ORDER BY ${key} LIMIT $1) AS oldest WHERE ${time} < $2)`,
  );
  return async (connection, { nowMs, retention, limit }) => {
    const rows = await connection.run(remove, limit, nowMs - age(retention));
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}

function createCleanByTime(table: string, key: string, age: (retention: Retention) => number): CleanStep {
  const remove = statement(
    `clean_${table}`,
    `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE time < $1 ORDER BY time LIMIT $2)`,
  );
  return async (connection, { nowMs, retention, limit }) => {
    const rows = await connection.run(remove, nowMs - age(retention), limit);
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}

const findIncoming = statement<{ id: string; arrival_time: number }>(
  "find_aged_incoming",
  "SELECT id, arrival_time FROM incoming_messages ORDER BY id LIMIT $1",
);
const removeParts = statement(
  "delete_incoming_parts",
  "DELETE FROM incoming_parts WHERE message_id = ANY($1::text[])",
);
const removeIncoming = statement(
  "delete_incoming",
  "DELETE FROM incoming_messages WHERE id = ANY($1::text[])",
);

/** Messages from handsets stay as long as messages to them; their ids ascend with time. */
async function cleanIncoming(
  connection: Connection,
  { nowMs, retention, limit }: Parameters<CleanStep>[1],
): ReturnType<CleanStep> {
  const cutMs = nowMs - retention.messagesMs;
  const oldest = await connection.all(findIncoming, Math.max(1, limit >> 1));
  const due = oldest.filter(({ arrival_time }) => arrival_time < cutMs).map(({ id }) => id);
  if (due.length === 0) return undefined;
  const parts = await connection.run(removeParts, due);
  return { rows: parts + (await connection.run(removeIncoming, due)), hasMore: true };
}
