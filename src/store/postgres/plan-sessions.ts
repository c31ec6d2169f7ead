/**
 * Decides how many sessions of a gateway each replica is due. All get the same number, and the rest goes to those that a hash of replica
 * and gateway ranks first, so that no single replica has the sessions of all small gateways. Pure; every replica comes to the same result.
 */
import { hashText, rendezvousScore } from "../../routing/rendezvous-hash.ts";

/** One session as it is in the store. */
export interface SlotView {
  readonly slot: number;
  readonly state: "own" | "free" | "taken";
}

export interface SessionPlan {
  /** Free ones to take, best first, as many as are due. */
  readonly take: readonly number[];
  /** One to be given up: nobody has more than is due for long. */
  readonly surplus: number | undefined;
}

export interface PlanRequest {
  readonly gatewayId: string;
  /** How many there are by this replica's configuration. */
  readonly sessions: number;
  /** Ascending by number, those beyond `sessions` too. */
  readonly slots: readonly SlotView[];
  readonly replicaId: string;
  /** Every replica that wants sessions of the gateway, this one included. */
  readonly replicaIds: readonly string[];
}

export function planSessions(request: PlanRequest): SessionPlan {
  const { sessions, slots } = request;
  const own = slots.filter(({ state }) => state === "own").map(({ slot }) => slot);
  const due = dueOf(request);
  const last = own.at(-1);
  if (last !== undefined && (last >= sessions || own.length > due.count)) {
    return { take: [], surplus: last };
  }
  const free = slots.filter(({ slot, state }) => state === "free" && slot < sessions).map(({ slot }) => slot);
  // Replicas that take at the same moment begin at different ones.
  const start = free.length === 0 ? 0 : due.before % free.length;
  const take = [...free.slice(start), ...free.slice(0, start)].slice(0, due.count - own.length);
  return { take, surplus: undefined };
}

/** How many are due to this replica, and how many to those ranked before it. */
function dueOf({ gatewayId, sessions, replicaId, replicaIds }: PlanRequest) {
  const gatewayHash = hashText(gatewayId);
  const scoreOf = (id: string) => rendezvousScore(hashText(id), gatewayHash, 1);
  const score = scoreOf(replicaId);
  const rank = replicaIds.filter((id) => {
    const other = scoreOf(id);
    return other > score || (other === score && id < replicaId);
  }).length;
  const each = Math.floor(sessions / replicaIds.length);
  const rest = sessions % replicaIds.length;
  return { count: each + (rank < rest ? 1 : 0), before: rank * each + Math.min(rank, rest) };
}
