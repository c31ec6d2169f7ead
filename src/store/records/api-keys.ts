/**
 * API keys, whose secrets are known by their hash only. Whole keys have a role, as every release knows it, and nothing in `scopes`; a
 * narrower one has its scopes there, and a hash that never matches in a release which knows roles only (app/keys/api-keys.ts).
 */
import { hasEnded } from "../../domain/has-ended.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import { accountScopes, isWhole, operatorScopes, type Scope, scopes as words } from "../../domain/scopes.ts";
import { makeAccount, readAccount } from "./accounts.ts";
import type { Act, Done } from "./audit.ts";
import { requireReaders } from "./readers.ts";
import { all, first, listLength, padded, type Refusal, run, type Step, sql } from "./sql.ts";

export interface ApiKey {
  readonly id: string;
  readonly accountId: AccountId;
  /** In the contract's order. */
  readonly scopes: readonly Scope[];
  readonly name: string;
  /** HMAC-SHA256 of the secret, and of the scopes of a narrower key; hexadecimal. */
  readonly hash: string;
  readonly createTimeMs: number;
  readonly revokeTimeMs: number | undefined;
  /** From then on it is nobody's; undefined for never. */
  readonly expireTimeMs: number | undefined;
  /** When it was last used, to the hour; undefined before. */
  readonly useTimeMs: number | undefined;
  /** Beside those of its account; undefined for none. */
  readonly rateLimits?: readonly RateLimit[] | undefined;
}

export type RotateOutcome = "rotated" | "unknown" | "ended" | "taken";

export type RevokeOutcome = "revoked" | "unchanged" | "last_operator";

interface KeyRow {
  readonly id: string;
  readonly account_id: AccountId;
  readonly role: "ACCOUNT" | "OPERATOR";
  readonly scopes: string | null;
  readonly name: string;
  readonly hash: string;
  readonly create_time: number;
  readonly revoke_time: number | null;
  readonly expire_time: number | null;
  readonly use_time: number | null;
  readonly rate_limits: string | null;
}

/** The first schema that knows when a key ends: what is older would go on taking it. */
const knowsExpiry = 21;
/** And that which knows limits of keys. */
const knowsLimits = 37;

const columns =
  "id, account_id, role, scopes, name, hash, create_time, revoke_time, expire_time, use_time, rate_limits";
const listing = (name: string, condition: string) =>
  sql<KeyRow>(
    name,
    `SELECT ${columns} FROM api_keys WHERE ${condition} create_time <= $1 AND (create_time < $1 OR id > $2)
     ORDER BY create_time DESC, id LIMIT $3`,
  );
const listAll = listing("list_keys", "");
const listOfAccount = listing("list_keys_of_account", "account_id = $4 AND");
const asked = Array.from({ length: listLength }, (_, at) => `$${at + 1}`).join(", ");
const findListed = sql<KeyRow>("find_keys", `SELECT ${columns} FROM api_keys WHERE id IN (${asked})`);
const accountsOfKeys = sql<{ account_id: AccountId }>(
  "list_accounts_of_keys",
  "SELECT DISTINCT account_id FROM api_keys WHERE account_id > $1 ORDER BY account_id LIMIT $2",
);
const findLive = sql<{ id: string }>(
  "find_live_key",
  "SELECT id FROM api_keys WHERE revoke_time IS NULL AND (expire_time IS NULL OR expire_time > $1) LIMIT 1",
);
const findLiveOperator = sql<{ id: string }>(
  "find_live_operator_key",
  `SELECT id FROM api_keys
   WHERE role = 'OPERATOR' AND revoke_time IS NULL AND (expire_time IS NULL OR expire_time > $1) LIMIT 1`,
);
const find = sql<KeyRow>("find_key", `SELECT ${columns} FROM api_keys WHERE id = $1`);
const insert = sql(
  "insert_key",
  `INSERT INTO api_keys (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, NULL, $9)
   ON CONFLICT (id) DO NOTHING`,
);
const operators = sql<{ id: string }>(
  "list_operator_keys",
  `SELECT k.id FROM api_keys k LEFT JOIN accounts a ON a.id = k.account_id
   WHERE k.role = 'OPERATOR' AND k.revoke_time IS NULL AND (k.expire_time IS NULL OR k.expire_time > $1) AND (a.state IS NULL OR a.state <> 'SUSPENDED') LIMIT 2`,
);
const revoke = sql(
  "revoke_key",
  "UPDATE api_keys SET revoke_time = $1 WHERE id = $2 AND revoke_time IS NULL",
);
const expire = sql("expire_key", "UPDATE api_keys SET expire_time = $1 WHERE id = $2");
const use = sql(
  "use_key",
  "UPDATE api_keys SET use_time = $1 WHERE id = $2 AND (use_time IS NULL OR use_time < $1)",
);

/** Where a page begins: after this key. */
export type KeyPlace = Pick<ApiKey, "id" | "createTimeMs">;

/** The revoked ones too, newest first, those of one moment by id; of one account where it is told. */
export function* listKeys(
  after: KeyPlace | undefined,
  limit: number,
  accountId: AccountId | undefined,
): Step<readonly ApiKey[]> {
  const { createTimeMs, id } = after ?? { createTimeMs: Number.MAX_SAFE_INTEGER, id: "" };
  const rows = yield* accountId === undefined
    ? all(listAll, createTimeMs, id, limit)
    : all(listOfAccount, createTimeMs, id, limit, accountId);
  return rows.map(keyOf);
}

/** What there is of at most 500, in any order. */
export function* findKeys(ids: readonly string[]): Step<readonly ApiKey[]> {
  const found: ApiKey[] = [];
  for (const piece of padded(ids, "")) found.push(...(yield* all(findListed, ...piece)).map(keyOf));
  return found;
}

/** Accounts that have a key, by id, after one. */
export function* listAccountsOfKeys(after: string, limit: number): Step<readonly AccountId[]> {
  return (yield* all(accountsOfKeys, after, limit)).map(({ account_id: id }) => id);
}

/** Whether there is a key that is right at `nowMs`; an operator's, where that is asked for. */
export function* hasLiveKey(wanted: "any" | "operator", nowMs: number): Step<boolean> {
  return (yield* first(wanted === "any" ? findLive : findLiveOperator, nowMs)) !== undefined;
}

/** False where the id is taken. An account that is new gets its row. */
export function* createKey(act: Act, key: ApiKey): Step<Done<boolean | Refusal>> {
  const refusal = yield* requireKeyReaders(key);
  if (refusal !== undefined) return { outcome: refusal };
  if (!(yield* insertKey(key))) return { outcome: false };
  yield* makeAccount(key.accountId, act.timeMs);
  return { outcome: true, change: { changed: { kind: "key", id: key.id } } };
}

/**
 * Makes a key in place of another one, which ends at `expireTimeMs` where it does not end before. Nothing is made where that is unknown,
 * expired or revoked, or the id of the new one is taken.
 */
export function* rotateKey(
  act: Act,
  id: string,
  key: ApiKey,
  expireTimeMs: number,
): Step<Done<RotateOutcome | Refusal>> {
  const row = yield* first(find, id);
  if (row === undefined) return { outcome: "unknown" };
  const before = keyOf(row);
  if (before.revokeTimeMs !== undefined || hasEnded(before.expireTimeMs, act.timeMs))
    return { outcome: "ended" };
  const refusal = (yield* requireReaders(knowsExpiry)) ?? (yield* requireKeyReaders(key));
  if (refusal !== undefined) return { outcome: refusal };
  if (!(yield* insertKey(key))) return { outcome: "taken" };
  yield* run(expire, Math.min(expireTimeMs, before.expireTimeMs ?? expireTimeMs), id);
  return { outcome: "rotated", change: { before: shownKey(before), changed: { kind: "key", id } } };
}

/** Notes that keys were used in the hour that began at `hourMs`. */
export function* noteKeyUse(ids: readonly string[], hourMs: number): Step<void> {
  for (const id of ids.toSorted()) yield* run(use, hourMs, id);
}

/** What the key has, and an older release would not obey. */
function* requireKeyReaders({ expireTimeMs, rateLimits }: ApiKey): Step<Refusal | undefined> {
  if (rateLimits !== undefined) return yield* requireReaders(knowsLimits);
  return expireTimeMs === undefined ? undefined : yield* requireReaders(knowsExpiry);
}

function* insertKey(key: ApiKey): Step<boolean> {
  const { id, accountId, scopes, name, hash, createTimeMs, expireTimeMs, rateLimits } = key;
  const role = scopes.includes("ADMIN") ? "OPERATOR" : "ACCOUNT";
  const narrow = isWhole(scopes) ? null : scopes.join(",");
  const limits = rateLimits === undefined ? null : JSON.stringify(rateLimits);
  const values = [
    id,
    accountId,
    role,
    narrow,
    name,
    hash,
    createTimeMs,
    expireTimeMs ?? null,
    limits,
  ] as const;
  return (yield* run(insert, ...values)) > 0;
}

/**
 * Unchanged where there is no such key or it was revoked before. The last key of an operator is kept, unless any may go or one of
 * these accounts of the configuration, which have operators, may call. Keys of suspended accounts do not count.
 */
export function* revokeKey(
  act: Act,
  id: string,
  besides: readonly AccountId[] | "any",
): Step<Done<RevokeOutcome>> {
  const row = yield* first(find, id);
  if (row === undefined || row.revoke_time !== null) return { outcome: "unchanged" };
  const [one, other] = yield* all(operators, act.timeMs);
  if (besides !== "any" && one?.id === id && other === undefined && !(yield* mayAnyCall(besides)))
    return { outcome: "last_operator" };
  yield* run(revoke, act.timeMs, id);
  return { outcome: "revoked", change: { before: shownKey(keyOf(row)), changed: { kind: "key", id } } };
}

function* mayAnyCall(accountIds: readonly AccountId[]): Step<boolean> {
  for (const id of accountIds) if ((yield* readAccount(id))?.state !== "SUSPENDED") return true;
  return false;
}

function keyOf(row: KeyRow): ApiKey {
  return {
    id: row.id,
    accountId: row.account_id,
    scopes: readScopes(row),
    name: row.name,
    hash: row.hash,
    createTimeMs: row.create_time,
    revokeTimeMs: row.revoke_time ?? undefined,
    expireTimeMs: row.expire_time ?? undefined,
    useTimeMs: row.use_time ?? undefined,
    rateLimits: row.rate_limits === null ? undefined : (JSON.parse(row.rate_limits) as readonly RateLimit[]),
  };
}

/** In the contract's JSON form. */
function shownKey({ id, accountId, scopes, name, createTimeMs, expireTimeMs, rateLimits }: ApiKey): object {
  return {
    keyId: id,
    accountId,
    scopes: scopes.map((scope) => `SCOPE_${scope}`),
    ...(name === "" ? {} : { displayName: name }),
    createTime: new Date(createTimeMs).toISOString(),
    ...(expireTimeMs === undefined ? {} : { expireTime: new Date(expireTimeMs).toISOString() }),
    ...(rateLimits === undefined
      ? {}
      : {
          rateLimits: rateLimits.map(({ windowMs, messageCount }) => ({
            window: `${windowMs / 1_000}s`,
            messageCount: String(messageCount),
          })),
        }),
  };
}

/** A word of a later release counts for nothing. */
function readScopes({ role, scopes }: KeyRow): readonly Scope[] {
  if (scopes === null) return role === "OPERATOR" ? operatorScopes : accountScopes;
  const held = scopes.split(",");
  return words.filter((word) => held.includes(word));
}
