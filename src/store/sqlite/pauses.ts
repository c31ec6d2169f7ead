/** Gateways paused by an operator; kept, so that a restart does not resume them. */
import type { DatabaseSync } from "node:sqlite";
import type { GatewayId } from "../../domain/ids.ts";
import type { PauseRequest } from "../write-steps.ts";
import { prepare } from "./statement.ts";

export interface GatewayPause {
  readonly gatewayId: GatewayId;
  readonly reason: string;
  readonly timeMs: number;
}

export function createReadPauses(db: DatabaseSync) {
  const list = prepare<{ gateway_id: GatewayId; reason: string; time: number }>(
    db,
    "SELECT gateway_id, reason, time FROM gateway_pauses ORDER BY gateway_id",
  );
  return function pausedGateways(): readonly GatewayPause[] {
    return list.all().map((row) => ({ gatewayId: row.gateway_id, reason: row.reason, timeMs: row.time }));
  };
}

export function createSetPaused(db: DatabaseSync) {
  const insert = prepare(
    db,
    "INSERT OR REPLACE INTO gateway_pauses (gateway_id, reason, time) VALUES (?, ?, ?)",
  );
  const remove = prepare(db, "DELETE FROM gateway_pauses WHERE gateway_id = ?");
  return function setPaused({ gatewayId, pause }: PauseRequest): void {
    if (pause === undefined) remove.run(gatewayId);
    else insert.run(gatewayId, pause.reason, pause.timeMs);
  };
}
