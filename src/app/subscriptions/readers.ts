/**
 * The report streams that are open: how many there are, and which one reads a named subscription. A new reader of a subscription takes
 * over, and the old one ends: at once where it is here; at another replica once that has looked at the readers' epochs, each second.
 */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { SubscriptionKey } from "../../store/records/subscriptions.ts";
import type { Store } from "../../store/store.ts";

export interface Reader {
  /** Aborted, with the error to end with, when another reader takes over or the subscription is deleted. */
  readonly signal: AbortSignal;
  /** Takes the epoch that the store gave it: from now on a later one at another replica ends it. */
  hold(epoch: number): void;
  /** Leaves; harmless when repeated. */
  close(): void;
}

export interface Readers {
  /** Enters a reader, of a subscription or of none; OVERLOADED where too many are open. */
  open(accountId: AccountId, subscription: string | undefined): Reader;
  /** Ends the reader of a subscription, if there is one. */
  end(accountId: AccountId, subscription: string, reason: SmsError): void;
  readonly count: number;
  readonly byAccount: ReadonlyMap<AccountId, number>;
}

export interface ReadersDeps {
  readonly store: Pick<Store, "readerEpochs"> & {
    /** Without a replica's id this process is the only one on the store, and knows of every reader. */
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "setInterval">;
  /** Streams of one account; as many as of all where it is not given. */
  readonly maxOfAccount?: number;
}

interface Reading extends SubscriptionKey {
  readonly controller: AbortController;
  /** The highest that this process was given for the subscription; undefined before the store answered. */
  epoch: number | undefined;
}

const retryAfterMs = 5_000;
const lookEveryMs = 1_000;

/** Makes the register; `maxReaders` bounds all streams of all accounts together. */
export function createReaders(
  maxReaders: number,
  { store, clock, maxOfAccount = maxReaders }: ReadersDeps,
): Readers {
  const countOf = new Map<AccountId, number>();
  const bySubscription = new Map<string, Reading>();
  const isShared = store.sessions.replicaId !== undefined;
  let count = 0;
  let timer: Timer | undefined;
  let isLooking = false;
  const keyOf = (accountId: AccountId, subscription: string) => `${accountId}\u0000${subscription}`;

  function end(key: string, reason: SmsError): void {
    const reading = bySubscription.get(key);
    leave(key);
    reading?.controller.abort(reason);
  }

  function enter(key: string, reading: Reading): void {
    bySubscription.set(key, reading);
    if (isShared) timer ??= clock.setInterval(() => void look(), lookEveryMs).unref();
  }

  function leave(key: string): void {
    bySubscription.delete(key);
    if (bySubscription.size > 0) return;
    timer?.cancel();
    timer = undefined;
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const held = [...bySubscription].flatMap(([key, reading]) =>
      reading.epoch === undefined ? [] : [{ key, reading, epoch: reading.epoch }],
    );
    try {
      const epochs = held.length === 0 ? [] : await store.readerEpochs(held.map(({ reading }) => reading));
      held.forEach(({ key, reading, epoch }, index) => {
        // Another reader here has it by now, or it was opened anew while the store was asked.
        if (bySubscription.get(key) !== reading || reading.epoch !== epoch) return;
        const found = epochs[index];
        if (found === undefined) end(key, new SmsError("UNKNOWN_SUBSCRIPTION"));
        else if (found !== epoch) end(key, new SmsError("READER_REPLACED"));
      });
    } catch {
      // The database is away; the stream's own reads say so.
    } finally {
      isLooking = false;
    }
  }

  return {
    open(accountId, subscription) {
      const controller = new AbortController();
      const key = subscription === undefined ? undefined : keyOf(accountId, subscription);
      const replaces = key !== undefined && bySubscription.has(key);
      const ofAccount = countOf.get(accountId) ?? 0;
      if ((count >= maxReaders || ofAccount >= maxOfAccount) && !replaces) {
        const subject = ofAccount >= maxOfAccount ? `account ${accountId}` : "service";
        const quota = { subject, description: "Too many report streams are open." };
        throw new SmsError("OVERLOADED", undefined, { retryAfterMs, quota });
      }
      if (key !== undefined && subscription !== undefined) {
        end(key, new SmsError("READER_REPLACED"));
        enter(key, { accountId, name: subscription, controller, epoch: undefined });
      }
      count += 1;
      countOf.set(accountId, ofAccount + 1);
      let isOpen = true;
      return {
        signal: controller.signal,
        hold(epoch) {
          // Of two that open it here at once the store may answer the one that was replaced last: the other one reads on.
          const reading = key === undefined ? undefined : bySubscription.get(key);
          if (reading !== undefined) reading.epoch = Math.max(epoch, reading.epoch ?? 0);
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          count -= 1;
          const left = (countOf.get(accountId) ?? 1) - 1;
          if (left === 0) countOf.delete(accountId);
          else countOf.set(accountId, left);
          if (key !== undefined && bySubscription.get(key)?.controller === controller) leave(key);
        },
      };
    },
    end: (accountId, subscription, reason) => end(keyOf(accountId, subscription), reason),
    get count() {
      return count;
    },
    byAccount: countOf,
  };
}
