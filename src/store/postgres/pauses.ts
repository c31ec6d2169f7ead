/** Gateways paused and resumed by an operator; kept, so that a restart does not resume them and every replica knows. */
import type { GatewayId } from "../../domain/ids.ts";
import type { PauseRequest } from "../write-steps.ts";
import { packText, unpackText } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

export interface GatewayPause {
  readonly gatewayId: GatewayId;
  readonly reason: string;
  readonly timeMs: number;
}

const list = statement<{ gateway_id: GatewayId; reason: string; time: number }>(
  "list_pauses",
  "SELECT gateway_id, reason, time FROM gateway_pauses ORDER BY gateway_id",
);
const insert = statement(
  "insert_pause",
  `INSERT INTO gateway_pauses (gateway_id, reason, time) VALUES ($1, $2, $3)
   ON CONFLICT (gateway_id) DO UPDATE SET reason = excluded.reason, time = excluded.time`,
);
const remove = statement("delete_pause", "DELETE FROM gateway_pauses WHERE gateway_id = $1");
// Also of a gateway that was not paused: each replica closes its circuit and binds again.
const countResume = statement(
  "count_resume",
  `INSERT INTO gateway_resumes AS r (gateway_id, count) VALUES ($1, 1)
   ON CONFLICT (gateway_id) DO UPDATE SET count = r.count + 1`,
);

export async function pausedGateways(connection: Connection): Promise<readonly GatewayPause[]> {
  return (await connection.all(list)).map((row) => ({
    gatewayId: row.gateway_id,
    reason: unpackText(row.reason),
    timeMs: row.time,
  }));
}

export async function setPaused(connection: Connection, { gatewayId, pause }: PauseRequest): Promise<void> {
  if (pause === undefined) {
    await Promise.all([connection.run(remove, gatewayId), connection.run(countResume, gatewayId)]);
  } else await connection.run(insert, gatewayId, packText(pause.reason), pause.timeMs);
}
