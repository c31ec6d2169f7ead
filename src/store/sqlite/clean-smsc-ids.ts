/**
 * Deletes the ids of SMSCs once the validity of their message and `retention.smscIds` are over. They lie in the order of their keys, which
 * says nothing of time: a mark walks through the attempts in the order of the deliveries' ids, and each attempt tells its ids.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryId, GatewayId } from "../../domain/ids.ts";
import { parseParts } from "../part-tuple.ts";
import type { CleanStep } from "./clean-step.ts";
import type { SmscIds } from "./smsc-ids.ts";
import { prepare } from "./statement.ts";

interface IdsRow {
  readonly delivery_id: DeliveryId;
  readonly number: number;
  readonly gateway_id: GatewayId;
  readonly parts: string;
}

const stage = "smsc_ids";
/** Of all accounts. */
const account = "";

/** The keys under which the ids of an attempt stand. */
function keysOf(parts: string): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const [, , id, matchKey] of parseParts(parts)) {
    const key = matchKey ?? id;
    if (key !== null) keys.add(key);
  }
  return keys;
}

export function createCleanSmscIds(db: DatabaseSync, smscIds: SmscIds): CleanStep {
  const readMark = prepareMark(db);
  const setMark = prepare(
    db,
    "INSERT OR REPLACE INTO cleaning_marks (stage, account_id, message_id) VALUES (?, ?, ?)",
  );
  const findNext = prepare<IdsRow & { readonly expire_time: number }>(
    db,
    `SELECT a.delivery_id, a.number, a.gateway_id, a.parts, d.expire_time
     FROM (SELECT delivery_id, number, gateway_id, parts FROM all_attempts
       WHERE (delivery_id, number) > (?, ?) ORDER BY delivery_id, number LIMIT ?) AS a
     CROSS JOIN deliveries d ON d.id = a.delivery_id ORDER BY a.delivery_id, a.number`,
  );
  return (_tx, { nowMs, retention, limit }) => {
    const expiredBeforeMs = nowMs - retention.smscIdsMs;
    const mark = readMark();
    // Mostly the next one is not due, and then no others are read.
    const [first] = findNext.all(...mark, 1);
    if (first === undefined || first.expire_time >= expiredBeforeMs) return undefined;
    let rows = 0;
    let passed: IdsRow | undefined;
    for (const next of findNext.all(...mark, limit)) {
      if (next.expire_time >= expiredBeforeMs || rows >= limit) break;
      for (const key of keysOf(next.parts)) rows += smscIds.clean(next.gateway_id, key, expiredBeforeMs);
      passed = next;
    }
    if (passed === undefined) return undefined;
    setMark.run(stage, account, `${passed.delivery_id} ${passed.number}`);
    return { rows, hasMore: true };
  };
}

/** Deletes the ids of deliveries that go before the mark has come to them, after their rows. */
export function createRemoveWithIds(db: DatabaseSync, smscIds: SmscIds, remove: (id: DeliveryId) => number) {
  const readMark = prepareMark(db);
  const find = prepare<IdsRow>(
    db,
    "SELECT delivery_id, number, gateway_id, parts FROM all_attempts WHERE delivery_id = ?",
  );
  return (id: DeliveryId): number => {
    const [marked] = readMark();
    const attempts = id >= marked ? find.all(id) : [];
    let rows = remove(id);
    for (const { gateway_id, parts } of attempts) {
      for (const key of keysOf(parts)) rows += smscIds.clean(gateway_id, key, 0);
    }
    return rows;
  };
}

/** The attempt that was passed last. */
function prepareMark(db: DatabaseSync): () => readonly [id: string, number: number] {
  const find = prepare<{ message_id: string }>(
    db,
    "SELECT message_id FROM cleaning_marks WHERE stage = ? AND account_id = ?",
  );
  return () => {
    const [id = "", number = 0] = find.get(stage, account)?.message_id.split(" ") ?? [];
    return [id, Number(number)];
  };
}
