/**
 * Taking part as a replica, and freeing what was held by replicas that are gone. A lease, by the database's clock, belongs to the replica;
 * a new start takes a new epoch, so that what the former process still writes is fenced.
 */
import { decideRecovery, type RecoveryDecision } from "../../domain/decide-recovery.ts";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import {
  type ClaimantId,
  type DeliveryId,
  type GatewayId,
  toClaimantId,
  toDeliveryId,
} from "../../domain/ids.ts";
import { nothingRecovered, type Recovery } from "../accepting.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { packProgress, parseProgress } from "../delivery-progress.ts";
import { countStates } from "../state-counts.ts";
import { becomeSubmitted } from "./become-submitted.ts";
import { mayJudge } from "./lease.ts";
import { deliveryColumns, loadAccepted } from "./load-rows.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import { schemaVersion } from "./migrate.ts";
import { endDelivery } from "./move-delivery.ts";
import type { QueueEnds } from "./queue-ends.ts";
import { first, statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export interface JoinRequest {
  readonly replicaId: string;
  readonly leaseMs: number;
  readonly nowMs: number;
}

export interface RescueRequest {
  readonly nowMs: number;
  /** Who judges others by their leases; undefined where nobody is judged, and only what dead ones have claimed is freed. */
  readonly judge:
    | { readonly replicaId: string; readonly epoch: number; readonly leaseMs: number }
    | undefined;
}

const takeEpoch = statement<{ epoch: number }>(
  "take_epoch",
  `INSERT INTO replicas AS r (id, epoch, lease_until, held_since, reads, reads_epoch)
   VALUES ($1, 1, clock_timestamp() + $2 * interval '1 millisecond', clock_timestamp(), ${schemaVersion}, 1)
   ON CONFLICT (id) DO UPDATE SET
     epoch = r.epoch + 1, lease_until = excluded.lease_until, held_since = excluded.held_since, is_dead = false,
     reads = excluded.reads, reads_epoch = r.epoch + 1
     WHERE r.is_dead OR r.lease_until <= clock_timestamp()
   RETURNING r.epoch`,
);
const markDead = statement(
  "mark_dead",
  `UPDATE replicas SET is_dead = true WHERE id IN (
     SELECT id FROM replicas WHERE NOT is_dead AND id <> $1 AND lease_until < statement_timestamp()
       AND ${mayJudge("$1", "$2", "$3")}
     ORDER BY id FOR UPDATE SKIP LOCKED)`,
);
// One jump through the index for each claimant; there are few.
const findDeadClaimants = statement<{ claimed_by: string }>(
  "find_dead_claimants",
  `WITH RECURSIVE claimants AS (
     (SELECT claimed_by FROM deliveries WHERE claimed_by IS NOT NULL ORDER BY claimed_by LIMIT 1)
     UNION ALL
     SELECT (SELECT d.claimed_by FROM deliveries d WHERE d.claimed_by > c.claimed_by ORDER BY d.claimed_by LIMIT 1)
     FROM claimants c WHERE c.claimed_by IS NOT NULL
   )
   SELECT c.claimed_by FROM claimants c
   WHERE c.claimed_by IS NOT NULL AND NOT EXISTS (
     SELECT 1 FROM replicas r WHERE r.id || '.' || r.epoch = c.claimed_by AND NOT r.is_dead)`,
);
// What a transaction of the dead replica still holds is freed by the next look.
const findClaimed = statement<DeliveryRow>(
  "find_claimed",
  `SELECT ${deliveryColumns} FROM deliveries d WHERE d.claimed_by = ANY($1::text[])
   ORDER BY d.id FOR UPDATE SKIP LOCKED`,
);
const forgetDead = statement(
  "forget_dead",
  "DELETE FROM replicas WHERE is_dead AND lease_until < clock_timestamp() - interval '7 days'",
);

export interface Joined {
  readonly claimant: ClaimantId;
  readonly recovery: Recovery;
}

/** Undefined while another process has the name: its lease has not ended, and until then it may send what it has claimed. */
export async function join(
  tx: Transaction,
  queueEnds: QueueEnds,
  { replicaId, leaseMs, nowMs }: JoinRequest,
): Promise<Joined | undefined> {
  const epoch = first(await tx.connection.all(takeEpoch, replicaId, leaseMs))?.epoch;
  if (epoch === undefined) return undefined;
  const recovery = await rescue(tx, queueEnds, { nowMs, judge: undefined });
  return { claimant: toClaimantId(`${replicaId}.${epoch}`), recovery };
}

/**
 * Marks replicas dead whose lease has ended, and frees what dead ones and former epochs claimed: what was found in SUBMITTING under
 * AT_MOST_ONCE is in doubt and ends UNKNOWN, what was to be cancelled ends too, what an earlier attempt has had wholly accepted is
 * SUBMITTED, and everything else waits again at its old position.
 */
export async function rescue(
  tx: Transaction,
  queueEnds: QueueEnds,
  { nowMs, judge }: RescueRequest,
): Promise<Recovery> {
  if (judge !== undefined) await tx.connection.run(markDead, judge.replicaId, judge.epoch, judge.leaseMs);
  const dead = (await tx.connection.all(findDeadClaimants)).map(({ claimed_by }) => claimed_by);
  if (dead.length === 0) {
    await tx.connection.run(forgetDead);
    return nothingRecovered;
  }
  const rows = await tx.connection.all(findClaimed, dead);
  await loadAccepted(tx, rows);
  const became: DeliveryState[] = [];
  const mayHaveLeft: DeliveryId[] = [];
  for (const row of rows) {
    const decision = voidClaim(tx, row, true, nowMs);
    if (decision.kind !== "requeue") became.push(stateOf(row.state));
    else if (decision.mayHaveLeft) mayHaveLeft.push(toDeliveryId(row.id));
  }
  if (rows.length > 0) queueEnds.reset();
  return { claimsVoided: rows.length, became: countStates(became), mayHaveLeft };
}

/** Lets it wait again at its old position, makes it SUBMITTED, or ends it. `wasHeld`: a process had it that may have sent it. */
export function voidClaim(
  tx: Transaction,
  row: DeliveryRow,
  wasHeld: boolean,
  nowMs: number,
): RecoveryDecision {
  const decision = decideRecovery({
    isSubmitting: row.state === stateCodes.SUBMITTING,
    isAtMostOnce: row.at_most_once === 1,
    isCancelRequested: row.is_cancel_requested === 1,
    progress: parseProgress(row.progress),
    wasHeld,
  });
  if (decision.kind === "end") {
    const { state: to, code, reason } = decision.ending;
    endDelivery(tx, row, { to, code, reason, timeMs: nowMs, doneTimeMs: undefined });
    return decision;
  }
  if (decision.kind === "submit") {
    becomeSubmitted(tx, row, decision.accepted, nowMs);
    return decision;
  }
  row.state = stateCodes.QUEUED;
  row.claimed_by = null;
  row.progress = packProgress(decision.progress);
  tx.rows.changedDeliveries.add(row);
  if (row.gateway_id !== null) tx.wokenQueues.add(row.gateway_id as GatewayId);
  return decision;
}
