/**
 * Messages of one hour by account and destination: what this process let pass, and what others did. Bounded: where there are too many
 * destinations, those that got least are forgotten first.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { GuardedKind } from "../../policy/pumping-guard.ts";

export interface Counted {
  readonly accountId: AccountId;
  readonly kind: GuardedKind;
  readonly destination: string;
  own: number;
  others: number;
  /** As the store has it. */
  written: number;
  /** Infinity before this process counted any. */
  cap: number;
}

/** Whether others should know of it: what went there is half of its cap, or was. */
export function isTold({ own, others, written, cap }: Counted): boolean {
  return own !== written && (written > 0 || (own + others) * 2 >= cap);
}

const mostKept = 200_000;
const keptAfterSweep = 150_000;

type ByDestination = Map<string, Counted>;

export class GuardCounts {
  readonly hour: number;
  readonly #accounts = new Map<AccountId, Record<GuardedKind, ByDestination>>();
  #size = 0;

  constructor(hour: number) {
    this.hour = hour;
  }

  get size(): number {
    return this.#size;
  }

  /** Undefined where nothing went there. */
  find(accountId: AccountId, kind: GuardedKind, destination: string): Counted | undefined {
    return this.#accounts.get(accountId)?.[kind].get(destination);
  }

  /** With zeros where nothing went there. */
  entry(accountId: AccountId, kind: GuardedKind, destination: string): Counted {
    const known = this.find(accountId, kind, destination);
    if (known !== undefined) return known;
    if (this.#size >= mostKept) this.#sweep();
    let ofAccount = this.#accounts.get(accountId);
    if (ofAccount === undefined) {
      ofAccount = { recipient: new Map(), prefix: new Map(), region: new Map() };
      this.#accounts.set(accountId, ofAccount);
    }
    const made: Counted = {
      accountId,
      kind,
      destination,
      own: 0,
      others: 0,
      written: 0,
      cap: Number.POSITIVE_INFINITY,
    };
    ofAccount[kind].set(destination, made);
    this.#size += 1;
    return made;
  }

  #sweep(): void {
    for (let most = 1; this.#size > keptAfterSweep; most *= 2)
      for (const kinds of this.#accounts.values())
        for (const counts of Object.values(kinds))
          for (const [destination, { own, others }] of counts) {
            if (own + others > most) continue;
            counts.delete(destination);
            this.#size -= 1;
          }
  }
}
