/** Pauses by hand, at whichever replica they were ordered. */
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { GatewayPause } from "../../store/records/pauses.ts";
import type { Store } from "../../store/store.ts";
import { createFollowed, type Followed } from "../followed.ts";

export type Pauses = Followed<readonly GatewayPause[]>;

export interface PausesDeps {
  readonly store: Pick<Store, "pausedGateways"> & {
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "monotonic">;
}

/** Nothing is held before the first look. */
export function createPauses({ store, clock }: PausesDeps): Pauses {
  return createFollowed<readonly GatewayPause[]>({
    initial: [],
    load: () => store.pausedGateways(),
    isShared: store.sessions.replicaId !== undefined,
    clock,
  });
}

/** By what their gateways are called today, rather than when they were paused; that of today's name counts first. */
export function pausesByName(
  stored: readonly GatewayPause[],
  { renamed }: GatewayNames,
): ReadonlyMap<GatewayId, GatewayPause> {
  const pauses = new Map<GatewayId, GatewayPause>();
  for (const pause of stored) {
    const today = renamed.get(pause.gatewayId);
    if (today === undefined || !pauses.has(today)) pauses.set(today ?? pause.gatewayId, pause);
  }
  return pauses;
}
