/**
 * Parts that were given up as ambiguous and may still be answered, by what an answer to them would name. Bounded: the oldest is forgotten
 * first.
 */
import type { LateAnswer } from "./gateway.ts";

/** A part whose fate nobody knows. */
export interface LatePart {
  readonly number: number;
  readonly late: LateAnswer;
}

/** By session, and by gateway for those that receipts echo. */
const maxLateParts = 10_000;

export class LateParts<Key> {
  readonly #parts = new Map<Key, LatePart>();
  readonly #onForgotten: () => void;

  constructor(onForgotten: () => void) {
    this.#onForgotten = onForgotten;
  }

  add(key: Key, part: LatePart): void {
    this.#parts.delete(key);
    this.#parts.set(key, part);
    if (this.#parts.size <= maxLateParts) return;
    const oldest = this.#parts.keys().next();
    if (oldest.done === true) return;
    this.#parts.delete(oldest.value);
    this.#onForgotten();
  }

  /** Takes out the part that the answer is for. */
  take(key: Key): LatePart | undefined {
    const part = this.#parts.get(key);
    if (part !== undefined) this.#parts.delete(key);
    return part;
  }
}
