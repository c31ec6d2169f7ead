/** Lists gateways for operators, and takes them out of use and back. A pause is on disk before it is answered. */
import { SmsError } from "../../domain/errors.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { GatewayFigures } from "../../gateways/gateway.ts";
import type { Clock } from "../../observability/clock.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import type { ReplicaReport } from "../../store/gateway-sessions.ts";
import type { Store } from "../../store/store.ts";
import type { Backlog } from "../../store/views.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import { type Page, type PageRequest, pageOf } from "../calls/page-token.ts";
import { invalid, missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import { addHeld, type HeldByGateway } from "./add-held.ts";
import type { Pauses } from "./pauses.ts";

/** One configured gateway at this moment. */
export interface GatewayOverview {
  readonly id: GatewayId;
  /** Its protocol. */
  readonly kind: string;
  readonly health: GatewayHealth;
  readonly priority: number;
  readonly weight: number;
  readonly isPremium: boolean;
  /** Over all replicas. */
  readonly figures: GatewayFigures;
  /** PDUs a second over all replicas; 0 for no limit. */
  readonly configuredRate: number;
  readonly currentRate: number;
  /** How each of them sees it, by id; empty where one process has the store to itself. */
  readonly replicas: readonly ReplicaReport[];
  readonly pauseTimeMs: number | undefined;
}

export interface GatewayAnswer extends GatewayOverview {
  /** Deliveries of its queue that were not written yet: in the store, and claimed by a process. */
  readonly waitingCount: number;
}

export interface GatewaysDeps {
  readonly store: Pick<Store, "setPaused" | "backlog">;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  /** What waited in the store when it was looked at last. */
  readonly lastBacklog: () => Backlog;
  /** Every configured gateway. */
  readonly overview: () => readonly GatewayOverview[];
  /** What processes have claimed and not written yet. */
  readonly held: () => readonly HeldByGateway[];
  /** Whoever sends is told of them once they are stored. */
  readonly pauses: Pick<Pauses, "change">;
  /** Names that it had before, under which a pause may be stored. */
  readonly formerIdsOf: (id: GatewayId) => readonly GatewayId[];
  /** Closes the circuit and binds again after refused credentials. */
  readonly onResume: (id: GatewayId) => void;
}

export interface Gateways {
  /** By priority and id. */
  list(page: PageRequest): Promise<Page<GatewayAnswer>>;
  pause(
    input: { readonly gatewayId: string; readonly reason: string },
    caller: Caller,
  ): Promise<GatewayAnswer>;
  resume(gatewayId: string, caller: Caller): Promise<GatewayAnswer>;
}

/** Makes the use cases. */
export function createGateways(deps: GatewaysDeps): Gateways {
  const { store, clock, pauses } = deps;

  function find(gatewayId: string): GatewayOverview {
    if (gatewayId === "") throw missing("gateway_id");
    const found = deps.overview().find((gateway) => gateway.id === gatewayId);
    if (found === undefined) throw new SmsError("UNKNOWN_GATEWAY");
    return found;
  }

  /** After the commit nothing but an answer: what cannot be read now is shown as it was seen last. */
  async function answerStored(before: GatewayOverview): Promise<GatewayAnswer> {
    const backlog = await store.backlog().catch(() => deps.lastBacklog());
    const gateway = deps.overview().find(({ id }) => id === before.id) ?? before;
    const { byQueue } = addHeld(backlog, deps.held());
    return withWaiting(gateway, byQueue);
  }

  return {
    async list(page) {
      const all = deps.overview().toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
      const { entries, nextPageToken } = pageOf(deps.sealer, "gateways", page, all, orderKey);
      const { byQueue } = addHeld(await store.backlog(), deps.held());
      return { entries: entries.map((gateway) => withWaiting(gateway, byQueue)), nextPageToken };
    },
    async pause({ gatewayId, reason }, caller) {
      const before = find(gatewayId);
      const { id, pauseTimeMs } = before;
      if (isLongerThan(reason, 200) || !isCleanText(reason))
        throw invalid("reason", "must have at most 200 characters, no controls and no U+FFFD");
      const pause = { reason, timeMs: pauseTimeMs ?? clock.now() };
      await store.setPaused(actOf(caller, id, clock.now()), id, pause);
      pauses.change((all) => [...all.filter((other) => other.gatewayId !== id), { gatewayId: id, ...pause }]);
      return answerStored(before);
    },
    async resume(gatewayId, caller) {
      const before = find(gatewayId);
      const { id } = before;
      const formerIds = deps.formerIdsOf(id);
      const names = [id, ...formerIds];
      await store.setPaused(actOf(caller, id, clock.now()), id, undefined, formerIds);
      pauses.change((all) => all.filter(({ gatewayId }) => !names.includes(gatewayId)));
      deps.onResume(id);
      return answerStored(before);
    },
  };
}

function withWaiting(gateway: GatewayOverview, queues: Backlog["byQueue"]): GatewayAnswer {
  const own = queues.filter(({ gatewayId }) => gatewayId === gateway.id);
  return { ...gateway, waitingCount: own.reduce((sum, { count }) => sum + count, 0) };
}

/** Sorts as (priority, id); priorities may be negative. */
function orderKey(gateway: GatewayOverview): string {
  return `${String(gateway.priority + 0x8000_0000).padStart(10, "0")}\u0000${gateway.id}`;
}
