/** The credentials that each gateway was last bound with, at whichever process, as a fingerprint. */
import type { GatewayId } from "../../domain/ids.ts";
import { all, run, type Step, sql } from "./sql.ts";

export interface BoundCredentials {
  readonly gatewayId: GatewayId;
  /** Differs for other credentials, and reveals nothing of them. */
  readonly fingerprint: string;
}

const list = sql<{ gateway_id: GatewayId; fingerprint: string }>(
  "list_bound_credentials",
  "SELECT gateway_id, fingerprint FROM bound_credentials ORDER BY gateway_id",
);
const insert = sql(
  "insert_bound_credentials",
  `INSERT INTO bound_credentials (gateway_id, fingerprint, time) VALUES ($1, $2, $3)
   ON CONFLICT (gateway_id) DO UPDATE SET fingerprint = excluded.fingerprint, time = excluded.time`,
);

export function* boundCredentials(): Step<readonly BoundCredentials[]> {
  return (yield* all(list)).map(({ gateway_id, fingerprint }) => ({ gatewayId: gateway_id, fingerprint }));
}

export function* noteBound({ gatewayId, fingerprint }: BoundCredentials, nowMs: number): Step<void> {
  yield* run(insert, gatewayId, fingerprint, nowMs);
}
