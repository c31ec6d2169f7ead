/**
 * What one gateway has in memory: a bounded queue for each lane, and the places that accepting transactions have reserved. The
 * backlog itself stays in the store (P23).
 */
import type { DeliveryId } from "../../domain/ids.ts";
import { type Lane, lanes } from "../../domain/message.ts";
import type { WaitingLanes } from "../../routing/lane-scheduler.ts";
import type { InHand } from "../delivery/in-hand.ts";
import { LaneQueue } from "./lane-queue.ts";

/** How the places of a gateway are divided among its lanes. What a lane does not use is lent to the others. */
const placeShares: Readonly<Record<Lane, number>> = { OTP: 0.4, NORMAL: 0.4, BULK: 0.2 };
/** How much of its share a lane always finds free beyond what it uses, until it uses all of it: this much is never lent. */
const keptFree = 1 / 2;

export class GatewayQueue {
  readonly #lanes: Readonly<Record<Lane, LaneQueue>> = {
    OTP: new LaneQueue(),
    NORMAL: new LaneQueue(),
    BULK: new LaneQueue(),
  };
  readonly #reserved: Record<Lane, number> = { OTP: 0, NORMAL: 0, BULK: 0 };
  readonly #share: Record<Lane, number> = { OTP: 1, NORMAL: 1, BULK: 1 };
  /** Those of the lanes that were tried before, which answers may still concern. */
  readonly #resends = new Map<DeliveryId, InHand>();
  readonly #ready = { OTP: false, NORMAL: false, BULK: false };

  /** Sets how many deliveries may be held in all; each lane has at least one place of its own. */
  setPlaces(total: number): void {
    for (const lane of lanes) this.#share[lane] = Math.max(1, Math.floor(total * placeShares[lane]));
  }

  get length(): number {
    return this.#lanes.OTP.length + this.#lanes.NORMAL.length + this.#lanes.BULK.length;
  }

  lengthOf(lane: Lane): number {
    return this.#lanes[lane].length;
  }

  oldestUntriedMs(lane: Lane): number | undefined {
    return this.#lanes[lane].oldestUntriedMs();
  }

  /** Places that the lane has or may take now. */
  capacityOf(lane: Lane): number {
    return this.#used(lane) + this.free(lane);
  }

  /**
   * Places that the lane may take: those of its share that are not lent, and those of the others' shares that they neither use nor keep
   * free. The more a lane uses, the less of its share is lent, so that what it lent comes back to it as its borrowers' deliveries leave.
   */
  free(lane: Lane): number {
    const used = this.#used(lane);
    let own = this.#share[lane];
    let all = own;
    for (const other of lanes) {
      if (other === lane) continue;
      const share = this.#share[other];
      const usedThere = this.#used(other);
      const kept = Math.ceil(share * keptFree);
      own += share - Math.max(usedThere, kept);
      all += share - Math.max(usedThere, Math.min(share, usedThere + kept));
    }
    return Math.max(0, Math.min(own, this.#share[lane]) - used, all - used);
  }

  reserve(lane: Lane, count: number): number {
    const granted = Math.min(count, this.free(lane));
    this.#reserved[lane] += granted;
    return granted;
  }

  release(lane: Lane, count: number): void {
    this.#reserved[lane] = Math.max(0, this.#reserved[lane] - count);
  }

  push(item: InHand): void {
    this.#note(item);
    this.#lanes[item.message.lane].push(item);
  }

  putBack(item: InHand): void {
    this.#note(item);
    this.#lanes[item.message.lane].putBack(item);
  }

  peek(lane: Lane): InHand | undefined {
    return this.#lanes[lane].peek();
  }

  shift(lane: Lane): InHand | undefined {
    const item = this.#lanes[lane].shift();
    if (item !== undefined && this.#resends.size > 0) this.#resends.delete(item.deliveryId);
    return item;
  }

  /** Takes out a delivery that waits to be sent again; undefined where it does not wait here, or waits for the store already. */
  takeResend(deliveryId: DeliveryId): InHand | undefined {
    const item = this.#resends.get(deliveryId);
    if (item === undefined || item.isPreparing) return undefined;
    this.#resends.delete(deliveryId);
    return this.#lanes[item.message.lane].remove((one) => one === item)[0];
  }

  front(lane: Lane, limit: number): readonly InHand[] {
    return this.#lanes[lane].front(limit);
  }

  /** Which lanes have a first item that does not wait for the store. The object is reused by the next call. */
  ready(): WaitingLanes {
    for (const lane of lanes) {
      const first = this.#lanes[lane].peek();
      this.#ready[lane] = first !== undefined && !first.isPreparing;
    }
    return this.#ready;
  }

  remove(isWanted: (item: InHand) => boolean): readonly InHand[] {
    const removed = lanes.flatMap((lane) => this.#lanes[lane].remove(isWanted));
    if (this.#resends.size > 0) for (const { deliveryId } of removed) this.#resends.delete(deliveryId);
    return removed;
  }

  #used(lane: Lane): number {
    return this.#lanes[lane].length + this.#reserved[lane];
  }

  #note(item: InHand): void {
    if (item.progress.attemptCount > 0) this.#resends.set(item.deliveryId, item);
  }
}
