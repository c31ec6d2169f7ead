/** Sends what the steps of a transaction changed in memory: one statement a table, an array a column. */
import { arraysOf, type Columns, insertOf, namesOf, valuesOf } from "./columns.ts";
import type { AttemptRow, DeliveryRow, LockedRows } from "./locked-rows.ts";
import { packOptional, packText } from "./pack-text.ts";
import { statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

type DeliveryChange = Omit<DeliveryRow, "account_id" | "recipient" | "lane" | "at_most_once" | "expire_time">;

const deliveryChange: Columns<DeliveryChange> = {
  id: "text",
  state: "smallint",
  claimed_by: "text",
  is_cancel_requested: "smallint",
  gateway_id: "text",
  available_time: "bigint",
  attempt_count: "integer",
  reference: "integer",
  code: "text",
  reason: "text",
  submit_time: "bigint",
  final_time: "bigint",
  done_time: "bigint",
  progress: "text",
};

const updateDeliveries = statement(
  "update_deliveries",
  `UPDATE deliveries AS d SET ${Object.keys(deliveryChange)
    .filter((name) => name !== "id")
    .map((name) => `${name} = r.${name}`)
    .join(", ")}
   FROM unnest(${arraysOf(deliveryChange)}) AS r (${namesOf(deliveryChange)}) WHERE d.id = r.id`,
);

type AttemptInsert = Omit<AttemptRow, "parts"> & { readonly parts: string };

const attemptInsert: Columns<AttemptInsert> = {
  delivery_id: "text",
  number: "integer",
  gateway_id: "text",
  start_time: "bigint",
  end_time: "bigint",
  outcome: "text",
  encoding: "text",
  segment_count: "integer",
  reference: "integer",
  trace: "text",
  parts: "text",
};
const insertAttempts = statement("insert_attempts", insertOf("attempts", attemptInsert));

const attemptChange: Columns<
  Pick<AttemptInsert, "delivery_id" | "number" | "end_time" | "outcome" | "trace" | "parts">
> = {
  delivery_id: "text",
  number: "integer",
  end_time: "bigint",
  outcome: "text",
  trace: "text",
  parts: "text",
};
const updateAttempts = statement(
  "update_attempts",
  `UPDATE attempts AS a SET end_time = r.end_time, outcome = r.outcome, trace = r.trace, parts = r.parts
   FROM unnest(${arraysOf(attemptChange)}) AS r (${namesOf(attemptChange)})
   WHERE a.delivery_id = r.delivery_id AND a.number = r.number`,
);

const smscIdInsert = {
  gateway_id: "text",
  match_key: "text",
  raw_id: "text",
  delivery_id: "text",
  attempt: "integer",
  part: "smallint",
  expire_time: "bigint",
  is_closed: "smallint",
} as const;
const insertSmscIds = statement("insert_smsc_ids", insertOf("smsc_ids", smscIdInsert));
const closeSmscIds = statement(
  "close_smsc_ids",
  "UPDATE smsc_ids SET is_closed = 1 WHERE seq = ANY($1::bigint[])",
);

const parkedInsert = {
  gateway_id: "text",
  match_key: "text",
  raw_id: "text",
  arrival_time: "bigint",
  receipt: "text",
  raw: "bytea",
} as const;
const insertParked = statement("insert_parked", insertOf("parked_receipts", parkedInsert));
const deleteParked = statement("delete_parked", "DELETE FROM parked_receipts WHERE id = ANY($1::bigint[])");

const strayInsert = {
  gateway_id: "text",
  why: "text",
  smsc_message_id: "text",
  arrival_time: "bigint",
  raw: "bytea",
} as const;
const insertStrays = statement("insert_strays", insertOf("stray_receipts", strayInsert));

/** Sends them and forgets that they were changed. */
export async function writeRows({ connection, rows }: Transaction): Promise<void> {
  const sent: Promise<unknown>[] = [];
  // In the order of ids, as they were locked: what sweeps added since was taken without waiting.
  const deliveries = [...rows.changedDeliveries];
  if (deliveries.length > 0) {
    sent.push(connection.run(updateDeliveries, ...valuesOf(deliveryChange, deliveries)));
  }
  const added = [...rows.newAttempts].map(attemptOf);
  if (added.length > 0) sent.push(connection.run(insertAttempts, ...valuesOf(attemptInsert, added)));
  const changed = [...rows.changedAttempts].map(attemptOf);
  if (changed.length > 0) sent.push(connection.run(updateAttempts, ...valuesOf(attemptChange, changed)));
  sent.push(...sendReceiptRows({ connection, rows }));
  forget(rows);
  await Promise.all(sent);
}

function sendReceiptRows({ connection, rows }: Pick<Transaction, "connection" | "rows">): Promise<unknown>[] {
  const sent: Promise<unknown>[] = [];
  if (rows.newSmscIds.size > 0) {
    const ids = [...rows.newSmscIds].map(({ seq: _, ...row }) => ({
      ...row,
      match_key: packText(row.match_key),
      raw_id: packOptional(row.raw_id),
    }));
    sent.push(connection.run(insertSmscIds, ...valuesOf(smscIdInsert, ids)));
  }
  const closed = [...rows.closedSmscIds].flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  if (closed.length > 0) sent.push(connection.run(closeSmscIds, closed));
  if (rows.newParked.size > 0) {
    const parked = [...rows.newParked].map(({ id: _, ...row }) => ({
      ...row,
      match_key: packText(row.match_key),
      raw_id: packText(row.raw_id),
    }));
    sent.push(connection.run(insertParked, ...valuesOf(parkedInsert, parked)));
  }
  const unparked = [...rows.unparked].flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (unparked.length > 0) sent.push(connection.run(deleteParked, unparked));
  if (rows.strays.length > 0) {
    const strays = rows.strays.map((row) => ({ ...row, smsc_message_id: packOptional(row.smsc_message_id) }));
    sent.push(connection.run(insertStrays, ...valuesOf(strayInsert, strays)));
  }
  return sent;
}

function attemptOf(row: AttemptRow): AttemptInsert {
  return { ...row, parts: JSON.stringify(row.parts) };
}

function forget(rows: LockedRows): void {
  rows.changedDeliveries.clear();
  rows.newAttempts.clear();
  rows.changedAttempts.clear();
  rows.newSmscIds.clear();
  rows.closedSmscIds.clear();
  rows.newParked.clear();
  rows.unparked.clear();
  rows.strays.length = 0;
}
