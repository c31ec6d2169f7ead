/**
 * What becomes of a gateway's deliveries in memory while it cannot send: they go to gateways that can; without one they wait a little for
 * its sessions and then go back to the store.
 */
import type { GatewayId } from "../../domain/ids.ts";
import { selectGateways } from "../../routing/select-gateways.ts";
import { assignDelivery } from "../delivery/assign-delivery.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { GatewayGate } from "./gateway-gate.ts";
import type { GatewayQueue } from "./gateway-queue.ts";

export class Withdrawal {
  readonly #id: GatewayId;
  readonly #queue: GatewayQueue;
  readonly #gate: GatewayGate;
  readonly #context: DispatchContext;
  #unableSinceMs: number | undefined;

  constructor(id: GatewayId, queue: GatewayQueue, gate: GatewayGate, context: DispatchContext) {
    this.#id = id;
    this.#queue = queue;
    this.#gate = gate;
    this.#context = context;
  }

  noteAble(): void {
    this.#unableSinceMs = undefined;
  }

  noteUnable(): void {
    this.#unableSinceMs ??= this.#context.clock.monotonic();
  }

  /** Since it was last seen to be able. */
  get unableMs(): number {
    const nowMs = this.#context.clock.monotonic();
    return nowMs - (this.#unableSinceMs ?? nowMs);
  }

  run(): void {
    const { clock, settings } = this.#context;
    this.noteUnable();
    if (this.#queue.length === 0) return;
    if (this.#gate.isLeftToOthers(clock.monotonic())) {
      this.handBackAll();
      return;
    }
    if (this.#context.hasOther(this.#id)) {
      this.routeAgain(this.#queue.remove((item) => !item.isPreparing));
      return;
    }
    const isShort = this.unableMs < settings.holdMs;
    if (isShort && this.#gate.pause === undefined && this.#gate.status.kind === "connecting") return;
    this.handBackAll();
  }

  /** What waits for the store to prepare it comes back from there first. */
  handBackAll(): void {
    for (const item of this.#queue.remove((one) => !one.isPreparing)) this.#context.handBack(item, this.#id);
  }

  /** Answers how many found a gateway, and how long the first of the others has to wait where that is known. */
  routeAgain(items: readonly InHand[]): { readonly moved: number; readonly waitMs: number } {
    const { settings, clock, health, unableMs } = this.#context;
    const table = this.#context.table();
    let waitMs = Number.POSITIVE_INFINITY;
    let moved = 0;
    for (const item of items) {
      if (clock.now() >= item.message.expireTimeMs) {
        expireOrHandBack(item, this.#id, this.#context);
        continue;
      }
      const selection = selectGateways(item, table, health);
      const assignment = assignDelivery(item, selection, table, this.#id, settings.retry, unableMs);
      if (assignment.kind === "send") moved++;
      if (assignment.kind === "wait") waitMs = Math.min(waitMs, assignment.delayMs ?? waitMs);
      this.#context.assign(item, assignment, this.#id);
    }
    return { moved, waitMs };
  }
}

/** While the clock is in doubt it waits in the store: it neither leaves nor ends. */
export function expireOrHandBack(item: InHand, gatewayId: GatewayId, context: DispatchContext): void {
  if (context.mayExpire()) context.expire(item);
  else context.handBack(item, gatewayId);
}
