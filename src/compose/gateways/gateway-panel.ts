/** What operators and metrics see of the gateways, and what a pause does: the pool, the dispatcher and the pauses seen together. */
import type { GatewayOverview, GatewaysDeps } from "../../app/gateways/create-gateways.ts";
import { type Pauses, pausesByName } from "../../app/gateways/pauses.ts";
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import type { RunnerFigures } from "../../dispatch/runner/runner-figures.ts";
import type { Neighbours } from "../../dispatch/sessions/session-keeper.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Lane } from "../../domain/message.ts";
import {
  type GatewayOffer,
  type GatewayReport,
  type Held,
  nothingHeld,
  type ReplicaReport,
} from "../../store/gateway-sessions.ts";
import type { GatewayPause } from "../../store/records/pauses.ts";
import type { MetricSources } from "../metrics/gauges.ts";
import type { GatewayPool } from "./gateway-pool.ts";

const pausedInFile = "paused in the configuration";

export interface GatewayPanel extends Pick<GatewaysDeps, "overview" | "held" | "onResume" | "formerIdsOf"> {
  /** What other replicas are told of the gateways here. */
  offers(): readonly GatewayOffer[];
  /** Does what a resume by hand at another replica means here. */
  onResumedElsewhere(id: GatewayId): void;
  readonly metricFigures: MetricSources["gateways"];
  /** Takes the pauses of a configuration that was read again; a pause by hand stays. */
  applyFilePauses(): void;
  /** A pause by hand goes on under its gateway's new name. */
  applyNames(): void;
}

/** Gateways that begin paused, with the reason: by hand, or in the file. */
export function pausesAtStart(
  pool: GatewayPool,
  pauses: readonly GatewayPause[],
): ReadonlyMap<GatewayId, string> {
  return new Map([
    ...[...pausedByFile(pool)].map((id) => [id, pausedInFile] as const),
    ...[...pausesByName(pauses, pool.names())].map(([id, { reason }]) => [id, reason] as const),
  ]);
}

function pausedByFile(pool: GatewayPool): ReadonlySet<GatewayId> {
  return new Set([...pool.entries()].filter(([, { isPaused }]) => isPaused).map(([id]) => id));
}

/** Makes the panel; what becomes of `pauses` from now on is done here. */
export function createGatewayPanel(
  pool: GatewayPool,
  dispatcher: Dispatcher,
  pauses: Pauses,
  neighbours: (id: GatewayId) => Neighbours | undefined,
): GatewayPanel {
  let byFile = pausedByFile(pool);
  let byHand = pausesByName(pauses.value, pool.names());
  const applyPauses = () => {
    const before = byHand;
    byHand = pausesByName(pauses.value, pool.names());
    for (const id of before.keys()) if (!byHand.has(id)) dispatcher.resume(id);
    for (const [id, { reason, timeMs }] of byHand) {
      const known = before.get(id);
      if (known?.timeMs !== timeMs || known.reason !== reason) dispatcher.pause(id, reason);
    }
  };
  pauses.onChange(applyPauses);
  const looks = () => {
    const figures = dispatcher.figures().gateways;
    return [...pool.entries()].map(([id, { gateway, route, kind }]) => {
      const health = dispatcher.health(id);
      const report: GatewayReport = {
        ...gateway.figures(),
        state: health.kind,
        reason: "reason" in health ? health.reason : "",
        pdusPerSecond: figures.get(id)?.pdusPerSecond ?? 0,
        held: heldOf(figures.get(id)),
      };
      return { id, kind, gateway, route, health, report };
    });
  };
  return {
    overview: () =>
      looks().map(({ id, kind, gateway, route, health, report }): GatewayOverview => {
        const { replicaId, others = [] } = neighbours(id) ?? {};
        const all = [report, ...others.map((other) => other.report)];
        const sum = (figure: Exclude<keyof GatewayReport, "state" | "reason" | "held">) =>
          all.reduce((total, one) => total + one[figure], 0);
        return {
          id,
          kind,
          health,
          priority: route.priority,
          weight: route.weight,
          isPremium: route.rules.premium,
          figures: {
            sessions: gateway.figures().sessions,
            ownSessions: sum("ownSessions"),
            boundSessions: sum("boundSessions"),
            inFlight: sum("inFlight"),
            windowSize: sum("windowSize"),
          },
          configuredRate: route.pdusPerSecond ?? 0,
          currentRate: sum("pdusPerSecond"),
          pauseTimeMs: byHand.get(id)?.timeMs,
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
      if (!byHand.has(id)) dispatcher.resume(id);
      pool.gateways().get(id)?.resume();
    },
    metricFigures: () => {
      const runners = dispatcher.figures().gateways;
      return [...pool.entries()].map(([id, { gateway }]) => {
        const { circuit = "closed", pdusPerSecond, slowdown = 1 } = runners.get(id) ?? {};
        return {
          id,
          status: gateway.status(),
          isPaused: dispatcher.health(id).kind === "paused",
          figures: gateway.figures(),
          circuit,
          pdusPerSecond,
          slowdown,
        };
      });
    },
    applyFilePauses() {
      const before = byFile;
      byFile = pausedByFile(pool);
      // One that left the file is among them: should it come back, its former pause would hold it for ever.
      for (const id of new Set([...before, ...byFile])) {
        if (byHand.has(id) || before.has(id) === byFile.has(id)) continue;
        if (byFile.has(id)) dispatcher.pause(id, pausedInFile);
        else dispatcher.resume(id);
      }
    },
    formerIdsOf: (id) => pool.names().formerIdsOf(id),
    applyNames: applyPauses,
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
