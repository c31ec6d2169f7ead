/**
 * Parts by our own reference, as long as it is not known what became of them. A provider that calls back about one has accepted it, whether its
 * answer was lost or is yet to come (P12). What another process is told it does not hear.
 */
import type { PartResult } from "../gateway.ts";
import { type LatePart, LateParts } from "../late-parts.ts";

interface Heard {
  readonly id: string | undefined;
}

export class ReferenceDesk {
  /** Calls that are not over, and what was heard of them meanwhile. */
  readonly #open = new Map<string, Heard | undefined>();
  readonly #late: LateParts<string>;
  readonly #now: () => number;

  constructor(now: () => number, onForgotten: () => void) {
    this.#now = now;
    this.#late = new LateParts(onForgotten);
  }

  /** A call begins. */
  begin(reference: string): void {
    this.#open.set(reference, undefined);
    this.#late.take(reference);
  }

  /** A call is over with this result; answers it as it is with what was heard of it. */
  end(reference: string, result: PartResult): PartResult {
    const heard = this.#open.get(reference);
    this.#open.delete(reference);
    if (result.kind !== "ambiguous") return result;
    if (heard !== undefined) return this.#accepted(result.number, reference, heard);
    const part: LatePart = { number: result.number, late: { onAnswer: () => {} } };
    this.#late.add(reference, part);
    return { ...result, late: part.late };
  }

  /** The provider spoke of it; what it said is committed. */
  hear(reference: string, id: string | undefined): void {
    if (this.#open.has(reference)) {
      this.#open.set(reference, { id });
      return;
    }
    const part = this.#late.take(reference);
    part?.late.onAnswer(this.#accepted(part.number, reference, { id }));
  }

  #accepted(number: number, reference: string, { id }: Heard): PartResult {
    const smscMessageId = id ?? reference;
    return { kind: "accepted", number, smscMessageId, matchKey: reference, timeMs: this.#now() };
  }
}
