/** What credentials each gateway was last bound with, by a fingerprint, whichever replica bound. */
import type { GatewayId } from "../../domain/ids.ts";
import type { BoundCredentials } from "../keeping.ts";
import type { BoundRequest } from "../write-steps.ts";
import { type Connection, statement } from "./statement.ts";

const list = statement<{ gateway_id: GatewayId; fingerprint: string }>(
  "list_bound_credentials",
  "SELECT gateway_id, fingerprint FROM bound_credentials ORDER BY gateway_id",
);
const insert = statement(
  "insert_bound_credentials",
  `INSERT INTO bound_credentials (gateway_id, fingerprint, time) VALUES ($1, $2, $3)
   ON CONFLICT (gateway_id) DO UPDATE SET fingerprint = excluded.fingerprint, time = excluded.time`,
);

export async function boundCredentials(connection: Connection): Promise<readonly BoundCredentials[]> {
  return (await connection.all(list)).map(({ gateway_id, fingerprint }) => ({
    gatewayId: gateway_id,
    fingerprint,
  }));
}

export async function noteBound(connection: Connection, request: BoundRequest): Promise<undefined> {
  await connection.run(insert, request.gatewayId, request.fingerprint, request.nowMs);
}
