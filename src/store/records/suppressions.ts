/**
 * Suppressed numbers by account and source: what a call wrote and what the handset said stand beside each other, and each goes by itself.
 * Whoever changes them holds the lock of acts, so that the count of an account's numbers is kept exactly.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { everybodysList, type Suppression, type SuppressionSource } from "../../domain/suppression.ts";
import { type Act, type Done, lastChange, lockActs } from "./audit.ts";
import { requireReaders } from "./readers.ts";
import { all, first, type Refusal, run, type SqlValue, type Step, sql } from "./sql.ts";

/** What one call changes: at most 500 numbers, each once. */
export interface SuppressionChange {
  readonly upserted: readonly Pick<Suppression, "recipient" | "contentCategories" | "expireTimeMs">[];
  readonly removed: readonly E164[];
}

/** A number on a list, and how far the list was read; of the last write of each. */
export interface SuppressionPlace extends Pick<Suppression, "accountId" | "recipient" | "source"> {
  readonly seq: number;
}

interface SuppressionRow {
  readonly account_id: AccountId;
  readonly recipient: E164;
  readonly source: SuppressionSource;
  readonly content_categories: string;
  readonly expire_time: number | null;
  readonly create_time: number;
}

/** From this schema on programs know of suppressed numbers. */
export const knowsSuppressions = 26;
/** Numbers of one account's list. */
export const mostSuppressions = 10_000_000;
/** Numbers of one statement. */
const atOnce = 50;

const placeholders = (from: number) =>
  Array.from({ length: atOnce }, (_, index) => `$${from + index}`).join(", ");
const given = Array.from({ length: atOnce }, (_, index) => {
  const from = 4 + 3 * index;
  return `($${from}, $${from + 1}, $${from + 2})`;
}).join(", ");

const columns = "account_id, recipient, source, content_categories, expire_time, create_time";
const list = sql<SuppressionRow>(
  "list_suppressions",
  `SELECT ${columns} FROM suppressions
   WHERE account_id = $1 AND (recipient, source) > ($2, $3) AND (expire_time IS NULL OR expire_time > $4)
   ORDER BY recipient, source LIMIT $5`,
);
const listOne = sql<SuppressionRow>(
  "list_suppressions_of_number",
  `SELECT ${columns} FROM suppressions
   WHERE account_id = $1 AND recipient = $2 AND (expire_time IS NULL OR expire_time > $3) ORDER BY source`,
);
const find = sql<SuppressionRow>(
  "find_suppressions",
  `SELECT ${columns} FROM suppressions
   WHERE account_id IN ($1, $2) AND (expire_time IS NULL OR expire_time > $3) AND recipient IN (${placeholders(4)})`,
);
const findAfter = sql<SuppressionRow & { readonly seq: number }>(
  "list_suppressions_after",
  `SELECT ${columns}, seq FROM suppressions
   WHERE (seq, account_id, recipient, source) > ($1, $2, $3, $4) ORDER BY seq, account_id, recipient, source LIMIT $5`,
);
const findKnown = sql<{ recipient: string }>(
  "find_suppressed_numbers",
  `SELECT recipient FROM suppressions WHERE account_id = $1 AND recipient IN (${placeholders(2)})`,
);
// A list that is not full is filled with empty numbers, so that one text serves all lengths.
const upsert = sql(
  "put_suppressions",
  `INSERT INTO suppressions (${columns}, seq)
   SELECT CAST($1 AS text), column1, 'CALL', column2, CAST(column3 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint)
   FROM (VALUES ${given}) AS asked WHERE column1 <> ''
   ON CONFLICT (account_id, recipient, source) DO UPDATE SET content_categories = excluded.content_categories,
     expire_time = excluded.expire_time, seq = excluded.seq
   WHERE suppressions.content_categories <> excluded.content_categories
     OR suppressions.expire_time IS DISTINCT FROM excluded.expire_time`,
);
const remove = sql(
  "delete_suppressions",
  `DELETE FROM suppressions WHERE account_id = $1 AND recipient IN (${placeholders(2)})`,
);
const findEnded = sql<SuppressionRow>(
  "find_ended_suppressions",
  `SELECT ${columns} FROM suppressions WHERE expire_time <= $1 ORDER BY expire_time LIMIT $2`,
);
export const removeOne = sql(
  "delete_suppression",
  "DELETE FROM suppressions WHERE account_id = $1 AND recipient = $2 AND source = $3",
);
const findCount = sql<{ count: number }>(
  "find_suppression_count",
  "SELECT count FROM suppression_counts WHERE account_id = $1",
);
export const keepCount = sql(
  "keep_suppression_count",
  `INSERT INTO suppression_counts (account_id, count) VALUES ($1, $2)
   ON CONFLICT (account_id) DO UPDATE SET count = excluded.count`,
);

/** Those that hold at `nowMs`, by number and source, after one; or those of one number. */
export function* listSuppressions(
  accountId: AccountId,
  after: Pick<Suppression, "recipient" | "source"> | undefined,
  only: E164 | undefined,
  nowMs: number,
  limit: number,
): Step<readonly Suppression[]> {
  if (only !== undefined) return (yield* all(listOne, accountId, only, nowMs)).map(suppressionOf);
  const { recipient = "", source = "" } = after ?? {};
  return (yield* all(list, accountId, recipient, source, nowMs, limit)).map(suppressionOf);
}

/** Those of the account and of the list for all that hold at `nowMs` for any of the numbers. */
export function* findSuppressions(
  accountId: AccountId,
  recipients: readonly E164[],
  nowMs: number,
): Step<readonly Suppression[]> {
  const found: Suppression[] = [];
  for (const piece of piecesOf(recipients)) {
    const values = padded<string>(piece, "");
    found.push(...(yield* all(find, accountId, everybodysList, nowMs, ...values)).map(suppressionOf));
  }
  return found;
}

/** All lists in the order of their writes, after a place; undefined for the first. */
export function* suppressionsAfter(
  after: SuppressionPlace | undefined,
  limit: number,
): Step<readonly SuppressionPlace[]> {
  const { seq = 0, accountId = "", recipient = "", source = "" } = after ?? {};
  const rows = yield* all(findAfter, seq, accountId, recipient, source, limit);
  return rows.map((row) => ({
    seq: row.seq,
    accountId: row.account_id,
    recipient: row.recipient,
    source: row.source,
  }));
}

/**
 * How many numbers the list has then. A number that is added by a call keeps what its handset said; one that is removed goes whole.
 * SERVICE_UNAVAILABLE while a replica runs that would send to those on it; QUOTA_EXCEEDED beyond `most`.
 */
export function* changeSuppressions(
  act: Act,
  accountId: AccountId,
  { upserted, removed }: SuppressionChange,
  most: number = mostSuppressions,
): Step<Done<number | Refusal>> {
  const before = yield* countOf(accountId);
  if (upserted.length > 0) {
    const refusal = yield* requireReaders(knowsSuppressions);
    // Accounts get it, to whom replicas have no names.
    const message = "A part of the service runs an older release, which would ignore this.";
    if (refusal !== undefined) return { outcome: { ...refusal, message } };
  }
  const known = yield* countKnown(accountId, removed);
  const added =
    upserted.length -
    (yield* countKnown(
      accountId,
      upserted.map(({ recipient }) => recipient),
    ));
  const after = before - known + added;
  if (added > 0 && after > most) return { outcome: tooMany(accountId) };
  let changed = 0;
  for (const piece of piecesOf(removed))
    changed += yield* run(remove, accountId, ...padded<string>(piece, ""));
  const seq = (yield* lastChange()) + 1;
  for (const piece of piecesOf(upserted)) {
    const rows = piece.map(({ recipient, contentCategories, expireTimeMs }) => [
      recipient,
      contentCategories.join(),
      // Of a list of values PostgreSQL takes parameters for texts.
      expireTimeMs === undefined ? null : String(expireTimeMs),
    ]);
    const values = padded<readonly SqlValue[]>(rows, ["", "", null]).flat();
    changed += yield* run(upsert, accountId, act.timeMs, seq, ...values);
  }
  if (changed === 0) return { outcome: after };
  yield* run(keepCount, accountId, after);
  const change = { before: { suppressionCount: String(before) }, changed: changedList(accountId) };
  return { outcome: after, change };
}

/** Deletes what ended before `nowMs`; how many. */
export function* deleteEndedSuppressions(nowMs: number, limit: number): Step<number> {
  if ((yield* first(findEnded, nowMs, 1)) === undefined) return 0;
  yield* lockActs();
  const ended = yield* all(findEnded, nowMs, limit);
  for (const { account_id, recipient, source } of ended) {
    yield* run(removeOne, account_id, recipient, source);
    if ((yield* all(listOne, account_id, recipient, 0)).length > 0) continue;
    yield* run(keepCount, account_id, (yield* countOf(account_id)) - 1);
  }
  return ended.length;
}

export const changedList = (accountId: AccountId) => ({ kind: "suppressions", id: accountId }) as const;

export function* countOf(accountId: AccountId): Step<number> {
  return (yield* first(findCount, accountId))?.count ?? 0;
}

/** How many of the numbers are on the list. */
export function* countKnown(accountId: AccountId, recipients: readonly E164[]): Step<number> {
  let count = 0;
  for (const piece of piecesOf(recipients)) {
    const rows = yield* all(findKnown, accountId, ...padded<string>(piece, ""));
    count += new Set(rows.map(({ recipient }) => recipient)).size;
  }
  return count;
}

function piecesOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const pieces: (readonly Item[])[] = [];
  for (let from = 0; from < items.length; from += atOnce) pieces.push(items.slice(from, from + atOnce));
  return pieces;
}

function padded<Item>(piece: readonly Item[], filling: NoInfer<Item>): readonly Item[] {
  return [...piece, ...new Array<Item>(atOnce - piece.length).fill(filling)];
}

function tooMany(accountId: AccountId): Refusal {
  const description = "The list has too many numbers; remove some.";
  return { refusal: "QUOTA_EXCEEDED", details: { quota: { subject: `account ${accountId}`, description } } };
}

function suppressionOf(row: SuppressionRow): Suppression {
  return {
    accountId: row.account_id,
    recipient: row.recipient,
    source: row.source,
    contentCategories: row.content_categories === "" ? [] : row.content_categories.split(","),
    expireTimeMs: row.expire_time ?? undefined,
    createTimeMs: row.create_time,
  };
}
