/**
 * Listeners that are told of something that has happened. One that throws is logged, and neither the others nor the caller notice, so that
 * what is done stays done.
 */
import type { Logger } from "./logger.ts";

export type Listener<First, Second> = (first: First, second: Second) => void;

export class Listeners<First = undefined, Second = undefined> {
  readonly #listeners = new Set<Listener<First, Second>>();
  readonly #log: Pick<Logger, "often">;
  readonly #event: string;

  /** `event` names in the log what has happened. */
  constructor(event: string, log: Pick<Logger, "often">) {
    this.#event = event;
    this.#log = log;
  }

  /** Returns the unsubscriber. */
  add(listener: Listener<First, Second>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(first: First, second: Second): void {
    for (const listener of this.#listeners) {
      try {
        listener(first, second);
      } catch (err) {
        this.#log.often.error({ err, event: this.#event }, "A listener failed; what it was told of stands.");
      }
    }
  }
}
