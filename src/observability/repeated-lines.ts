/**
 * Lines that may come with each message: the first is written at once, those that follow within a minute are counted and reported in one
 * line when it is over. A stranger who sends a thousand odd receipts then writes two lines, and no disk fills with one sentence.
 */
import type { Clock, Timer } from "./clock.ts";

const minuteMs = 60_000;
/** Beyond so many lines under way, those of one kind are counted together. */
const mostKeys = 1_000;

/** Writes the line that came last, with how often it came since the one before. */
type WriteLine = (count: number) => void;

interface Repeated {
  count: number;
  write: WriteLine;
  timer: Timer;
}

export class RepeatedLines {
  readonly #clock: Pick<Clock, "setTimeout">;
  readonly #open = new Map<string, Repeated>();

  constructor(clock: Pick<Clock, "setTimeout">) {
    this.#clock = clock;
  }

  /** Writes now or counts; `kind` is the key without what makes it one of many. */
  tell(key: string, kind: string, write: WriteLine): void {
    const id = this.#open.has(key) || this.#open.size < mostKeys ? key : kind;
    const known = this.#open.get(id);
    if (known !== undefined) {
      known.count += 1;
      known.write = write;
      return;
    }
    this.#open.set(id, { count: 0, write, timer: this.#wait(id) });
    write(1);
  }

  /** Writes what was counted and forgets all. */
  flush(): void {
    for (const { count, write, timer } of this.#open.values()) {
      timer.cancel();
      if (count > 0) write(count);
    }
    this.#open.clear();
  }

  #wait(id: string): Timer {
    return this.#clock.setTimeout(() => this.#minuteOver(id), minuteMs).unref();
  }

  #minuteOver(id: string): void {
    const line = this.#open.get(id);
    if (line === undefined) return;
    const { count, write } = line;
    if (count === 0) {
      this.#open.delete(id);
      return;
    }
    line.count = 0;
    line.timer = this.#wait(id);
    write(count);
  }
}
