/** Pauses by hand, at whichever replica they were ordered. */
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Store } from "../../store/store.ts";
import { createFollowed, type Followed } from "../followed.ts";

export interface Pause {
  readonly reason: string;
  readonly timeMs: number;
}

/** A pause under the name that its gateway had when it was ordered. */
export interface StoredPause extends Pause {
  readonly gatewayId: GatewayId;
}

export type Pauses = Followed<readonly StoredPause[]>;

export interface PausesDeps {
  readonly store: Pick<Store, "pausedGateways"> & {
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "monotonic">;
}

/** Nothing is held before the first look. */
export function createPauses({ store, clock }: PausesDeps): Pauses {
  return createFollowed<readonly StoredPause[]>({
    initial: [],
    load: () => store.pausedGateways(),
    isShared: store.sessions.replicaId !== undefined,
    clock,
  });
}

/** By what their gateways are called today; that of today's name counts first. */
export function pausesByName(
  stored: readonly StoredPause[],
  { renamed }: GatewayNames,
): ReadonlyMap<GatewayId, Pause> {
  const pauses = new Map<GatewayId, Pause>();
  for (const { gatewayId, reason, timeMs } of stored) {
    const today = renamed.get(gatewayId);
    if (today === undefined || !pauses.has(today)) pauses.set(today ?? gatewayId, { reason, timeMs });
  }
  return pauses;
}
