/** What one message took of the limits of its account or key, and what becomes of it. */
import type { LimitOwner } from "../../domain/limit-owner.ts";
import type { MessageBucket } from "../../policy/limits/message-bucket.ts";
import type { Taken as TakenOfWindow } from "../../policy/limits/window-count.ts";

/** What a message took. */
export interface Taken {
  /** Whose limits of an hour or a day want it counted in the store. */
  readonly counting: readonly LimitOwner[];
  /** So many of its messages are in the store. */
  stored(count: number): void;
  /** Nobody knows whether they are. */
  doubt(): void;
  /** To be called in any case: what was not stored is given back. */
  end(): void;
}

/** The limits that it was taken of. */
interface TakenFrom {
  /** What became of a message is known: so many of those that it took are in the store, or that is doubtful. */
  ended(took: TakenOfLimits, storedCount: number, isDoubtful: boolean): void;
}

/** A class, since each message with limits makes one. */
export class TakenOfLimits implements Taken {
  readonly counting: readonly LimitOwner[];
  readonly count: number;
  readonly bucket: MessageBucket | undefined;
  readonly ofHour: TakenOfWindow;
  readonly ofDay: TakenOfWindow;
  readonly #limits: TakenFrom;
  #storedCount = 0;
  #isDoubtful = false;
  #isOver = false;

  constructor(
    limits: TakenFrom,
    counting: readonly LimitOwner[],
    count: number,
    bucket: MessageBucket | undefined,
    ofHour: TakenOfWindow,
    ofDay: TakenOfWindow,
  ) {
    this.#limits = limits;
    this.counting = counting;
    this.count = count;
    this.bucket = bucket;
    this.ofHour = ofHour;
    this.ofDay = ofDay;
  }

  stored(count: number): void {
    this.#storedCount = count;
  }

  doubt(): void {
    this.#isDoubtful = true;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#limits.ended(this, this.#storedCount, this.#isDoubtful);
  }
}
