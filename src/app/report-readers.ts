/**
 * The report streams that are open: how many there are, and which one reads a named subscription. A new reader of a subscription
 * takes over, and the old one ends.
 */
import { SmsError } from "../domain/errors.ts";
import type { AccountId } from "../domain/ids.ts";

export interface ReportReader {
  /** Aborted, with the error to end with, when another reader takes over or the subscription is deleted. */
  readonly signal: AbortSignal;
  /** Leaves; harmless when repeated. */
  close(): void;
}

export interface ReportReaders {
  /** Enters a reader, of a subscription or of none; OVERLOADED where too many are open. */
  open(accountId: AccountId, subscription: string | undefined): ReportReader;
  /** Ends the reader of a subscription, if there is one. */
  end(accountId: AccountId, subscription: string, reason: SmsError): void;
  readonly count: number;
}

const retryAfterMs = 5_000;

/** Makes the register; `maxReaders` bounds all streams of all accounts together. */
export function createReportReaders(maxReaders: number): ReportReaders {
  const bySubscription = new Map<string, AbortController>();
  let count = 0;
  const keyOf = (accountId: AccountId, subscription: string) => `${accountId}\u0000${subscription}`;

  function end(key: string, reason: SmsError): void {
    bySubscription.get(key)?.abort(reason);
    bySubscription.delete(key);
  }

  return {
    open(accountId, subscription) {
      const controller = new AbortController();
      const key = subscription === undefined ? undefined : keyOf(accountId, subscription);
      const replaces = key !== undefined && bySubscription.has(key);
      if (count >= maxReaders && !replaces)
        throw new SmsError("OVERLOADED", undefined, {
          retryAfterMs,
          quota: { subject: "service", description: "Too many report streams are open." },
        });
      if (key !== undefined) {
        end(key, new SmsError("READER_REPLACED"));
        bySubscription.set(key, controller);
      }
      count += 1;
      let isOpen = true;
      return {
        signal: controller.signal,
        close() {
          if (!isOpen) return;
          isOpen = false;
          count -= 1;
          if (key !== undefined && bySubscription.get(key) === controller) bySubscription.delete(key);
        },
      };
    },
    end: (accountId, subscription, reason) => end(keyOf(accountId, subscription), reason),
    get count() {
      return count;
    },
  };
}
