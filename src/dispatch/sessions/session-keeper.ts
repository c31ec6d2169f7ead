/**
 * Keeps open those sessions of gateways that are this process's, gives up what is due to others, and learns where others can send. It looks
 * each second, and at once when something changes. What it could not hold on to is closed before others may have it.
 */
import type { GatewayId } from "../../domain/ids.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type {
  Division,
  GatewayOffer,
  GatewaySessions,
  ReplicaReport,
  SessionShare,
} from "../../store/gateway-sessions.ts";
import { EachOnce } from "./each-once.ts";

export interface SessionKeeperDependencies {
  readonly sessions: GatewaySessions;
  readonly gateways: () => ReadonlyMap<GatewayId, Gateway>;
  /** Whether a former gateway of this name still closes its sessions, so that they cannot be released. */
  readonly isClosing: (gatewayId: GatewayId) => boolean;
  readonly offers: () => readonly GatewayOffer[];
  readonly setReadyElsewhere: (gatewayId: GatewayId, isReady: boolean) => void;
  /** The gateway was resumed by hand, here or at another process. */
  readonly onResumed: (gatewayId: GatewayId) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Neighbours {
  /** This process's own name among them. */
  readonly replicaId: string;
  readonly others: readonly ReplicaReport[];
}

const everyMs = 1_000;
/** Between looks for whatever cause: binds come in crowds. */
const leastGapMs = 50;
/**
 * How long others still count as able to send by a gateway after the last of them said so: a session takes a moment to move from one to
 * another, and no delivery should take a worse route meanwhile.
 */
const handOverMs = 3_000;
/** Time for what is unanswered on a session whose lease ends; less than the lease's margin. */
const lapseGraceMs = 500;

export class SessionKeeper {
  readonly #dependencies: SessionKeeperDependencies;
  readonly #own = new Map<GatewayId, readonly number[]>();
  readonly #closing = new EachOnce();
  readonly #readyElsewhereMs = new Map<GatewayId, number>();
  readonly #resumeCounts = new Map<GatewayId, number>();
  #division: Division | undefined;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #lapseTimer: Timer | undefined;
  #lookTimer: Timer | undefined;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #fault: string | undefined;
  #stopListening: (() => void) | undefined;
  #state: "new" | "keeping" | "stopped" = "new";

  constructor(dependencies: SessionKeeperDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether the sessions that are open here are surely nobody else's; to be asked right before each write. */
  isHeld(): boolean {
    return this.#dependencies.clock.monotonic() < this.#heldUntilMs;
  }

  /** What other processes said last; undefined where there are none to share with. */
  neighbours(gatewayId: GatewayId): Neighbours | undefined {
    const { replicaId } = this.#dependencies.sessions;
    if (replicaId === undefined) return undefined;
    return { replicaId, others: this.#division?.shares.get(gatewayId)?.others ?? [] };
  }

  /** Harmless when repeated. */
  start(): void {
    if (this.#state !== "new") return;
    this.#state = "keeping";
    this.#stopListening = this.#dependencies.sessions.onChange(this.lookSoon);
    this.lookSoon();
  }

  /** Something has changed here or elsewhere. */
  readonly lookSoon = (): void => {
    this.#lookIn(Math.max(0, this.#lookedMs + leastGapMs - this.#dependencies.clock.monotonic()));
  };

  /** The lease is lost: others may have every session by now or soon. */
  lapse(): void {
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#lapseTimer?.cancel();
    for (const [gatewayId, slots] of this.#own) this.#close(gatewayId, slots);
    this.#own.clear();
  }

  /** Once the gateways have stopped: releases what they had. Harmless when repeated. */
  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#stopListening?.();
    this.#lookTimer?.cancel();
    await this.#looking;
    this.#lapseTimer?.cancel();
    await this.#closing.idle();
    if (this.#own.size === 0) return;
    // First it wants none, so that the others are due what it releases.
    await this.#dependencies.sessions.divide([]).catch(() => undefined);
    for (const [gatewayId, slots] of this.#own) await this.#release(gatewayId, slots);
    this.#own.clear();
  }

  #lookIn(delayMs: number): void {
    const { clock } = this.#dependencies;
    const atMs = clock.monotonic() + delayMs;
    if (this.#state !== "keeping" || atMs >= this.#lookAtMs) return;
    this.#lookTimer?.cancel();
    this.#lookAtMs = atMs;
    this.#lookTimer = clock.setTimeout(() => {
      this.#looking = this.#look();
    }, delayMs);
  }

  async #look(): Promise<void> {
    const { sessions, offers, clock, log } = this.#dependencies;
    // A look that was asked for meanwhile follows this one.
    await this.#looking;
    this.#lookAtMs = Number.POSITIVE_INFINITY;
    if (this.#state !== "keeping") return;
    try {
      this.#apply(await sessions.divide(offers()));
      if (this.#fault !== undefined) log.info({}, "The sessions of gateways are divided again.");
      this.#fault = undefined;
    } catch (err) {
      const fault = String(err);
      if (fault !== this.#fault) log.warn({ err }, "The sessions of gateways cannot be divided now.");
      this.#fault = fault;
    }
    this.#lookedMs = clock.monotonic();
    this.#lookIn(everyMs);
  }

  #apply(division: Division): void {
    const { clock } = this.#dependencies;
    this.#division = division;
    this.#heldUntilMs = division.heldUntilMs;
    // An answer that took too long is worth nothing.
    if (!this.isHeld()) {
      this.lapse();
      return;
    }
    this.#lapseTimer?.cancel();
    if (division.heldUntilMs !== Number.POSITIVE_INFINITY) {
      this.#lapseTimer = clock.setTimeout(() => this.#onLapse(), division.heldUntilMs - clock.monotonic());
    }
    for (const gatewayId of new Set([...this.#own.keys(), ...division.shares.keys()])) {
      this.#applyShare(gatewayId, division.shares.get(gatewayId));
    }
  }

  #applyShare(gatewayId: GatewayId, share: SessionShare | undefined): void {
    const own = share?.own ?? [];
    const lost = (this.#own.get(gatewayId) ?? []).filter((slot) => !own.includes(slot));
    if (own.length > 0) this.#own.set(gatewayId, own);
    else this.#own.delete(gatewayId);
    this.#close(gatewayId, lost);
    if (share === undefined) return;
    this.#learn(gatewayId, share);
    const gateway = this.#dependencies.gateways().get(gatewayId);
    for (const slot of own) {
      if (!this.#closing.has(`${slot} ${gatewayId}`)) gateway?.openSession(slot);
    }
    if (share.surplus !== undefined) this.#giveUp(gatewayId, share.surplus);
  }

  #learn(gatewayId: GatewayId, { others, resumeCount }: SessionShare): void {
    const { clock, setReadyElsewhere, onResumed } = this.#dependencies;
    const nowMs = clock.monotonic();
    if (others.some(isWorking)) this.#readyElsewhereMs.set(gatewayId, nowMs);
    const lastMs = this.#readyElsewhereMs.get(gatewayId) ?? Number.NEGATIVE_INFINITY;
    setReadyElsewhere(gatewayId, others.length > 0 && nowMs - lastMs < handOverMs);
    const known = this.#resumeCounts.get(gatewayId);
    this.#resumeCounts.set(gatewayId, resumeCount);
    if (known !== undefined && resumeCount > known) onResumed(gatewayId);
  }

  /** One at a time of each gateway; the next look tells whether another follows. */
  #giveUp(gatewayId: GatewayId, slot: number): void {
    const { gateways, isClosing, clock, setReadyElsewhere } = this.#dependencies;
    if (isClosing(gatewayId)) return;
    // Before the session closes, so that what is in memory for it waits for its next owner.
    this.#readyElsewhereMs.set(gatewayId, clock.monotonic());
    setReadyElsewhere(gatewayId, true);
    this.#closing.run(`${slot} ${gatewayId}`, async () => {
      await gateways().get(gatewayId)?.closeSession(slot);
      await this.#release(gatewayId, [slot]);
      this.lookSoon();
    });
  }

  async #release(gatewayId: GatewayId, slots: readonly number[]): Promise<void> {
    const { sessions, log } = this.#dependencies;
    try {
      await sessions.release(gatewayId, slots);
    } catch (err) {
      log.warn({ err, gateway: gatewayId }, "Sessions could not be released; their lease will end.");
    }
  }

  #close(gatewayId: GatewayId, slots: readonly number[]): void {
    const gateway = this.#dependencies.gateways().get(gatewayId);
    for (const slot of slots) void gateway?.closeSession(slot, lapseGraceMs);
  }

  #onLapse(): void {
    if (this.#own.size > 0) {
      this.#dependencies.log.warn({}, "The lease of the sessions is over; they are closed until it is back.");
    }
    this.lapse();
  }
}

/** A pause holds for all replicas, and is looked at before whether others can send. */
function isWorking({ report }: ReplicaReport): boolean {
  return report.state === "ready" || (report.state === "paused" && report.boundSessions > 0);
}
