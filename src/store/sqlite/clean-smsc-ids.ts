/**
 * Deletes the ids of SMSCs once the validity of their message and `retention.smscIds` are over. They lie in the order of their keys, which
 * says nothing of time: a mark walks through the deliveries in the order of their ids, and the attempts of each tell its ids. It stops at
 * the first that is not due, tried or not, so that no id is added behind it.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryId, GatewayId } from "../../domain/ids.ts";
import { parseParts } from "../part-tuple.ts";
import type { CleanStep } from "./clean-step.ts";
import type { SmscIds } from "./smsc-ids.ts";
import { prepare } from "./statement.ts";

interface IdsRow {
  readonly gateway_id: GatewayId;
  readonly parts: string;
}

interface DeliveryRow {
  readonly id: DeliveryId;
  readonly expire_time: number;
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
  const attemptsOf = prepareAttempts(db);
  const setMark = prepare(
    db,
    "INSERT OR REPLACE INTO cleaning_marks (stage, account_id, message_id) VALUES (?, ?, ?)",
  );
  const findNext = prepare<DeliveryRow>(
    db,
    "SELECT id, expire_time FROM deliveries WHERE id > ? ORDER BY id LIMIT ?",
  );
  return (_tx, { nowMs, retention, limit }) => {
    const expiredBeforeMs = nowMs - retention.smscIdsMs;
    const mark = readMark();
    // Mostly the next one is not due, and then no others are read.
    const [first] = findNext.all(mark, 1);
    if (first === undefined || first.expire_time >= expiredBeforeMs) return undefined;
    let rows = 0;
    let passed = first.id;
    for (const next of findNext.all(mark, limit)) {
      if (next.expire_time >= expiredBeforeMs || rows >= limit) break;
      for (const { gateway_id, parts } of attemptsOf.all(next.id)) {
        for (const key of keysOf(parts)) rows += smscIds.clean(gateway_id, key, expiredBeforeMs);
      }
      passed = next.id;
    }
    setMark.run(stage, account, passed);
    return { rows, hasMore: true };
  };
}

/** Deletes the ids of deliveries that go before the mark has come to them, after their rows. */
export function createRemoveWithIds(db: DatabaseSync, smscIds: SmscIds, remove: (id: DeliveryId) => number) {
  const readMark = prepareMark(db);
  const attemptsOf = prepareAttempts(db);
  return (id: DeliveryId): number => {
    const attempts = id > readMark() ? attemptsOf.all(id) : [];
    let rows = remove(id);
    for (const { gateway_id, parts } of attempts) {
      for (const key of keysOf(parts)) rows += smscIds.clean(gateway_id, key, 0);
    }
    return rows;
  };
}

function prepareAttempts(db: DatabaseSync) {
  return prepare<IdsRow>(db, "SELECT gateway_id, parts FROM all_attempts WHERE delivery_id = ?");
}

/** The delivery that was passed last. */
function prepareMark(db: DatabaseSync): () => string {
  const find = prepare<{ message_id: string }>(
    db,
    "SELECT message_id FROM cleaning_marks WHERE stage = ? AND account_id = ?",
  );
  return () => find.get(stage, account)?.message_id ?? "";
}
