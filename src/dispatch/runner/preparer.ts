/**
 * Prepares the first deliveries of a lane in the store, as many as may leave soon: few enough that a crash leaves little in doubt,
 * and enough that one commit serves many.
 */
import type { Lane } from "../../domain/message.ts";
import type { EncodingProfile } from "../../encoding/message-plan.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { GatewayGate } from "./gateway-gate.ts";
import type { GatewayQueue } from "./gateway-queue.ts";
import { needsPreparing, prepareDeliveries } from "./prepare-deliveries.ts";

/** Deliveries in one step at most. */
const mostAtOnce = 200;

export interface PreparerDependencies {
  readonly gateway: Gateway;
  readonly queue: GatewayQueue;
  readonly gate: GatewayGate;
  readonly context: DispatchContext;
  /** Parts that may leave now. */
  readonly room: () => number;
  /** Some are prepared, or could not be. */
  readonly onEnd: () => void;
}

export class Preparer {
  readonly #dependencies: PreparerDependencies;
  readonly #underWay = new Set<Promise<void>>();
  #pausedUntilMs = 0;

  constructor(dependencies: PreparerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins with the first of the lane; false where the store has just failed to. */
  prepare(lane: Lane, profile: EncodingProfile): boolean {
    const { gateway, queue, gate, context, room, onEnd } = this.#dependencies;
    if (context.clock.monotonic() < this.#pausedUntilMs) return false;
    const rate = gate.pdusPerSecond ?? Number.POSITIVE_INFINITY;
    const soon = Math.max(1, Math.min(room(), Math.ceil(rate / 10), mostAtOnce));
    const items = queue.front(lane, soon).filter((item) => isUnprepared(item, profile));
    if (items.length === 0) return false;
    const step = prepareDeliveries(items, profile, context).then(
      (lost) => {
        if (lost.size > 0) {
          for (const item of queue.remove((one) => lost.has(one))) context.handBack(item, gateway.id);
        }
      },
      (error: unknown) => {
        this.#pausedUntilMs = context.clock.monotonic() + context.settings.storeRetryMs;
        context.log.often.error({ err: error, gateway: gateway.id }, "Deliveries could not be prepared.");
      },
    );
    const ended = step.then(() => {
      this.#underWay.delete(ended);
      onEnd();
    });
    this.#underWay.add(ended);
    return true;
  }

  /** Resolves when nothing is being prepared. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

function isUnprepared(item: InHand, profile: EncodingProfile): boolean {
  if (item.isPreparing) return false;
  const planned = item.plans.planFor(profile);
  return planned.kind === "planned" && needsPreparing(item, planned.plan, undefined);
}
