/**
 * Ends a session in good order, whoever wants it: it takes no more parts, waits for what is unanswered on either side, and then unbinds or
 * answers the SMSC's unbinding (P51). Past its time it is cut off.
 */
import type { Clock, Timer } from "../../observability/clock.ts";

export interface GoodbyeOptions {
  readonly clock: Pick<Clock, "setTimeout">;
  /** Nothing is unanswered, on either side. */
  readonly isIdle: () => boolean;
  /** The session takes no more parts from now on. */
  readonly onBegin: () => void;
  readonly unbind: () => Promise<void>;
  readonly destroy: () => void;
}

/** How long an SMSC that leaves may still answer, and we acknowledge what it delivered. */
const DEPARTURE_GRACE_MS = 5_000;

export class Goodbye {
  readonly #options: GoodbyeOptions;
  #state: "not begun" | "waiting" | "unbinding" | "over" = "not begun";
  #timer: Timer | undefined;
  #onIdle: (() => void) | undefined;
  /** Answers the SMSC's unbinding and closes; undefined while it stays. */
  #finishDeparture: (() => void) | undefined;

  constructor(options: GoodbyeOptions) {
    this.#options = options;
  }

  /** Cuts it off after so long, whatever is unanswered then; the last call counts. */
  endAfter(graceMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimeout(() => this.#cutOff(), graceMs);
  }

  async begin(): Promise<void> {
    this.#state = "waiting";
    this.#options.onBegin();
    await this.#idle();
    if (this.#state === "waiting") this.#state = "unbinding";
    if (this.#finishDeparture !== undefined) this.#finishDeparture();
    else await this.#options.unbind();
  }

  /** The SMSC unbinds or closes its half; `finish` answers that and closes. */
  depart(finish: () => void, isBound: boolean): void {
    this.#finishDeparture = finish;
    if (this.#state === "waiting") {
      this.notice();
    } else if (this.#state !== "not begun" || !isBound || this.#options.isIdle()) {
      finish();
    } else {
      if (this.#timer === undefined) this.endAfter(DEPARTURE_GRACE_MS);
      void this.begin();
    }
  }

  /** Something was answered. */
  notice(): void {
    if (this.#options.isIdle()) this.#onIdle?.();
  }

  /** The session is over: nothing is waited for any more. */
  end(): void {
    this.#state = "over";
    this.#timer?.cancel();
    this.#onIdle?.();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.notice();
    });
  }

  #cutOff(): void {
    if (this.#finishDeparture !== undefined) this.#finishDeparture();
    else this.#options.destroy();
  }
}
