/** Deletes what goes by its own age: reports, request ids, receipts nobody claimed, references, handset messages. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../domain/ids.ts";
import type { Retention } from "../cleaning.ts";
import type { CleanStep } from "./clean-step.ts";
import { prepare } from "./statement.ts";

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
  {
    table: "stray_receipts",
    key: "id",
    time: "arrival_time",
    age: ({ parkedReceiptsMs }) => parkedReceiptsMs,
  },
];

export function createCleanAged(db: DatabaseSync): readonly CleanStep[] {
  return [
    createCleanReports(db),
    ...agedTables.map((aged) => createCleanByKey(db, aged)),
    createCleanParked(db),
    createCleanReferences(db),
    createCleanIncoming(db),
  ];
}

function createCleanReports(db: DatabaseSync): CleanStep {
  const accounts = prepare<{ account_id: AccountId }>(
    db,
    "SELECT account_id FROM report_counters ORDER BY account_id",
  );
  const remove = prepare(
    db,
    `DELETE FROM reports WHERE account_id = ?1 AND number IN (
       SELECT number FROM (SELECT number, time FROM reports WHERE account_id = ?1 ORDER BY number LIMIT ?2) WHERE time < ?3)`,
  );
  return (_tx, { nowMs, retention, limit }) => {
    let rows = 0;
    for (const { account_id } of accounts.all()) {
      rows += remove.run(account_id, limit - rows, nowMs - retention.reportsMs);
      if (rows >= limit) break;
    }
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}

function createCleanByKey(db: DatabaseSync, { table, key, time, age }: AgedTable): CleanStep {
  const remove = prepare(
    db,
    `DELETE FROM ${table} WHERE ${key} IN (
       SELECT ${key} FROM (SELECT ${key}, ${time} FROM ${table} ORDER BY ${key} LIMIT ?) WHERE ${time} < ?)`,
  );
  return (_tx, { nowMs, retention, limit }) => {
    const rows = remove.run(limit, nowMs - age(retention));
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}

function createCleanParked(db: DatabaseSync): CleanStep {
  const clean = createCleanByKey(db, {
    table: "parked_receipts",
    key: "id",
    time: "arrival_time",
    age: ({ parkedReceiptsMs }) => parkedReceiptsMs,
  });
  return (tx, request) => {
    const cleaned = clean(tx, request);
    if (cleaned !== undefined) tx.parkedReceipts -= cleaned.rows;
    return cleaned;
  };
}

function createCleanReferences(db: DatabaseSync): CleanStep {
  const remove = prepare(
    db,
    `DELETE FROM concat_references WHERE (recipient, sender) IN (
       SELECT recipient, sender FROM concat_references WHERE time < ? ORDER BY time LIMIT ?)`,
  );
  return (_tx, { nowMs, retention, limit }) => {
    const rows = remove.run(nowMs - retention.referencesMs, limit);
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}

/** Messages from handsets stay as long as messages to them; their ids ascend with time. */
function createCleanIncoming(db: DatabaseSync): CleanStep {
  const due = prepare<{ id: string; arrival_time: number }>(
    db,
    "SELECT id, arrival_time FROM incoming_messages ORDER BY id LIMIT ?",
  );
  const removeParts = prepare(db, "DELETE FROM incoming_parts WHERE message_id = ?");
  const remove = prepare(db, "DELETE FROM incoming_messages WHERE id = ?");
  return (_tx, { nowMs, retention, limit }) => {
    let rows = 0;
    for (const { id, arrival_time } of due.all(limit)) {
      if (rows >= limit || arrival_time >= nowMs - retention.messagesMs) break;
      rows += removeParts.run(id) + remove.run(id);
    }
    return rows === 0 ? undefined : { rows, hasMore: true };
  };
}
