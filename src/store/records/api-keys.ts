/**
 * API keys, whose secrets are known by their hash only. Whole keys have a role, as every release knows it, and nothing in `scopes`; a
 * narrower one has its scopes there, and a hash that never matches in a release which knows roles only (app/keys/api-keys.ts).
 */
import type { AccountId } from "../../domain/ids.ts";
import { accountScopes, isWhole, operatorScopes, type Scope, scopes as words } from "../../domain/scopes.ts";
import { makeAccount, readAccount } from "./accounts.ts";
import type { Act, Done } from "./audit.ts";
import { all, first, run, type Step, sql } from "./sql.ts";

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
}

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
}

const columns = "id, account_id, role, scopes, name, hash, create_time, revoke_time";
const list = sql<KeyRow>("list_keys", `SELECT ${columns} FROM api_keys ORDER BY create_time, id`);
const find = sql<KeyRow>("find_key", `SELECT ${columns} FROM api_keys WHERE id = $1`);
const insert = sql(
  "insert_key",
  `INSERT INTO api_keys (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO NOTHING`,
);
const operators = sql<{ id: string }>(
  "list_operator_keys",
  `SELECT k.id FROM api_keys k LEFT JOIN accounts a ON a.id = k.account_id
   WHERE k.role = 'OPERATOR' AND k.revoke_time IS NULL AND (a.state IS NULL OR a.state <> 'SUSPENDED') LIMIT 2`,
);
const revoke = sql(
  "revoke_key",
  "UPDATE api_keys SET revoke_time = $1 WHERE id = $2 AND revoke_time IS NULL",
);

/** All, the revoked ones too, in the order in which they were made: the snapshot that every call is checked against. */
export function* listKeys(): Step<readonly ApiKey[]> {
  return (yield* all(list)).map(keyOf);
}

/** False where the id is taken. An account that is new gets its row. */
export function* createKey(act: Act, key: ApiKey): Step<Done<boolean>> {
  const { id, accountId, scopes, name, hash, createTimeMs, revokeTimeMs } = key;
  const role = scopes.includes("ADMIN") ? "OPERATOR" : "ACCOUNT";
  const narrow = isWhole(scopes) ? null : scopes.join(",");
  const values = [id, accountId, role, narrow, name, hash, createTimeMs, revokeTimeMs ?? null] as const;
  if ((yield* run(insert, ...values)) === 0) return { outcome: false };
  yield* makeAccount(accountId, act.timeMs);
  return { outcome: true, change: {} };
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
  const [one, other] = yield* all(operators);
  if (besides !== "any" && one?.id === id && other === undefined && !(yield* mayAnyCall(besides)))
    return { outcome: "last_operator" };
  yield* run(revoke, act.timeMs, id);
  return { outcome: "revoked", change: { before: shownKey(keyOf(row)) } };
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
  };
}

/** In the contract's JSON form. */
function shownKey({ id, accountId, scopes, name, createTimeMs }: ApiKey): object {
  return {
    keyId: id,
    accountId,
    scopes: scopes.map((scope) => `SCOPE_${scope}`),
    ...(name === "" ? {} : { displayName: name }),
    createTime: new Date(createTimeMs).toISOString(),
  };
}

/** A word of a later release counts for nothing. */
function readScopes({ role, scopes }: KeyRow): readonly Scope[] {
  if (scopes === null) return role === "OPERATOR" ? operatorScopes : accountScopes;
  const held = scopes.split(",");
  return words.filter((word) => held.includes(word));
}
