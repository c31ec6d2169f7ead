/**
 * Waits until every delivery of a message was submitted or has ended (wait_for GATEWAY). Hints of the dispatcher, and of other processes
 * on the store, make it quick; the store, asked once a second, makes it right. Waiting changes nothing in a delivery's life.
 */
import type { DeliveryState } from "../domain/delivery-state.ts";
import type { DeliveryId } from "../domain/ids.ts";
import type { Clock, Timer } from "../observability/clock.ts";
import type { Store } from "../store/store.ts";
import { isUndecided } from "./send-answer.ts";

const recheckMs = 1_000;
/** After a hint of another process; it may be about other messages of the account, of which there can be many. */
const recheckAfterHintMs = 50;

/** Calls back after each settlement; returns the unsubscriber. */
export type OnSettled = (listener: (deliveryId: DeliveryId, state: DeliveryState) => void) => () => void;

/** Calls back when another process may have settled something; returns the unsubscriber. */
export type OnSettledElsewhere = (listener: () => void) => () => void;

export interface WatchDeps {
  readonly store: Pick<Store, "readStates">;
  readonly onSettled: OnSettled;
  /** Undefined where no other process can. */
  readonly onSettledElsewhere: OnSettledElsewhere | undefined;
  readonly clock: Clock;
}

export interface SubmissionWatch {
  /** Resolves when nothing is undecided any more, when `waitMs` are over, or when `signal` is aborted; never rejects for time. */
  wait(waitMs: number, signal: AbortSignal): Promise<void>;
  /** Stops listening; harmless when repeated. */
  close(): void;
}

/** Begins to listen; called before the deliveries are stored, so that no settlement is missed. */
export function watchSubmission(ids: readonly DeliveryId[], deps: WatchDeps): SubmissionWatch {
  const undecided = new Set(ids);
  let done: (() => void) | undefined;
  let recheck: Timer | undefined;

  function note(id: DeliveryId, state: DeliveryState): void {
    if (isUndecided(state) || !undecided.delete(id)) return;
    if (undecided.size === 0) done?.();
  }
  const stopListening = deps.onSettled(note);

  async function readAgain(fail: (cause: unknown) => void): Promise<void> {
    try {
      const asked = [...undecided];
      const states = await deps.store.readStates(asked);
      asked.forEach((id, index) => {
        const state = states[index];
        if (state !== undefined) note(id, state);
      });
    } catch (cause) {
      fail(cause);
    }
  }

  return {
    async wait(waitMs, signal) {
      if (waitMs <= 0 || undecided.size === 0 || signal.aborted) return;
      let timeout: Timer | undefined;
      let hinted: Timer | undefined;
      let stopHints: (() => void) | undefined;
      try {
        await new Promise<void>((resolve, reject) => {
          done = resolve;
          timeout = deps.clock.setTimeout(resolve, waitMs);
          stopHints = deps.onSettledElsewhere?.(() => {
            hinted ??= deps.clock.setTimeout(() => {
              hinted = undefined;
              void readAgain(reject);
            }, recheckAfterHintMs);
          });
          recheck = deps.clock.setInterval(() => void readAgain(reject), recheckMs);
          signal.addEventListener("abort", () => resolve(), { once: true });
          void readAgain(reject);
        });
      } finally {
        timeout?.cancel();
        recheck?.cancel();
        hinted?.cancel();
        stopHints?.();
        done = undefined;
      }
    },
    close: stopListening,
  };
}
