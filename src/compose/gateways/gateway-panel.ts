/** What operators and metrics see of the gateways, and what a pause does: the pool, the dispatcher and the pauses seen together. */
import type { GatewayOverview, GatewaysDeps } from "../../app/gateways/create-gateways.ts";
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import type { RunnerFigures } from "../../dispatch/runner/runner-figures.ts";
import type { Neighbours } from "../../dispatch/sessions/session-keeper.ts";
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Lane } from "../../domain/message.ts";
import type { MetricSources } from "../../observability/metrics.ts";
import {
  type GatewayOffer,
  type GatewayReport,
  type Held,
  nothingHeld,
  type ReplicaReport,
} from "../../store/gateway-sessions.ts";
import type { GatewayPool } from "./gateway-pool.ts";

export interface Pause {
  readonly reason: string;
  readonly timeMs: number;
}

const pausedInFile = "paused in the configuration";

export interface GatewayPanel
  extends Pick<GatewaysDeps, "overview" | "held" | "onPause" | "onResume" | "formerIdsOf"> {
  /** What other replicas are told of the gateways here. */
  offers(): readonly GatewayOffer[];
  /** Does what a resume by hand at another replica means here. */
  onResumedElsewhere(id: GatewayId): void;
  readonly metricFigures: MetricSources["gateways"];
  /** Takes the pauses of a configuration that was read again; a pause by hand stays. */
  applyFilePauses(): void;
  /** A pause by hand goes on under the name that its gateway has got. */
  applyNames(): void;
  /** Counts the pauses and resumes that were ordered here. */
  readonly orders: number;
  /** Takes the pauses by hand as they are stored, where replicas share them; not if one was ordered here since `orders` was read. */
  applyPauses(stored: readonly (Pause & { readonly gatewayId: GatewayId })[], orders: number): void;
}

/** Pauses as they are stored, by what their gateways are called today; that of today's name counts first. */
export function pausesByName(
  stored: readonly (Pause & { readonly gatewayId: GatewayId })[],
  { renamed }: GatewayNames,
): Map<GatewayId, Pause> {
  const pauses = new Map<GatewayId, Pause>();
  for (const { gatewayId, reason, timeMs } of stored) {
    const today = renamed.get(gatewayId);
    if (today === undefined || !pauses.has(today)) pauses.set(today ?? gatewayId, { reason, timeMs });
  }
  return pauses;
}

/** Gateways that begin paused, with the reason: by hand, or in the file. */
export function pausesAtStart(
  pool: GatewayPool,
  pauses: ReadonlyMap<GatewayId, Pause>,
): ReadonlyMap<GatewayId, string> {
  const byFile = [...pool.entries()].filter(([, { isPaused }]) => isPaused);
  return new Map([
    ...byFile.map(([id]) => [id, pausedInFile] as const),
    ...[...pauses].map(([id, { reason }]) => [id, reason] as const),
  ]);
}

/** Makes the panel; `pauses` are those by hand, as stored, and are kept up to date here. */
export function createGatewayPanel(
  pool: GatewayPool,
  dispatcher: Dispatcher,
  pauses: Map<GatewayId, Pause>,
  neighbours: (id: GatewayId) => Neighbours | undefined,
): GatewayPanel {
  let pausedByFile = new Set([...pausesAtStart(pool, new Map()).keys()]);
  let orders = 0;
  const applyPause = (id: GatewayId, pause: Pause | undefined) => {
    if (pause === undefined) {
      pauses.delete(id);
      dispatcher.resume(id);
    } else {
      pauses.set(id, pause);
      dispatcher.pause(id, pause.reason);
    }
  };
  const looks = () => {
    const figures = dispatcher.figures().gateways;
    return [...pool.entries()].map(([id, { gateway, route }]) => {
      const health = dispatcher.health(id);
      const report: GatewayReport = {
        ...gateway.figures(),
        state: health.kind,
        reason: "reason" in health ? health.reason : "",
        pdusPerSecond: figures.get(id)?.pdusPerSecond ?? 0,
        held: heldOf(figures.get(id)),
      };
      return { id, gateway, route, health, report };
    });
  };
  return {
    overview: () =>
      looks().map(({ id, gateway, route, health, report }): GatewayOverview => {
        const { replicaId, others = [] } = neighbours(id) ?? {};
        const all = [report, ...others.map((other) => other.report)];
        const sum = (figure: Exclude<keyof GatewayReport, "state" | "reason" | "held">) =>
          all.reduce((total, one) => total + one[figure], 0);
        return {
          id,
          health,
          priority: route.priority,
          weight: route.weight,
          isPremium: route.isPremium,
          figures: {
            sessions: gateway.figures().sessions,
            ownSessions: sum("ownSessions"),
            boundSessions: sum("boundSessions"),
            inFlight: sum("inFlight"),
            windowSize: sum("windowSize"),
          },
          configuredRate: route.pdusPerSecond ?? 0,
          currentRate: sum("pdusPerSecond"),
          pauseTimeMs: pauses.get(id)?.timeMs,
          replicas: replicaId === undefined ? [] : byId([{ replicaId, report }, ...others]),
        };
      }),
    held: () =>
      looks().flatMap(({ id, report }) =>
        [report, ...(neighbours(id)?.others ?? []).map((other) => other.report)].map(({ held }) => ({
          gatewayId: id,
          held,
        })),
      ),
    onPause(id, pause) {
      orders += 1;
      applyPause(id, pause);
    },
    onResume(id) {
      dispatcher.resume(id);
      pool.gateways().get(id)?.resume();
    },
    offers: () =>
      looks().map(({ id, gateway, report }) => ({
        gatewayId: id,
        sessions: gateway.sessionCount,
        report,
      })),
    onResumedElsewhere(id) {
      // A pause by hand ends where its row is found gone.
      if (!pauses.has(id)) dispatcher.resume(id);
      pool.gateways().get(id)?.resume();
    },
    metricFigures: () =>
      [...pool.entries()].map(([id, { gateway }]) => ({
        id,
        status: gateway.status(),
        isPaused: dispatcher.health(id).kind === "paused",
        figures: gateway.figures(),
      })),
    applyFilePauses() {
      const before = pausedByFile;
      pausedByFile = new Set([...pausesAtStart(pool, new Map()).keys()]);
      // One that left the file is among them: should it come back, its former pause would hold it for ever.
      for (const id of new Set([...before, ...pausedByFile])) {
        if (pauses.has(id) || before.has(id) === pausedByFile.has(id)) continue;
        if (pausedByFile.has(id)) dispatcher.pause(id, pausedInFile);
        else dispatcher.resume(id);
      }
    },
    formerIdsOf: (id) => pool.names().formerIdsOf(id),
    applyNames() {
      for (const [former, today] of pool.names().renamed) {
        const pause = pauses.get(former);
        if (pause === undefined) continue;
        applyPause(former, undefined);
        if (!pauses.has(today)) applyPause(today, pause);
      }
    },
    get orders() {
      return orders;
    },
    applyPauses(stored, seenOrders) {
      if (seenOrders !== orders) return;
      const byId = pausesByName(stored, pool.names());
      for (const id of [...pauses.keys()]) if (!byId.has(id)) applyPause(id, undefined);
      for (const [id, pause] of byId) if (pauses.get(id)?.timeMs !== pause.timeMs) applyPause(id, pause);
    },
  };
}

function heldOf(figures: RunnerFigures | undefined): Held {
  if (figures === undefined) return nothingHeld;
  const { inMemory, oldestInMemoryMs } = figures;
  const laneOf = (lane: Lane) => ({ count: inMemory[lane], oldestTimeMs: oldestInMemoryMs[lane] });
  return { OTP: laneOf("OTP"), NORMAL: laneOf("NORMAL"), BULK: laneOf("BULK") };
}

function byId(replicas: readonly ReplicaReport[]): readonly ReplicaReport[] {
  return replicas.toSorted((left, right) => (left.replicaId < right.replicaId ? -1 : 1));
}
