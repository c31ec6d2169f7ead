/** How a delivery leaves a loop without an attempt: to another gateway's queue, back to the store, or to its end. */

import { assertNever } from "../../domain/assert-never.ts";
import { endingAtExpiry, mayHaveBeenSent } from "../../domain/ending-at-expiry.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Settlement } from "../../store/settling.ts";
import type { Assignment } from "../delivery/assign-delivery.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { Settler } from "../delivery/settler.ts";
import type { GatewayRunner } from "./gateway-runner.ts";

export interface HandOverDependencies {
  readonly settler: Settler;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rerouteDelayMs: number;
  readonly runnerOf: (gatewayId: GatewayId) => GatewayRunner | undefined;
  /** The present name of a gateway. */
  readonly today: (gatewayId: GatewayId) => GatewayId;
}

export class HandOver {
  readonly #dependencies: HandOverDependencies;

  constructor(dependencies: HandOverDependencies) {
    this.#dependencies = dependencies;
  }

  /** Brings a delivery to where its assignment says; it is in no queue any more. */
  assign(item: InHand, assignment: Assignment, from: GatewayId): void {
    switch (assignment.kind) {
      case "send":
        this.#moveTo(assignment.candidate.gatewayId, item, from);
        return;
      case "wait": {
        const { clock, random, rerouteDelayMs } = this.#dependencies;
        const delayMs = assignment.delayMs ?? Math.round(rerouteDelayMs * (0.75 + random() / 2));
        this.#settleRetry(item, assignment.gatewayId, clock.now() + delayMs);
        return;
      }
      case "park":
        this.#settleRetry(item, assignment.gatewayId, item.message.expireTimeMs);
        return;
      case "refused": {
        const { code, reason } = assignment;
        this.#settle(item, { kind: "final", state: "REJECTED", code, reason });
        return;
      }
      default:
        assertNever(assignment);
    }
  }

  /** Gives a delivery back to a queue of the store, unclaimed. */
  handBack(item: InHand, gatewayId: GatewayId): void {
    const isUntried = item.progress.attemptCount === 0;
    // At its acceptance time it stands where it stood before, so that nothing younger overtakes it.
    const timeMs = isUntried ? item.message.acceptTimeMs : this.#dependencies.clock.now();
    this.#settleRetry(item, gatewayId, timeMs);
  }

  /** Its time is over: nobody knows what became of parts in doubt, and nothing else was sent. */
  expire(item: InHand): void {
    this.#settle(item, { kind: "final", ...endingAtExpiry(item.progress) });
  }

  #moveTo(gatewayId: GatewayId, item: InHand, from: GatewayId): void {
    const runner = this.#dependencies.runnerOf(gatewayId);
    const isFull = gatewayId !== from && runner?.queue.free(item.lane) === 0;
    if (runner === undefined || runner.isLeftToOthers || isFull) {
      this.handBack(item, gatewayId);
      return;
    }
    runner.queue.push(item);
    runner.pump();
  }

  #settleRetry(item: InHand, gatewayId: GatewayId, availableTimeMs: number): void {
    const { progress } = item;
    this.#settle(item, {
      kind: "retry",
      gatewayId: this.#dependencies.today(gatewayId),
      availableTimeMs,
      progress,
      mayHaveBeenSent: mayHaveBeenSent(progress),
    });
  }

  #settle(item: InHand, verdict: Settlement["verdict"]): void {
    const { settler, clock } = this.#dependencies;
    settler.add({
      deliveryId: item.deliveryId,
      claimant: item.claimant,
      claimNumber: item.work.claimNumber,
      timeMs: clock.now(),
      lane: item.lane,
      attempt: undefined,
      verdict,
    });
  }
}
