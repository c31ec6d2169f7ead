/**
 * API keys, whose secrets are known by their hash only. Whole keys have a role, as every release knows it, and nothing in `scopes`; a
 * narrower one has its scopes there, and a hash that never matches in a release which knows roles only (app/keys/api-keys.ts).
 */
import type { AccountId } from "../../domain/ids.ts";
import { accountScopes, isWhole, operatorScopes, type Scope, scopes as words } from "../../domain/scopes.ts";
import { all, run, type Step, sql } from "./sql.ts";

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

const list = sql<KeyRow>(
  "list_keys",
  "SELECT id, account_id, role, scopes, name, hash, create_time, revoke_time FROM api_keys ORDER BY create_time, id",
);
const insert = sql(
  "insert_key",
  `INSERT INTO api_keys (id, account_id, role, scopes, name, hash, create_time, revoke_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO NOTHING`,
);
// Two replicas that revoke at once take turns: each would see the other's key, and leave none.
const takeTurn = sql(
  "take_turn_to_revoke_key",
  `UPDATE api_keys SET revoke_time = revoke_time
   WHERE id = (SELECT id FROM api_keys ORDER BY create_time, id LIMIT 1)`,
);
const operators = sql<{ id: string }>(
  "list_operator_keys",
  "SELECT id FROM api_keys WHERE role = 'OPERATOR' AND revoke_time IS NULL LIMIT 2",
);
const revoke = sql(
  "revoke_key",
  "UPDATE api_keys SET revoke_time = $1 WHERE id = $2 AND revoke_time IS NULL",
);

/** All, the revoked ones too, in the order in which they were made: the snapshot that every call is checked against. */
export function* listKeys(): Step<readonly ApiKey[]> {
  return (yield* all(list)).map((row) => ({
    id: row.id,
    accountId: row.account_id,
    scopes: readScopes(row),
    name: row.name,
    hash: row.hash,
    createTimeMs: row.create_time,
    revokeTimeMs: row.revoke_time ?? undefined,
  }));
}

/** False where the id is taken. */
export function* createKey(key: ApiKey): Step<boolean> {
  const { id, accountId, scopes, name, hash, createTimeMs, revokeTimeMs } = key;
  const role = scopes.includes("ADMIN") ? "OPERATOR" : "ACCOUNT";
  const narrow = isWhole(scopes) ? null : scopes.join(",");
  const values = [id, accountId, role, narrow, name, hash, createTimeMs, revokeTimeMs ?? null] as const;
  return (yield* run(insert, ...values)) === 1;
}

/** Unchanged where there is no such key or it was revoked before. The last key of an operator is kept, unless it may be the last. */
export function* revokeKey(
  id: string,
  nowMs: number,
  { mayBeLast }: { readonly mayBeLast: boolean },
): Step<RevokeOutcome> {
  yield* run(takeTurn);
  const [first, second] = yield* all(operators);
  if (!mayBeLast && first?.id === id && second === undefined) return "last_operator";
  return (yield* run(revoke, nowMs, id)) === 1 ? "revoked" : "unchanged";
}

/** A word of a later release counts for nothing. */
function readScopes({ role, scopes }: KeyRow): readonly Scope[] {
  if (scopes === null) return role === "OPERATOR" ? operatorScopes : accountScopes;
  const held = scopes.split(",");
  return words.filter((word) => held.includes(word));
}
