/** API keys, whose secrets are known by their hash only. */
import type { AccountId } from "../../domain/ids.ts";
import type { ApiKey } from "../keeping.ts";
import { type Role, readScopes, roleOf, scopesText } from "../key-scopes.ts";
import { packText, unpackText } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

interface KeyRow {
  readonly id: string;
  readonly account_id: AccountId;
  readonly role: Role;
  readonly scopes: string | null;
  readonly name: string;
  readonly hash: string;
  readonly create_time: number;
  readonly revoke_time: number | null;
}

const list = statement<KeyRow>(
  "list_keys",
  "SELECT id, account_id, role, scopes, name, hash, create_time, revoke_time FROM api_keys ORDER BY create_time, id",
);
const insert = statement(
  "insert_key",
  `INSERT INTO api_keys (id, account_id, role, scopes, name, hash, create_time, revoke_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO NOTHING`,
);
const revoke = statement(
  "revoke_key",
  "UPDATE api_keys SET revoke_time = $1 WHERE id = $2 AND revoke_time IS NULL",
);

export async function listKeys(connection: Connection): Promise<readonly ApiKey[]> {
  return (await connection.all(list)).map((row) => ({
    id: row.id,
    accountId: row.account_id,
    scopes: readScopes(row.role, row.scopes),
    name: unpackText(row.name),
    hash: row.hash,
    createTimeMs: row.create_time,
    revokeTimeMs: row.revoke_time ?? undefined,
  }));
}

export async function createKey(connection: Connection, key: ApiKey): Promise<boolean> {
  const { id, accountId, scopes, name, hash, createTimeMs, revokeTimeMs } = key;
  const may = [roleOf(scopes), scopesText(scopes)] as const;
  const values = [id, accountId, ...may, packText(name), hash, createTimeMs, revokeTimeMs ?? null] as const;
  return (await connection.run(insert, ...values)) === 1;
}

/** False where there is no such key or it was revoked before. */
export async function revokeKey(
  connection: Connection,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): Promise<boolean> {
  return (await connection.run(revoke, nowMs, id)) === 1;
}
