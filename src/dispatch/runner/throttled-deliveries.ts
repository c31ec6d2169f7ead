/**
 * Deliveries of one gateway that were throttled, each with what passed meanwhile. One that is throttled again and again while others pass
 * has a fault of its own: it neither slows the gateway down nor tries for ever without spending a try (P15).
 */
import type { DeliveryId } from "../../domain/ids.ts";

interface Throttled {
  count: number;
  /** Deliveries that had passed when it was throttled first. */
  readonly passedBefore: number;
}

/** Throttled so many times in a row, … */
const most = 3;
/** … while so many others passed: one may be chance. */
const leastPassed = 3;
/** Beyond, the one that was throttled first is forgotten. */
const mostKept = 1_000;

export class ThrottledDeliveries {
  readonly #throttled = new Map<DeliveryId, Throttled>();
  #passed = 0;

  /** It was taken, or ended otherwise. */
  passed(id: DeliveryId): void {
    this.#passed++;
    if (this.#throttled.size > 0) this.#throttled.delete(id);
  }

  /** It was throttled: whether that says something of the gateway, and whether it is a refusal of this delivery alone. */
  throttled(id: DeliveryId): { readonly tellsOfGateway: boolean; readonly isItsOwn: boolean } {
    const known = this.#throttled.get(id) ?? { count: 0, passedBefore: this.#passed };
    known.count++;
    this.#throttled.set(id, known);
    const oldest = this.#throttled.keys().next().value;
    if (this.#throttled.size > mostKept && oldest !== undefined) this.#throttled.delete(oldest);
    return {
      tellsOfGateway: known.count <= most,
      isItsOwn: known.count >= most && this.#passed - known.passedBefore >= leastPassed,
    };
  }
}
