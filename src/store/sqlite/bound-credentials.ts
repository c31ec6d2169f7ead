/** What credentials each gateway was last bound with, by a fingerprint. */
import type { DatabaseSync } from "node:sqlite";
import type { GatewayId } from "../../domain/ids.ts";
import type { BoundCredentials } from "../keeping.ts";
import type { BoundRequest } from "../write-steps.ts";
import { prepare } from "./statement.ts";

export function createReadBoundCredentials(db: DatabaseSync) {
  const list = prepare<{ gateway_id: GatewayId; fingerprint: string }>(
    db,
    "SELECT gateway_id, fingerprint FROM bound_credentials ORDER BY gateway_id",
  );
  return function boundCredentials(): readonly BoundCredentials[] {
    return list.all().map((row) => ({ gatewayId: row.gateway_id, fingerprint: row.fingerprint }));
  };
}

export function createNoteBound(db: DatabaseSync) {
  const insert = prepare(
    db,
    "INSERT OR REPLACE INTO bound_credentials (gateway_id, fingerprint, time) VALUES (?, ?, ?)",
  );
  return function noteBound({ gatewayId, fingerprint, nowMs }: BoundRequest): void {
    insert.run(gatewayId, fingerprint, nowMs);
  };
}
