/** Sends what the steps of a transaction changed in memory: one statement a table, an array a column. */
import { type Columns, createInsertRows, createSendRows } from "./columns.ts";
import { type AttemptRow, attemptTypes, type DeliveryRow, type LockedRows } from "./locked-rows.ts";
import { packOptional, packText } from "./pack-text.ts";
import { statement } from "./statement.ts";
import { send, type Transaction } from "./transaction.ts";

type DeliveryChange = Omit<
  DeliveryRow,
  "account_id" | "recipient" | "lane" | "at_most_once" | "expire_time" | "claim_number"
>;

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

const updateDeliveries = createSendRows<DeliveryChange>({
  name: "update_deliveries",
  columns: deliveryChange,
  keys: ["id"],
  textOf: (source) =>
    `UPDATE deliveries AS d SET ${Object.keys(deliveryChange)
      .filter((name) => name !== "id")
      .map((name) => `${name} = r.${name}`)
      .join(", ")}
     FROM ${source} WHERE d.id = r.id`,
});

type AttemptInsert = Omit<AttemptRow, "parts"> & { readonly parts: string };

const attemptInsert: Columns<AttemptInsert> = {
  delivery_id: "text",
  ...attemptTypes,
};
const insertAttempts = createInsertRows("attempts", attemptInsert, "delivery_id");

type AttemptChange = Pick<
  AttemptInsert,
  "delivery_id" | "number" | "end_time" | "outcome" | "trace" | "parts"
>;

const attemptChange: Columns<AttemptChange> = {
  delivery_id: "text",
  number: "integer",
  end_time: "bigint",
  outcome: "text",
  trace: "text",
  parts: "text",
};
const updateAttempts = createSendRows<AttemptChange>({
  name: "update_attempts",
  columns: attemptChange,
  keys: ["delivery_id", "number"],
  textOf: (source) =>
    `UPDATE attempts AS a SET end_time = r.end_time, outcome = r.outcome, trace = r.trace, parts = r.parts
     FROM ${source} WHERE a.delivery_id = r.delivery_id AND a.number = r.number`,
});

const smscIdInsert = {
  gateway_id: "text",
  match_key: "text",
  raw_id: "text",
  delivery_id: "text",
  attempt: "integer",
  part: "smallint",
  expire_time: "bigint",
} as const;
const insertSmscIds = createInsertRows("smsc_ids", smscIdInsert, "match_key");

const parkedInsert = {
  gateway_id: "text",
  match_key: "text",
  raw_id: "text",
  arrival_time: "bigint",
  receipt: "text",
  raw: "bytea",
  due_time: "bigint",
  pair: "text",
} as const;
const insertParked = createInsertRows("parked_receipts", parkedInsert, "match_key");
const deleteParked = statement("delete_parked", "DELETE FROM parked_receipts WHERE id = ANY($1::bigint[])");
const deletePairs = statement(
  "delete_parked_pairs",
  "DELETE FROM parked_receipts WHERE pair = ANY($1::text[])",
);
const setDue = statement(
  "set_parked_due",
  `UPDATE parked_receipts AS p SET due_time = k.due_time
   FROM unnest($1::bigint[], $2::bigint[]) AS k (id, due_time) WHERE p.id = k.id`,
);

const strayInsert = {
  gateway_id: "text",
  why: "text",
  smsc_message_id: "text",
  arrival_time: "bigint",
  raw: "bytea",
} as const;
const insertStrays = createInsertRows("stray_receipts", strayInsert, "raw");

/** Sends them and forgets that they were changed. The connection answers in order: what is sent afterwards finds them written. */
export function sendRows(tx: Transaction): void {
  const { connection, rows } = tx;
  // In the order of ids, as they were locked: what sweeps added since was taken without waiting.
  const deliveries = [...rows.changedDeliveries];
  if (deliveries.length > 0) send(tx, updateDeliveries(connection, deliveries));
  const added = [...rows.newAttempts].map(attemptOf);
  if (added.length > 0) send(tx, insertAttempts(connection, added));
  const changed = [...rows.changedAttempts].map(attemptOf);
  if (changed.length > 0) send(tx, updateAttempts(connection, changed));
  sendReceiptRows(tx);
  forget(rows);
}

function sendReceiptRows(tx: Transaction): void {
  const { connection, rows } = tx;
  if (rows.newSmscIds.size > 0) {
    const ids = [...rows.newSmscIds].map(({ seq: _, ...row }) => ({
      ...row,
      match_key: packText(row.match_key),
      raw_id: packOptional(row.raw_id),
    }));
    send(tx, insertSmscIds(connection, ids));
  }
  if (rows.newParked.size > 0) {
    const parked = [...rows.newParked].map(({ id: _, ...row }) => ({
      ...row,
      match_key: packText(row.match_key),
      raw_id: packText(row.raw_id),
      pair: packOptional(row.pair),
    }));
    send(tx, insertParked(connection, parked));
  }
  const unparked = [...rows.unparked].flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (unparked.length > 0) send(tx, connection.run(deleteParked, unparked));
  if (rows.unparkedPairs.size > 0) {
    send(tx, connection.run(deletePairs, [...rows.unparkedPairs].map(packText)));
  }
  const kept = [...rows.keptParked].flatMap(([{ id }, dueMs]) =>
    id === undefined ? [] : [[id, dueMs] as const],
  );
  if (kept.length > 0) {
    const ids = kept.map(([id]) => id);
    send(
      tx,
      connection.run(
        setDue,
        ids,
        kept.map(([, dueMs]) => dueMs),
      ),
    );
  }
  if (rows.strays.length > 0) {
    const strays = rows.strays.map((row) => ({ ...row, smsc_message_id: packOptional(row.smsc_message_id) }));
    send(tx, insertStrays(connection, strays));
  }
}

function attemptOf(row: AttemptRow): AttemptInsert {
  return { ...row, parts: JSON.stringify(row.parts) };
}

function forget(rows: LockedRows): void {
  rows.changedDeliveries.clear();
  rows.newAttempts.clear();
  rows.changedAttempts.clear();
  rows.newSmscIds.clear();
  rows.newParked.clear();
  rows.unparked.clear();
  rows.unparkedPairs.clear();
  rows.keptParked.clear();
  rows.strays.length = 0;
}
