/** Gateways paused by an operator; kept, so that a restart does not resume them and every replica knows. */
import type { GatewayId } from "../../domain/ids.ts";
import { all, run, type Step, sql } from "./sql.ts";

export interface GatewayPause {
  readonly gatewayId: GatewayId;
  readonly reason: string;
  readonly timeMs: number;
}

const list = sql<{ gateway_id: GatewayId; reason: string; time: number }>(
  "list_pauses",
  "SELECT gateway_id, reason, time FROM gateway_pauses ORDER BY gateway_id",
);
const insert = sql(
  "insert_pause",
  `INSERT INTO gateway_pauses (gateway_id, reason, time) VALUES ($1, $2, $3)
   ON CONFLICT (gateway_id) DO UPDATE SET reason = excluded.reason, time = excluded.time`,
);
const remove = sql("delete_pause", "DELETE FROM gateway_pauses WHERE gateway_id = $1");

export function* pausedGateways(): Step<readonly GatewayPause[]> {
  return (yield* all(list)).map(({ gateway_id, reason, time }) => ({
    gatewayId: gateway_id,
    reason,
    timeMs: time,
  }));
}

/** Without a pause the gateway is resumed, also where it was not paused. */
export function* setPaused(
  gatewayId: GatewayId,
  pause: Pick<GatewayPause, "reason" | "timeMs"> | undefined,
): Step<void> {
  if (pause === undefined) yield* run(remove, gatewayId);
  else yield* run(insert, gatewayId, pause.reason, pause.timeMs);
}
