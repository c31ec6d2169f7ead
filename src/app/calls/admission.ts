/**
 * Whether new work is taken: not while stopping, not below the floor of free disk space, not above the bound on what waits
 * (P23). It looks every now and then, counts what was accepted in between, and answers at once.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import type { Backlog } from "../../store/views.ts";

/** Whether new work is taken now. */
export type AdmissionState =
  | { readonly kind: "open" }
  | { readonly kind: "overloaded"; readonly retryAfterMs: number; readonly limit: "backlog" | "disk" }
  | { readonly kind: "stopping" };

export interface AdmissionDeps {
  readonly store: Pick<Store, "backlog" | "damage">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Free octets where the store is; undefined where it is not on a disk of this machine. */
  readonly readFreeDisk: (() => Promise<number>) | undefined;
  readonly minFreeDiskBytes: number;
  /** Deliveries that may wait. */
  readonly maxBacklog: number;
}

export interface Admission {
  readonly state: () => AdmissionState;
  /** Deliveries that were just accepted, so that a burst between two looks is bounded too. */
  countAccepted(deliveries: number): void;
  /** What waited at the last look. */
  readonly backlog: () => Backlog;
  readonly freeDiskBytes: () => number | undefined;
  /** Why no work is taken, as sentences; empty while it is. */
  readonly problems: () => readonly string[];
  /** Takes no new work from now on. */
  close(): void;
  /** Stops looking; harmless when repeated. */
  stop(): void;
}

const everyMs = 1_000;
/** A look at a long backlog costs time; at most this share of it is spent on looking. */
const mostShareOfTime = 0.05;
/** The same while what was counted fills the room that was seen: what was accepted during a look may be in both. */
const doubtfulEveryMs = 50;
const mostShareOfDoubt = 0.2;
const retryAfterMs = 5_000;
const noBacklog: Backlog = { queued: 0, byQueue: [], parkedReceipts: 0 };

/** Looks once and then keeps looking until it is stopped. */
export async function startAdmission(deps: AdmissionDeps): Promise<Admission> {
  const { clock, log } = deps;
  let backlog = noBacklog;
  let freeDiskBytes: number | undefined;
  let acceptedSince = 0;
  let isStoreAway = false;
  let wasDiskFull = false;
  let phase: "open" | "closed" | "stopped" = "open";
  let timer: Timer | undefined;
  let looked = { endMs: 0, tookMs: 0 };
  let isSooner = false;

  /** Once when it becomes too little, also before the first message, and once when it is enough again. */
  function tellOfDisk(): void {
    if (wasDiskFull === isDiskFull()) return;
    wasDiskFull = isDiskFull();
    const fields = { freeBytes: freeDiskBytes, minFreeDiskBytes: deps.minFreeDiskBytes };
    if (wasDiskFull)
      log.warn(
        fields,
        "Less disk space is left than store.minFreeDisk: messages are refused until it is more.",
      );
    else log.info(fields, "Enough disk space is left again; messages are taken.");
  }

  async function look(): Promise<void> {
    const startMs = clock.monotonic();
    timer = undefined;
    try {
      freeDiskBytes = await deps.readFreeDisk?.();
      tellOfDisk();
      const acceptedBefore = acceptedSince;
      backlog = await deps.store.backlog();
      acceptedSince -= acceptedBefore;
      isStoreAway = false;
    } catch (err) {
      if (phase === "stopped") return;
      isStoreAway = true;
      if (deps.store.damage() === undefined)
        log.often.warn({ err }, "The backlog and the free disk space could not be read.");
    }
    const endMs = clock.monotonic();
    looked = { endMs, tookMs: endMs - startMs };
    isSooner = !isStoreAway && isFullByCount();
    wait();
  }

  function wait(): void {
    if (phase === "stopped") return;
    const { endMs, tookMs } = looked;
    const delayMs = isSooner
      ? Math.max(doubtfulEveryMs, tookMs / mostShareOfDoubt)
      : Math.max(everyMs, tookMs / mostShareOfTime);
    timer = clock.setTimeout(() => void look(), Math.max(0, endMs + delayMs - clock.monotonic())).unref();
  }

  /** While nothing more is taken, the next look sees exactly what waits. */
  function lookSooner(): void {
    if (isSooner || timer === undefined || !isFullByCount()) return;
    isSooner = true;
    timer.cancel();
    wait();
  }

  const isDiskFull = () => freeDiskBytes !== undefined && freeDiskBytes < deps.minFreeDiskBytes;
  const isBacklogFull = () => backlog.queued + acceptedSince >= deps.maxBacklog;
  const isFullByCount = () => isBacklogFull() && backlog.queued < deps.maxBacklog;

  const storeProblems = () => {
    const damage = deps.store.damage();
    if (damage !== undefined) return [damage];
    return isStoreAway ? ["the store does not answer"] : [];
  };

  await look();
  return {
    state() {
      if (phase !== "open") return { kind: "stopping" };
      if (isDiskFull()) return { kind: "overloaded", retryAfterMs, limit: "disk" };
      if (isBacklogFull()) {
        lookSooner();
        return { kind: "overloaded", retryAfterMs, limit: "backlog" };
      }
      return { kind: "open" };
    },
    problems: () => [
      ...(phase === "open" ? [] : ["the service is stopping"]),
      ...storeProblems(),
      ...(isDiskFull() ? ["too little disk space is left"] : []),
      ...(isBacklogFull() ? ["too many deliveries wait"] : []),
    ],
    countAccepted(deliveries) {
      acceptedSince += deliveries;
    },
    backlog: () => backlog,
    freeDiskBytes: () => freeDiskBytes,
    close() {
      if (phase === "open") phase = "closed";
    },
    stop() {
      phase = "stopped";
      timer?.cancel();
    },
  };
}
