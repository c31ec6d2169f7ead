/**
 * Parts whose fate nobody knows (P12): written, then unanswered in time or left without their session. A late response or a receipt that
 * echoes their reference still settles them; when the hold is over they are ambiguous.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { WrittenPart } from "./written-part.ts";

export interface DoubtfulPartsOptions {
  readonly clock: Clock;
  readonly holdMs: number;
  /** The hold is over and nothing came. */
  readonly onAmbiguous: (part: WrittenPart) => void;
}

export class DoubtfulParts {
  readonly #options: DoubtfulPartsOptions;
  /** With the time their hold ends, oldest first since all are held equally long. */
  readonly #endTimes = new Map<WrittenPart, number>();
  #timer: Timer | undefined;

  constructor(options: DoubtfulPartsOptions) {
    this.#options = options;
  }

  /** Begins the hold; a part that is held already keeps its end. */
  hold(part: WrittenPart): void {
    if (this.#endTimes.has(part)) return;
    this.#endTimes.set(part, this.#options.clock.monotonic() + this.#options.holdMs);
    if (this.#timer === undefined) this.#arm();
  }

  /** Ends the hold because the part's fate is known; answers whether it was held. */
  release(part: WrittenPart): boolean {
    return this.#endTimes.delete(part);
  }

  /** Ends the hold of every part that `which` picks, as ambiguous. */
  giveUp(which: (part: WrittenPart) => boolean): void {
    for (const part of [...this.#endTimes.keys()]) {
      if (!which(part)) continue;
      this.#endTimes.delete(part);
      this.#options.onAmbiguous(part);
    }
  }

  /** Gives up all and stops the timer. */
  close(): void {
    this.giveUp(() => true);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const first = this.#endTimes.values().next().value;
    if (first === undefined) return;
    const delayMs = Math.max(0, first - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.setTimeout(this.#expire, delayMs);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const nowMs = this.#options.clock.monotonic();
    for (const [part, endMs] of this.#endTimes) {
      if (endMs > nowMs) break;
      this.#endTimes.delete(part);
      this.#options.onAmbiguous(part);
    }
    this.#arm();
  };
}
