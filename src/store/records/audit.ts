/**
 * What administrators do: each of their writes goes through `audited`, which gives it its line in the audit log in the same transaction,
 * and a number by which replicas see that something which they hold in memory has changed. The one counter row is locked before anything
 * else, so that numbers are in the order of commits, none is skipped by a reader, and no two of these writes wait in a circle.
 */
import type { AccountId } from "../../domain/ids.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

/** Who does something, and what, as the log has it. Nothing in it is secret. */
export interface Act {
  readonly timeMs: number;
  /** Empty where no key did it. */
  readonly keyId: string;
  /** Of the key; undefined where no account did it. */
  readonly accountId: AccountId | undefined;
  /** Who did it where no key did. */
  readonly actor: string;
  /** Set where that is the caller of a token. */
  readonly identity?: { readonly issuer: string; readonly value: string } | undefined;
  readonly peer: string;
  /** `smsrelay.v1.AdminService/UpdateAccount`. */
  readonly method: string;
  /** The id of what it was done to. */
  readonly subject: string;
  /** JSON. */
  readonly request: string;
}

/** What an act was done to; empty for nothing in particular, and for what a program of before wrote. */
export type SubjectKind = "ACCOUNT" | "KEY" | "GATEWAY" | "IDENTITY" | "";

export interface AuditEntry extends Omit<Act, "accountId" | "identity"> {
  readonly subjectKind: SubjectKind;
  /** Consecutive, from 1. */
  readonly number: number;
  /** What stood there before, as JSON; empty for nothing. */
  readonly before: string;
}

/** Something that processes hold in memory. */
export interface Changed {
  readonly kind: "account" | "key" | "identity" | "suppressions";
  /** Of an identity its text. */
  readonly id: string;
}

/** What a write of an administrator came to; without `change` nothing was changed, and nothing is logged. */
export interface Done<Outcome> {
  readonly outcome: Outcome;
  readonly change?: { readonly before?: object | undefined; readonly changed?: Changed | undefined };
}

// The first statement of each such write: whoever comes second waits here for the first one's commit.
const lock = sql<{ last: number }>(
  "lock_audit_counter",
  `INSERT INTO audit_counter AS c (id, last) VALUES (1, 0)
   ON CONFLICT (id) DO UPDATE SET last = c.last RETURNING last`,
);
const count = sql("count_act", "UPDATE audit_counter SET last = $1 WHERE id = 1");
const insert = sql(
  "insert_audit_entry",
  `INSERT INTO audit (number, time, key_id, actor, peer, method, subject_kind, subject, request, before)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (number) DO NOTHING`,
);
const note = sql(
  "note_change",
  `INSERT INTO changes (kind, id, seq) VALUES ($1, $2, $3)
   ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq`,
);

const findEnded = sql<{ id: string }>(
  "find_ended_key",
  "SELECT id FROM api_keys WHERE id = $1 AND (revoke_time IS NOT NULL OR expire_time <= $2)",
);
const findIdentity = sql<{ account_id: string; scopes: string }>(
  "find_acting_identity",
  "SELECT account_id, scopes FROM identities WHERE issuer = $1 AND value = $2",
);
const findSuspended = sql<{ id: string }>(
  "find_suspended_account",
  "SELECT id FROM accounts WHERE id = $1 AND state = 'SUSPENDED'",
);

/**
 * Whose key or account another operator has taken away meanwhile, perhaps at a replica that this one has not heard of yet: nothing that
 * they do outlives it, and of two who do that to each other one stays.
 */
function* refuseGone({ accountId, keyId, identity, timeMs }: Act): Step<Refusal | undefined> {
  if (accountId !== undefined && (yield* first(findSuspended, accountId)) !== undefined)
    return { refusal: "INVALID_ACCOUNT", details: { metadata: { rule: "SUSPENDED" } } };
  if (keyId !== "" && (yield* first(findEnded, keyId, timeMs)) !== undefined)
    return { refusal: "INVALID_CREDENTIALS", details: {} };
  if (identity === undefined) return undefined;
  const found = yield* first(findIdentity, identity.issuer, identity.value);
  if (found?.account_id !== accountId || !found?.scopes.split(",").includes("ADMIN"))
    return { refusal: "INVALID_ACCOUNT", details: { metadata: { ...identity } } };
  return undefined;
}

/** The number of the last act. Whoever changes what acts change locks it first, also where no act comes of it. */
export function* lockActs(): Step<number> {
  return (yield* first(lock))?.last ?? 0;
}

/** The step with an act before its own arguments, which is done to something of this kind. */
export function audited<Input extends readonly unknown[], Outcome>(
  subjectKind: SubjectKind,
  step: (act: Act, ...input: Input) => Step<Done<Outcome>>,
): (act: Act, ...input: Input) => Step<Outcome | Refusal> {
  return function* (act, ...input) {
    const last = yield* lockActs();
    const refusal = yield* refuseGone(act);
    if (refusal !== undefined) return refusal;
    const { outcome, change } = yield* step(act, ...input);
    if (change === undefined) return outcome;
    const { timeMs, keyId, actor, peer, method, subject, request } = act;
    const before = change.before === undefined ? "" : JSON.stringify(change.before);
    yield* run(count, last + 1);
    yield* run(insert, last + 1, timeMs, keyId, actor, peer, method, subjectKind, subject, request, before);
    if (change.changed !== undefined) yield* run(note, change.changed.kind, change.changed.id, last + 1);
    return outcome;
  };
}

/** Does nothing but stand in the log. */
// biome-ignore lint/correctness/useYield: a step all the same, for `audited`.
export function* noteAct(_act: Act): Step<Done<void>> {
  return { outcome: undefined, change: {} };
}

interface AuditRow {
  readonly number: number;
  readonly time: number;
  readonly key_id: string;
  readonly actor: string;
  readonly peer: string;
  readonly method: string;
  readonly subject_kind: SubjectKind;
  readonly subject: string;
  readonly request: string;
  readonly before: string;
}

const columns = "number, time, key_id, actor, peer, method, subject_kind, subject, request, before";
const listing = (name: string, condition: string) =>
  sql<AuditRow>(
    name,
    `SELECT ${columns} FROM audit WHERE ${condition} number < $1 ORDER BY number DESC LIMIT $2`,
  );
const listAll = listing("list_audit", "");
const listByKey = listing("list_audit_by_key", "key_id = $3 AND");
const listBySubject = listing("list_audit_by_subject", "subject = $3 AND");
const listByBoth = listing("list_audit_by_both", "subject = $3 AND key_id = $4 AND");

/** Newest first, below a number. */
export function* listAudit(filter: {
  readonly before: number;
  readonly limit: number;
  /** Empty for all. */
  readonly keyId: string;
  readonly subject: string;
}): Step<readonly AuditEntry[]> {
  const { before, limit, keyId, subject } = filter;
  const rows = yield* subject === ""
    ? keyId === ""
      ? all(listAll, before, limit)
      : all(listByKey, before, limit, keyId)
    : keyId === ""
      ? all(listBySubject, before, limit, subject)
      : all(listByBoth, before, limit, subject, keyId);
  return rows.map((row) => ({
    number: row.number,
    timeMs: row.time,
    keyId: row.key_id,
    actor: row.actor,
    peer: row.peer,
    method: row.method,
    subjectKind: row.subject_kind,
    subject: row.subject,
    request: row.request,
    before: row.before,
  }));
}

const findLast = sql<{ last: number }>("find_last_act", "SELECT last FROM audit_counter WHERE id = 1");
const listChanges = sql<{ kind: string; id: string; seq: number }>(
  "list_changes",
  "SELECT kind, id, seq FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2",
);

/** The number of the last act that is committed; 0 before the first. */
export function* lastChange(): Step<number> {
  return (yield* first(findLast))?.last ?? 0;
}

/** What has changed after `seq`, in order; of several changes of one thing the last. Kinds of a later release may be among them. */
export function* changesAfter(
  seq: number,
  limit: number,
): Step<readonly { readonly kind: string; readonly id: string; readonly seq: number }[]> {
  return yield* all(listChanges, seq, limit);
}
