/**
 * Waits until every delivery of a message was submitted or has ended (wait_for GATEWAY), for all calls that do so: with one listener, and
 * one read of the store a second for all of them. A settlement here ends a wait at once, a hint from another process ends it soon, and the
 * reads make up for hints that are missed. Waiting changes nothing in a delivery's life.
 */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Store } from "../../store/store.ts";
import { isUndecided } from "./send-answer.ts";

const readEveryMs = 1_000;
/** Most deliveries of a read; those that found no room come first in the next. */
const mostPerRead = 2_000;
/** After a hint of another process, and between two reads for hints. Hints may be about other messages of the account, of which there can be many. */
const afterHintMs = 50;
const betweenHintsMs = 200;
const mostPerHint = 100;
/** Deliveries that are waited for, in all and of one account. A call beyond is answered with the states of that moment. */
const mostWatched = 16_384;
const mostOfAccount = mostWatched / 2;

/** Calls back after each settlement; returns the unsubscriber. */
export type OnSettled = (listener: (deliveryId: DeliveryId, state: DeliveryState) => void) => () => void;

/** Calls back when another process may have settled something of an account; returns the unsubscriber. */
export type OnSettledElsewhere = (listener: (accountId: AccountId) => void) => () => void;

export interface WatchDeps {
  readonly store: Pick<Store, "readStates">;
  readonly onSettled: OnSettled;
  /** Undefined where no other process can. */
  readonly onSettledElsewhere: OnSettledElsewhere | undefined;
  readonly clock: Clock;
  /** Ends all waits: whoever waits is answered before the service stops. */
  readonly stopping: AbortSignal;
}

export interface SubmissionWatch {
  /** Resolves when nothing is undecided any more, when `waitMs` are over, when `signal` is aborted or the service stops; never rejects. */
  wait(waitMs: number, signal: AbortSignal): Promise<void>;
  /** Stops listening; harmless when repeated. */
  close(): void;
}

export interface SubmissionWatches {
  /** Begins to listen; called before the deliveries are stored, so that no settlement is missed. */
  watch(accountId: AccountId, ids: readonly DeliveryId[]): SubmissionWatch;
}

interface Watched {
  readonly accountId: AccountId;
  readonly undecided: Set<DeliveryId>;
  /** While somebody waits. */
  end: (() => void) | undefined;
}

/** Makes the watch over all waiting calls; it listens and reads only while there are some. */
export function createSubmissionWatches(deps: WatchDeps): SubmissionWatches {
  const { clock, stopping } = deps;
  const byDelivery = new Map<DeliveryId, Watched[]>();
  const byAccount = new Map<AccountId, number>();
  /** Those that wait; the ones to be read next come first. */
  const waiting = new Set<Watched>();
  const hinted = new Set<AccountId>();
  let watchedCount = 0;
  let stopListening: (() => void) | undefined;
  let isReading = false;
  let hintTimer: Timer | undefined;
  let hintReadAtMs = Number.NEGATIVE_INFINITY;

  function note(id: DeliveryId, state: DeliveryState): void {
    if (isUndecided(state)) return;
    for (const watched of byDelivery.get(id) ?? []) {
      watched.undecided.delete(id);
      if (watched.undecided.size === 0) watched.end?.();
    }
  }

  /** Takes those whose turn it is, and puts them behind the others. */
  function nextIds(limit: number, isWanted: (watched: Watched) => boolean): readonly DeliveryId[] {
    const ids = new Set<DeliveryId>();
    for (const watched of [...waiting]) {
      if (ids.size >= limit) break;
      if (!isWanted(watched)) continue;
      for (const id of watched.undecided) ids.add(id);
      waiting.delete(watched);
      waiting.add(watched);
    }
    return [...ids];
  }

  async function read(ids: readonly DeliveryId[]): Promise<void> {
    if (isReading || ids.length === 0) return;
    isReading = true;
    try {
      const states = await deps.store.readStates(ids);
      ids.forEach((id, index) => {
        const state = states[index];
        if (state !== undefined) note(id, state);
      });
    } catch {
      // The store is away, which others tell; it is asked again in a second, and a wait ends in its time in any case.
    } finally {
      isReading = false;
    }
  }

  function onHint(accountId: AccountId): void {
    if (!byAccount.has(accountId)) return;
    hinted.add(accountId);
    const waitMs = Math.max(afterHintMs, hintReadAtMs + betweenHintsMs - clock.monotonic());
    hintTimer ??= clock.setTimeout(() => {
      hintTimer = undefined;
      hintReadAtMs = clock.monotonic();
      const ids = nextIds(mostPerHint, (watched) => hinted.has(watched.accountId));
      hinted.clear();
      void read(ids);
    }, waitMs);
  }

  function listen(): () => void {
    const stopSettled = deps.onSettled(note);
    const stopHints = deps.onSettledElsewhere?.(onHint);
    const timer = clock.setInterval(() => void read(nextIds(mostPerRead, () => true)), readEveryMs);
    return () => {
      stopSettled();
      stopHints?.();
      timer.cancel();
      hintTimer?.cancel();
      hintTimer = undefined;
    };
  }

  function count(accountId: AccountId, change: number): void {
    watchedCount += change;
    const ofAccount = (byAccount.get(accountId) ?? 0) + change;
    if (ofAccount > 0) byAccount.set(accountId, ofAccount);
    else byAccount.delete(accountId);
    if (watchedCount > 0) stopListening ??= listen();
    else {
      stopListening?.();
      stopListening = undefined;
    }
  }

  function forget(id: DeliveryId, watched: Watched): void {
    const others = byDelivery.get(id)?.filter((other) => other !== watched) ?? [];
    if (others.length > 0) byDelivery.set(id, others);
    else byDelivery.delete(id);
  }

  function wait(watched: Watched, waitMs: number, signal: AbortSignal): Promise<void> {
    if (waitMs <= 0 || watched.undecided.size === 0 || signal.aborted || stopping.aborted)
      return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        timeout.cancel();
        signal.removeEventListener("abort", end);
        waiting.delete(watched);
        watched.end = undefined;
        resolve();
      };
      const timeout = clock.setTimeout(end, waitMs);
      signal.addEventListener("abort", end);
      watched.end = end;
      waiting.add(watched);
    });
  }

  stopping.addEventListener("abort", () => {
    for (const watched of [...waiting]) watched.end?.();
  });

  return {
    watch(accountId, ids) {
      const isTooMany =
        watchedCount + ids.length > mostWatched ||
        (byAccount.get(accountId) ?? 0) + ids.length > mostOfAccount;
      if (isTooMany || ids.length === 0) return { wait: () => Promise.resolve(), close: () => {} };
      const watched: Watched = { accountId, undecided: new Set(ids), end: undefined };
      for (const id of ids) byDelivery.set(id, [...(byDelivery.get(id) ?? []), watched]);
      count(accountId, ids.length);
      let isOpen = true;
      return {
        wait: (waitMs, signal) => wait(watched, waitMs, signal),
        close() {
          if (!isOpen) return;
          isOpen = false;
          watched.end?.();
          for (const id of ids) forget(id, watched);
          count(accountId, -ids.length);
        },
      };
    },
  };
}
