/** API keys, whose secrets are known by their hash only. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../domain/ids.ts";
import type { ApiKey } from "../keeping.ts";
import { type Role, readScopes, roleOf, scopesText } from "../key-scopes.ts";
import { prepare } from "./statement.ts";

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

export function createReadKeys(db: DatabaseSync) {
  const list = prepare<KeyRow>(
    db,
    "SELECT id, account_id, role, scopes, name, hash, create_time, revoke_time FROM api_keys ORDER BY create_time, id",
  );
  return function listKeys(): readonly ApiKey[] {
    return list.all().map((row) => ({
      id: row.id,
      accountId: row.account_id,
      scopes: readScopes(row.role, row.scopes),
      name: row.name,
      hash: row.hash,
      createTimeMs: row.create_time,
      revokeTimeMs: row.revoke_time ?? undefined,
    }));
  };
}

export function createWriteKeys(db: DatabaseSync) {
  const insert = prepare(
    db,
    `INSERT INTO api_keys (id, account_id, role, scopes, name, hash, create_time, revoke_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const revoke = prepare(db, "UPDATE api_keys SET revoke_time = ? WHERE id = ? AND revoke_time IS NULL");
  return {
    createKey({ id, accountId, scopes, name, hash, createTimeMs, revokeTimeMs }: ApiKey): boolean {
      const may = [roleOf(scopes), scopesText(scopes)] as const;
      return insert.run(id, accountId, ...may, name, hash, createTimeMs, revokeTimeMs ?? null) === 1;
    },
    /** False where there is no such key or it was revoked before. */
    revokeKey({ id, nowMs }: { readonly id: string; readonly nowMs: number }): boolean {
      return revoke.run(nowMs, id) === 1;
    },
  };
}
