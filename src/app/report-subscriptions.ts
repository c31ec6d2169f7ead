/** Named reading positions of an account: acknowledged forward, listed and deleted. */
import { SmsError } from "../domain/errors.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Clock } from "../observability/clock.ts";
import type { Subscription } from "../store/reports.ts";
import type { Store } from "../store/store.ts";
import { type Cursors, invalidCursor } from "./cursors.ts";
import { openPageToken, type Page, type PageRequest, pageSizeOf, sealPageToken } from "./page-token.ts";
import type { ReportReaders } from "./report-readers.ts";
import { invalid, missing } from "./required-fields.ts";
import type { TokenSealer } from "./sealed-token.ts";

const nameForm = /^[A-Za-z0-9._-]{1,64}$/;

/** The name; PARAMETER_MISSING or INVALID_PARAMETER under `field` otherwise. */
export function requireSubscriptionName(field: string, name: string): string {
  if (name === "") throw missing(field);
  if (!nameForm.test(name)) throw invalid(field, "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
  return name;
}

export interface SubscriptionAnswer {
  readonly subscription: Subscription;
  readonly cursor: string;
  /** Reports after the position. */
  readonly pendingCount: number;
}

export interface ReportSubscriptionsDeps {
  readonly store: Pick<
    Store,
    "acknowledge" | "readSubscription" | "listSubscriptions" | "deleteSubscription" | "reportBounds"
  >;
  readonly cursors: Cursors;
  readonly sealer: TokenSealer;
  readonly readers: ReportReaders;
  readonly clock: Pick<Clock, "now">;
}

export interface ReportSubscriptions {
  /** Confirms everything up to the cursor; answers where the subscription stands now. */
  acknowledge(
    input: { readonly subscription: string; readonly cursor: string },
    accountId: AccountId,
  ): Promise<string>;
  /** By name. */
  list(page: PageRequest, accountId: AccountId): Promise<Page<SubscriptionAnswer>>;
  /** Deletes it and ends its reader. */
  delete(name: string, accountId: AccountId): Promise<void>;
}

/** Makes the use cases. */
export function createReportSubscriptions(deps: ReportSubscriptionsDeps): ReportSubscriptions {
  const { store, cursors, sealer, readers, clock } = deps;
  return {
    async acknowledge({ subscription: name, cursor }, accountId) {
      const absent = Object.entries({ subscription: name, cursor }).filter(([, value]) => value === "");
      if (absent.length > 0) throw missing(...absent.map(([field]) => field));
      const position = cursors.numberIn(accountId, cursor);
      const outcome = await store.acknowledge(accountId, name, position, clock.now());
      switch (outcome) {
        case "acknowledged":
          return cursors.cursorAfter(accountId, position);
        case "unchanged": {
          // It was acknowledged before: that is the answer, whether its place can be read now or not.
          const subscription = await store.readSubscription(accountId, name).catch(() => undefined);
          return cursors.cursorAfter(accountId, subscription?.position ?? position);
        }
        case "beyond_last":
          throw invalidCursor("cursor");
        case "unknown_subscription":
          throw new SmsError("UNKNOWN_SUBSCRIPTION");
      }
    },

    async list(page, accountId) {
      const list = `subscriptions\u0000${accountId}`;
      const limit = pageSizeOf(page);
      const after = openPageToken(sealer, list, page);
      const found = await store.listSubscriptions(accountId, { after, limit: limit + 1 });
      const { last } = await store.reportBounds(accountId);
      const entries = found.slice(0, limit);
      const lastName = entries.at(-1)?.name;
      const isEnd = found.length <= limit || lastName === undefined;
      return {
        entries: entries.map((subscription) => ({
          subscription,
          cursor: cursors.cursorAfter(accountId, subscription.position),
          pendingCount: Math.max(0, last - subscription.position),
        })),
        nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, lastName),
      };
    },

    async delete(name, accountId) {
      if (name === "") throw missing("name");
      if (!(await store.deleteSubscription(accountId, name))) throw new SmsError("UNKNOWN_SUBSCRIPTION");
      readers.end(accountId, name, new SmsError("UNKNOWN_SUBSCRIPTION"));
    },
  };
}
