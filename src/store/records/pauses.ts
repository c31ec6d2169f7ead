/** Gateways paused by an operator; kept, so that a restart does not resume them and every replica knows. */
import type { GatewayId } from "../../domain/ids.ts";
import type { Act, Done } from "./audit.ts";
import { all, first, run, type Step, sql } from "./sql.ts";

export interface GatewayPause {
  readonly gatewayId: GatewayId;
  readonly reason: string;
  readonly timeMs: number;
}

const list = sql<{ gateway_id: GatewayId; reason: string; time: number }>(
  "list_pauses",
  "SELECT gateway_id, reason, time FROM gateway_pauses ORDER BY gateway_id",
);
const find = sql<{ reason: string; time: number }>(
  "find_pause",
  "SELECT reason, time FROM gateway_pauses WHERE gateway_id = $1",
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

/** Without a pause the gateway is resumed, under its former names too, also where it was not paused: its links begin anew. */
export function* setPaused(
  _act: Act,
  gatewayId: GatewayId,
  pause: Pick<GatewayPause, "reason" | "timeMs"> | undefined,
  formerIds: readonly GatewayId[] = [],
): Step<Done<void>> {
  const found = yield* first(find, gatewayId);
  if (pause !== undefined) yield* run(insert, gatewayId, pause.reason, pause.timeMs);
  else for (const id of [gatewayId, ...formerIds]) yield* run(remove, id);
  return { outcome: undefined, change: { before: shownPause(found) } };
}

function shownPause(row: { readonly reason: string; readonly time: number } | undefined): object | undefined {
  if (row === undefined) return undefined;
  return { reason: row.reason, pauseTime: new Date(row.time).toISOString() };
}
