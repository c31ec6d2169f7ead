/**
 * The loop of one gateway: claims what waits for it while it can send, and submits as sessions, tokens and lanes allow. Events
 * drive it (room in a window, a token, an answer, something accepted); a slow tick is only its safety net. When its gateway
 * cannot send, what it holds goes to others or back to the store.
 */
import type { GatewayId } from "../domain/ids.ts";
import { type Lane, lanes } from "../domain/message.ts";
import type { EncodingProfile } from "../encoding/message-plan.ts";
import type { Gateway, GatewayStatus, PartResult } from "../gateways/gateway.ts";
import { LaneScheduler } from "../routing/lane-scheduler.ts";
import type { GatewayHealth } from "../routing/route-gateway.ts";
import { type Candidate, selectGateways } from "../routing/select-gateways.ts";
import type { Claim } from "../store/store.ts";
import {
  judgeResults,
  needsReference,
  partsToSubmit,
  type Resume,
  type RunningAttempt,
  recordAttempt,
} from "./attempt.ts";
import { BacklogHints } from "./backlog-hints.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { DispatchRoute } from "./dispatch-settings.ts";
import { GatewayGate } from "./gateway-gate.ts";
import { GatewayQueue } from "./gateway-queue.ts";
import type { InHand } from "./in-hand.ts";
import { decideRetry, placeDelivery, type TraceMark, traceOf } from "./place-delivery.ts";
import { prepareDeliveries } from "./prepare-deliveries.ts";

/** What a gateway's loop is doing, for operators and metrics. */
export interface RunnerFigures {
  readonly health: GatewayHealth;
  readonly circuit: "closed" | "open" | "half_open";
  /** Claimed and not yet handed to a session, by lane. */
  readonly inMemory: Readonly<Record<Lane, number>>;
  /** Deliveries handed to a session and unanswered. */
  readonly attempting: number;
  /** PDUs a second that may leave now; undefined where nothing limits them. */
  readonly pdusPerSecond: number | undefined;
  /** Share of the full rate that throttling has left, 0 to 1. */
  readonly slowdown: number;
  /** Whether the store is known to hold deliveries that wait for it. */
  readonly hasBacklog: boolean;
  readonly isStuck: boolean;
}

export class GatewayRunner {
  readonly id: GatewayId;
  readonly gateway: Gateway;
  readonly queue = new GatewayQueue();
  readonly backlog: BacklogHints;
  readonly gate: GatewayGate;
  readonly #context: DispatchContext;
  readonly #lanes: LaneScheduler;
  #route: DispatchRoute;
  #attempting = 0;
  #isPumping = false;
  #isClaiming = false;
  #isStopped = false;
  #lastProgressMs: number;
  #downSinceMs: number | undefined;
  #prepareAfterMs = 0;
  #whenIdle: (() => void)[] = [];

  constructor(gateway: Gateway, route: DispatchRoute, pause: string | undefined, context: DispatchContext) {
    const { clock, settings } = context;
    this.id = gateway.id;
    this.gateway = gateway;
    this.#route = route;
    this.#context = context;
    this.#lanes = new LaneScheduler(settings.shares);
    this.gate = new GatewayGate(route, gateway.status(), settings, clock, () => this.pump());
    this.gate.pause = pause;
    this.backlog = new BacklogHints(clock, () => this.pump());
    this.#lastProgressMs = clock.monotonic();
    this.#setPlaces();
  }

  get route(): DispatchRoute {
    return this.#route;
  }

  setRoute(route: DispatchRoute): void {
    if (route.pdusPerSecond !== this.#route.pdusPerSecond || route.burst !== this.#route.burst) {
      this.gate.setRoute(route);
    }
    this.#route = route;
    this.#setPlaces();
  }

  get canSend(): boolean {
    return !this.#isStopped && this.gate.health(this.#context.clock.monotonic()).kind === "ready";
  }

  onStatus(status: GatewayStatus): void {
    this.gate.status = status;
    this.#setPlaces();
    this.#noteChange();
  }

  setPause(reason: string | undefined): void {
    this.gate.pause = reason;
    if (reason === undefined) this.gate.circuit.reset();
    this.#noteChange();
  }

  /** Places for deliveries that their accepting transaction may claim. */
  reserve(lane: Lane, count: number): number {
    if (!this.canSend || this.backlog.isKnown(lane) || this.#context.isBehind()) return 0;
    const probes = this.gate.circuit.places(this.#context.clock.monotonic()) - this.queue.length;
    return this.queue.reserve(lane, Math.max(0, Math.min(count, probes)));
  }

  push(item: InHand): void {
    this.queue.push(item);
  }

  /** Sends what can be sent and claims what there is room for. */
  pump(): void {
    if (this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    try {
      if (this.canSend) {
        this.#downSinceMs = undefined;
        while (this.#sendNext());
      } else {
        this.#evacuate();
      }
      this.#claim();
    } finally {
      this.#isPumping = false;
    }
  }

  /** The safety net: polls for what a hint missed, lets rates recover, and gives up holding for a gateway that stays away. */
  tick(): void {
    this.gate.tick();
    if (this.queue.length === 0 && this.#attempting === 0) {
      this.#lastProgressMs = this.#context.clock.monotonic();
    }
    this.backlog.pollEvery(this.#context.settings.pollMs);
    this.pump();
  }

  figures(): RunnerFigures {
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    return {
      health: this.gate.health(nowMs),
      circuit: this.gate.circuit.state(nowMs).kind,
      inMemory: {
        OTP: this.queue.lengthOf("OTP"),
        NORMAL: this.queue.lengthOf("NORMAL"),
        BULK: this.queue.lengthOf("BULK"),
      },
      attempting: this.#attempting,
      pdusPerSecond: this.gate.pdusPerSecond,
      slowdown: this.gate.slowdown,
      hasBacklog: lanes.some((lane) => this.backlog.isKnown(lane)),
      isStuck: this.isStuck,
    };
  }

  /** It could send, has work, and nothing has left or come back for a long time (P22). */
  get isStuck(): boolean {
    const { clock, settings } = this.#context;
    if (!this.canSend || (this.queue.length === 0 && this.#attempting === 0)) return false;
    const rate = this.gate.pdusPerSecond;
    const limitMs = Math.max(settings.stuckAfterMs, rate === undefined ? 0 : 3_000 / rate);
    return clock.monotonic() - this.#lastProgressMs > limitMs;
  }

  /** Takes no more; what is in memory goes back to the store. */
  close(): void {
    this.#isStopped = true;
    this.backlog.close();
    for (const item of this.queue.remove((item) => !item.isPreparing)) this.#context.handBack(item, this.id);
  }

  /** Resolves when no attempt is under way. */
  idle(): Promise<void> {
    if (this.#attempting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  // ---------------------------------------------------------------- sending

  /** Sends or moves one delivery; false where nothing more can be done now. */
  #sendNext(): boolean {
    const { clock, settings } = this.#context;
    const nowMs = clock.monotonic();
    if (this.gate.circuit.places(nowMs) <= 0 || this.#context.isBehind()) return false;
    const waiting = this.queue.ready();
    const lane = this.#lanes.next(waiting);
    if (lane === undefined || this.gateway.room() <= 0) return false;
    const item = this.queue.peek(lane);
    if (item === undefined) return false;
    if (clock.now() >= item.message.expireTimeMs) {
      this.queue.shift(lane);
      this.#context.expire(item);
      return true;
    }
    const selection = selectGateways(item, this.#context.table(), this.#context.health);
    const placement = placeDelivery(deliveryOf(item), selection, this.id, settings.retry);
    if (placement.kind !== "send" || placement.candidate.gatewayId !== this.id) {
      this.queue.shift(lane);
      this.#context.place(item, placement, this.id);
      return true;
    }
    if (needsPreparing(item, placement.candidate, placement.resume)) {
      this.#prepare(lane, nowMs);
      return this.queue.ready()[lane] === false && this.#prepareAfterMs <= nowMs;
    }
    if (!this.gate.tryTakeToken()) return false;
    this.queue.shift(lane);
    const trace = traceOf(selection, this.id, placement.marks);
    const parts = this.#submit(item, placement.candidate, placement.resume, trace);
    this.#lanes.spend(lane, parts, waiting);
    return true;
  }

  #submit(
    item: InHand,
    candidate: Candidate,
    resume: Resume | undefined,
    trace: RunningAttempt["trace"],
  ): number {
    const { clock } = this.#context;
    const { plan } = candidate;
    const profile = this.#profile();
    const reference = resume === undefined || !needsReference(plan) ? item.reference : resume.reference;
    const { partCount, parts } = partsToSubmit(plan, profile, reference, resume);
    const attempt: RunningAttempt = {
      item,
      gatewayId: this.id,
      resume,
      number: resume?.attempt ?? item.work.progress.attemptCount + 1,
      plan,
      partCount,
      reference: needsReference(plan) ? reference : undefined,
      startTimeMs: clock.now(),
      trace,
    };
    this.#attempting++;
    this.gate.circuit.begin();
    this.gateway
      .submit({
        deliveryId: item.deliveryId,
        sender: item.sender,
        recipient: item.recipient,
        parts,
        expireTimeMs: item.message.expireTimeMs,
        takeToken: this.gate.takeToken,
      })
      .then((results) => this.#finish(attempt, results));
    return parts.length;
  }

  #finish(attempt: RunningAttempt, results: readonly PartResult[]): void {
    const { clock, settler } = this.#context;
    const { item } = attempt;
    const nowMs = clock.monotonic();
    const judgement = judgeResults(attempt, results);
    const { outcome } = judgement;
    this.#attempting--;
    this.#lastProgressMs = nowMs;
    this.gate.circuit.record(circuitSignals[outcome], nowMs);
    if (outcome === "THROTTLED" && this.gate.onThrottled()) {
      this.#context.log.warn(
        { gateway: this.id, pdusPerSecond: this.gate.pdusPerSecond },
        "The gateway throttles; it is slowed down.",
      );
    }
    if (judgement.kind === "again" && this.#canPutBack(item, outcome, judgement.progress.resume)) {
      item.returns++;
      this.queue.putBack(item);
    } else {
      const next =
        judgement.kind === "again" ? this.#decideRetry(item, outcome, judgement.progress) : judgement;
      const timeMs = clock.now();
      settler.add({
        deliveryId: item.deliveryId,
        claimant: this.#context.claimant(),
        timeMs,
        lane: item.message.lane,
        attempt: recordAttempt(attempt, results, outcome, [], timeMs),
        verdict:
          next.kind === "submitted"
            ? { kind: "submitted", expectsReceipts: this.#route.expectsReceipts }
            : next.kind === "retry"
              ? {
                  kind: "retry",
                  gatewayId: next.gatewayId,
                  availableTimeMs: timeMs + next.delayMs,
                  progress: next.progress,
                  mayHaveBeenSent: mayHaveBeenSent(next.progress),
                }
              : {
                  kind: "final",
                  state: next.kind === "refused" ? "REJECTED" : next.state,
                  code: next.code,
                  reason: next.reason,
                },
      });
    }
    if (this.#attempting === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (this.#isStopped) return;
    this.pump();
  }

  /**
   * What was throttled or met a lost session, and of which nothing has been accepted, keeps its place in memory for a few tries.
   * AT_MOST_ONCE goes back to QUEUED, so that a crash in between leaves no doubt.
   */
  #canPutBack(item: InHand, outcome: string, resume: Resume | undefined): boolean {
    return (
      (outcome === "THROTTLED" || outcome === "SESSION_LOST_BEFORE_WRITE") &&
      resume === undefined &&
      item.message.duplicatePolicy === "AT_LEAST_ONCE" &&
      item.work.progress.resume === undefined &&
      item.returns < this.#context.settings.maxReturns &&
      this.canSend
    );
  }

  #decideRetry(item: InHand, outcome: RecordedOutcome, progress: InHand["work"]["progress"]) {
    const { settings, random } = this.#context;
    const selection = selectGateways(
      {
        deliveryId: item.deliveryId,
        accountId: item.accountId,
        sender: item.sender,
        recipient: item.recipient,
        country: item.country,
        fast: item.fast,
        refusedBy: progress.refusedBy,
        plans: item.plans,
      },
      this.#context.table(),
      this.#context.health,
    );
    const next = decideRetry(
      { lane: item.message.lane, policy: item.message.duplicatePolicy, progress },
      selection,
      { outcome, gatewayId: this.id, throttleDelayMs: settings.throttleDelayMs, random: random() },
      settings.retry,
    );
    // A session that keeps failing before it writes must not turn in a circle.
    if (next.kind === "retry" && outcome === "SESSION_LOST_BEFORE_WRITE" && next.gatewayId === this.id) {
      return { ...next, delayMs: settings.throttleDelayMs };
    }
    return next;
  }

  // ---------------------------------------------------------------- preparing

  /** Marks and gives references to the first of a lane, as many as may leave soon. */
  #prepare(lane: Lane, nowMs: number): void {
    if (nowMs < this.#prepareAfterMs) return;
    const rate = this.gate.pdusPerSecond ?? Number.POSITIVE_INFINITY;
    const soon = Math.max(1, Math.min(this.gateway.room(), Math.ceil(rate / 10), 200));
    const profile = this.#profile();
    const items = this.queue.front(lane, soon).filter((item) => {
      if (item.isPreparing) return false;
      const planned = item.plans.planFor(profile);
      return planned.kind === "planned" && (needsMark(item) || lacksReference(item, planned.plan));
    });
    prepareDeliveries(items, profile, this.#context).then(
      (lost) => {
        if (lost.length > 0) {
          const ids = new Set(lost);
          for (const item of this.queue.remove((one) => ids.has(one))) this.#context.handBack(item, this.id);
        }
        this.#afterPreparing();
      },
      (error: unknown) => {
        this.#prepareAfterMs = this.#context.clock.monotonic() + this.#context.settings.storeRetryMs;
        this.#context.log.error(
          { err: error, gateway: this.id },
          "Deliveries could not be prepared in the store.",
        );
        this.#afterPreparing();
      },
    );
  }

  #afterPreparing(): void {
    if (this.#isStopped) this.close();
    else this.pump();
  }

  // ---------------------------------------------------------------- claiming

  #claim(): void {
    const { clock, settings, store, claimant, log } = this.#context;
    if (this.#isClaiming || this.#isStopped || this.#context.isBehind()) return;
    const isOwn = this.canSend;
    if (!isOwn && !this.#context.hasOther(this.id)) return;
    const limits = this.#limits(isOwn);
    if (limits === undefined) return;
    this.#isClaiming = true;
    const turn = this.backlog.begin();
    store.claim({ claimant: claimant(), gatewayId: this.id, limits, nowMs: clock.now() }).then(
      (claim) => {
        this.#isClaiming = false;
        this.backlog.end(turn, claim, limits, clock.now());
        this.#take(claim);
        this.pump();
      },
      (error: unknown) => {
        this.#isClaiming = false;
        this.backlog.holdFor(settings.storeRetryMs * 4);
        log.error({ err: error, gateway: this.id }, "Waiting deliveries could not be claimed.");
      },
    );
  }

  /** How many to claim by lane; undefined where asking is not worth it. */
  #limits(isOwn: boolean): Readonly<Record<Lane, number>> | undefined {
    const probes = isOwn
      ? this.gate.circuit.places(this.#context.clock.monotonic()) - this.queue.length
      : Number.POSITIVE_INFINITY;
    if (probes <= 0) return undefined;
    const limits = { OTP: 0, NORMAL: 0, BULK: 0 };
    let isWorthIt = false;
    for (const lane of lanes) {
      if (!this.backlog.isDue(lane)) continue;
      const free = isOwn ? this.queue.free(lane) : this.#context.freeElsewhere(this.id, lane);
      const capacity = isOwn ? this.queue.capacityOf(lane) : 1;
      limits[lane] = Math.min(free, probes, 1_000);
      // A half-empty lane is refilled with one claim rather than row by row.
      if (limits[lane] > 0 && free * 2 >= Math.min(capacity, probes)) isWorthIt = true;
    }
    return isWorthIt ? limits : undefined;
  }

  #take(claim: Claim): void {
    const items = this.#context.toItems(claim);
    if (this.#isStopped) {
      for (const item of items) this.#context.handBack(item, this.id);
    } else if (this.canSend) {
      for (const item of items) this.queue.push(item);
    } else if (items.length > 0) {
      const moved = this.#routeAgain(items);
      // What nobody can carry now has gone back; asking again at once would only turn the rows in a circle (P21).
      const stayed = 1 - moved / items.length;
      if (stayed > 0) this.backlog.holdFor(this.#context.settings.rerouteDelayMs * stayed);
    }
  }

  // ---------------------------------------------------------------- when it cannot send

  #noteChange(): void {
    if (!this.canSend) this.#downSinceMs ??= this.#context.clock.monotonic();
    else this.backlog.release();
    this.#context.onHealthChange();
  }

  /** Moves what is in memory to gateways that can send; without one it waits a little and then goes back to the store. */
  #evacuate(): void {
    const { clock, settings } = this.#context;
    this.#downSinceMs ??= clock.monotonic();
    if (this.queue.length === 0) return;
    if (this.#context.hasOther(this.id)) {
      this.#routeAgain(this.queue.remove((item) => !item.isPreparing));
      return;
    }
    const heldMs = clock.monotonic() - this.#downSinceMs;
    if (this.gate.status.kind === "connecting" && this.gate.pause === undefined && heldMs < settings.holdMs)
      return;
    for (const item of this.queue.remove((item) => !item.isPreparing)) this.#context.handBack(item, this.id);
  }

  /** How many found a gateway. */
  #routeAgain(items: readonly InHand[]): number {
    const { settings } = this.#context;
    let moved = 0;
    for (const item of items) {
      if (this.#context.clock.now() >= item.message.expireTimeMs) {
        this.#context.expire(item);
        continue;
      }
      const selection = selectGateways(item, this.#context.table(), this.#context.health);
      const placement = placeDelivery(deliveryOf(item), selection, this.id, settings.retry);
      if (placement.kind === "send") moved++;
      this.#context.place(item, placement, this.id);
    }
    return moved;
  }

  /** The table's object for the profile, by which plans are remembered. */
  #profile(): EncodingProfile {
    return this.#context.table().gateways.get(this.id)?.profile ?? this.gateway.profile;
  }

  #setPlaces(): void {
    const { aheadMs, aheadWindows } = this.#context.settings;
    const { pdusPerSecond } = this.#route;
    const total =
      pdusPerSecond === undefined
        ? this.gateway.figures().windowSize * aheadWindows
        : Math.floor((pdusPerSecond * aheadMs) / 1000);
    this.queue.setPlaces(total);
  }
}

type RecordedOutcome = Parameters<typeof recordAttempt>[2];

/** What an attempt's outcome says about the health of its gateway; refused recipients and throttling say nothing. */
const circuitSignals: Readonly<Record<RecordedOutcome, "success" | "failure" | "neutral">> = {
  ACCEPTED: "success",
  REFUSED_RECIPIENT: "neutral",
  REFUSED_ROUTE: "failure",
  TEMPORARY: "failure",
  THROTTLED: "neutral",
  SESSION_LOST_BEFORE_WRITE: "neutral",
  AMBIGUOUS: "failure",
  EXPIRED: "neutral",
};

export function deliveryOf(item: InHand) {
  const { lane, duplicatePolicy } = item.message;
  return { lane, policy: duplicatePolicy, progress: item.work.progress };
}

export function mayHaveBeenSent(progress: InHand["work"]["progress"]): boolean {
  return progress.resume !== undefined || progress.sentBefore !== undefined;
}

export type { TraceMark };

function needsPreparing(item: InHand, candidate: Candidate, resume: Resume | undefined): boolean {
  return needsMark(item) || (resume === undefined && lacksReference(item, candidate.plan));
}

function needsMark(item: InHand): boolean {
  return item.message.duplicatePolicy === "AT_MOST_ONCE" && !item.isMarked;
}

function lacksReference(item: InHand, plan: Candidate["plan"]): boolean {
  return item.reference === undefined && needsReference(plan);
}
