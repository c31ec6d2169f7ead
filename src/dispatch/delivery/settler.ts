/**
 * Hands settlements to the store in batches: one call is in flight, and what gathers meanwhile goes with the next. The loops never wait for
 * it; while the store is away it tries again, and the number that waits tells the loops to pause.
 */

import type { DeliveryState } from "../../domain/delivery-state.ts";
import { SmsError } from "../../domain/errors.ts";
import type { DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { Lane } from "../../domain/message.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import { Listeners } from "../../observability/listeners.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Settlement, SettleOutcome } from "../../store/settling.ts";
import type { Store } from "../../store/store.ts";

export type SettledListener = (deliveryId: DeliveryId, state: DeliveryState) => void;

export interface SettlerDependencies {
  readonly store: Pick<Store, "settle" | "readStates">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retryMs: number;
  /** A delivery went back to a queue of the store. */
  readonly onWaiting: (gatewayId: GatewayId, lane: Lane, availableTimeMs: number) => void;
  /** A late answer is on disk; undefined where it never will be. */
  readonly onLate?: (settlement: Settlement, outcome: SettleOutcome | undefined) => void;
  /** Answers are on disk: there may be room for further parts. */
  readonly onRoom: () => void;
}

/** Most settlements in one call, so that no commit grows without bound. */
const batchLimit = 2_000;
/** Failures of one settlement by itself after which it is given up. */
const triesAlone = 3;

export class Settler {
  readonly #dependencies: SettlerDependencies;
  readonly #listeners: Listeners<DeliveryId, DeliveryState>;
  /** Parts whose fate is known and not on disk, by gateway: after a crash they would be sent again. */
  readonly #uncommitted = new Map<GatewayId, number>();
  #waiting: Settlement[] = [];
  #inFlight = 0;
  #isScheduled = false;
  #isAbandoned = false;
  #retryTimer: Timer | undefined;
  #failures = 0;
  /** How many of the first go one by one, because one of them broke their batch. */
  #alone = 0;
  #idle: (() => void)[] = [];

  constructor(dependencies: SettlerDependencies) {
    this.#dependencies = dependencies;
    this.#listeners = new Listeners("settled", dependencies.log);
  }

  /** Settlements that are not on disk yet. */
  get unsettled(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /** Parts that this gateway has answered and that a crash would send again. */
  uncommittedParts(gatewayId: GatewayId): number {
    return this.#uncommitted.get(gatewayId) ?? 0;
  }

  add(settlement: Settlement): void {
    this.#count(settlement, 1);
    this.#waiting.push(settlement);
    if (this.#isScheduled || this.#inFlight > 0 || this.#retryTimer !== undefined) return;
    this.#isScheduled = true;
    // Answers that came in one read of a socket settle in one call.
    queueMicrotask(this.#flush);
  }

  onSettled(listener: SettledListener): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves once nothing waits. */
  drained(): Promise<void> {
    if (this.unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Gives up on what waits while the store is away; its claims are voided by the next start. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    if (this.#inFlight > 0 || this.#waiting.length === 0) return;
    const limit = this.#alone > 0 ? 1 : batchLimit;
    const batch = this.#waiting.length > limit ? this.#waiting.splice(0, limit) : this.#waiting;
    if (batch === this.#waiting) this.#waiting = [];
    this.#inFlight = batch.length;
    this.#dependencies.store.settle(batch).then(
      (outcomes) => this.#onSettled(batch, outcomes),
      (error: unknown) => this.#onFailed(batch, error),
    );
  };

  #onSettled(batch: readonly Settlement[], outcomes: readonly SettleOutcome[]): void {
    this.#inFlight = 0;
    this.#failures = 0;
    this.#alone = Math.max(0, this.#alone - 1);
    for (let i = 0; i < batch.length; i++) {
      const settlement = batch[i];
      const outcome = outcomes[i];
      if (settlement === undefined) continue;
      this.#count(settlement, -1);
      if (settlement.verdict.kind === "late") this.#dependencies.onLate?.(settlement, outcome);
      if (outcome === undefined) continue;
      const { verdict } = settlement;
      // One that is fenced may have been told before, by a commit whose answer was lost: it waits all the same.
      if (verdict.kind === "retry" && (outcome.kind === "fenced" || outcome.state === "QUEUED")) {
        this.#dependencies.onWaiting(verdict.gatewayId, settlement.lane, verdict.availableTimeMs);
      }
      if (outcome.kind === "settled") this.#tell(settlement.deliveryId, outcome.state);
    }
    this.#flush();
    this.#tellIdle();
    this.#dependencies.onRoom();
  }

  #count({ attempt }: Settlement, sign: 1 | -1): void {
    if (attempt === undefined) return;
    const { gatewayId, parts } = attempt;
    this.#uncommitted.set(gatewayId, this.uncommittedParts(gatewayId) + sign * parts.length);
  }

  #onFailed(batch: Settlement[], error: unknown): void {
    const { log } = this.#dependencies;
    this.#inFlight = 0;
    const isBroken = error instanceof SmsError && error.code === "INTERNAL_ERROR";
    if (isBroken && batch.length === 1 && this.#failures >= triesAlone) {
      // Its claim stays until the next start; everything behind it goes on.
      log.often.error(
        { err: error, deliveryId: batch[0]?.deliveryId },
        "An outcome cannot be stored; it is given up.",
      );
      const [given] = batch;
      if (given?.verdict.kind === "late") this.#dependencies.onLate?.(given, undefined);
      for (const settlement of batch) this.#count(settlement, -1);
      this.#failures = 0;
      this.#alone = Math.max(0, this.#alone - 1);
      this.#flush();
      this.#tellIdle();
      this.#dependencies.onRoom();
      return;
    }
    if (isBroken && batch.length > 1) {
      this.#inFlight = batch.length;
      void this.#keepUnsettled(batch, error);
    } else {
      this.#keep(batch, error);
    }
  }

  /** One of a batch broke it, but others may be on disk: those are not settled twice, the rest goes one by one. */
  async #keepUnsettled(batch: Settlement[], error: unknown): Promise<void> {
    const { store } = this.#dependencies;
    let unsettled = batch;
    try {
      const states = await store.readStates(batch.map((settlement) => settlement.deliveryId));
      unsettled = batch.filter((settlement, index) => {
        const state = states[index];
        // What comes late is written down whatever the state, and twice does no harm.
        const isLate = settlement.verdict.kind === "late";
        const isOpen = isLate || state === undefined || state === "QUEUED" || state === "SUBMITTING";
        if (!isOpen) {
          this.#count(settlement, -1);
          this.#tell(settlement.deliveryId, state);
        }
        return isOpen;
      });
    } catch {
      // The store is away altogether: everything is kept.
    }
    this.#inFlight = 0;
    this.#alone = unsettled.length;
    this.#keep(unsettled, error);
  }

  #keep(batch: Settlement[], error: unknown): void {
    const { clock, log, retryMs } = this.#dependencies;
    this.#waiting = batch.concat(this.#waiting);
    this.#tellIdle();
    if (this.unsettled === 0) return;
    const delayMs = retryMs * 2 ** Math.min(this.#failures++, 4);
    log.often.error(
      { err: error, unsettled: this.unsettled, delayMs },
      "Outcomes could not be stored; they are kept.",
    );
    if (this.#isAbandoned) return;
    this.#retryTimer = clock.setTimeout(() => {
      this.#retryTimer = undefined;
      this.#flush();
    }, delayMs);
  }

  #tell(deliveryId: DeliveryId, state: DeliveryState): void {
    this.#listeners.tell(deliveryId, state);
  }

  #tellIdle(): void {
    if (this.unsettled === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
