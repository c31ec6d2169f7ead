/** Named reading positions of an account: made, acknowledged forward, listed and deleted. */
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Subscription } from "../../store/records/subscriptions.ts";
import type { Store } from "../../store/store.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import { missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import { type Cursors, invalidCursor } from "./cursors.ts";
import type { Readers } from "./readers.ts";

const idForm = /^[A-Za-z0-9._-]{1,64}$/;

/** What is wrong with the id of a subscription, under `field`. */
export function faultsOfId(field: string, id: string): readonly FieldViolation[] {
  if (id === "") return [{ field, reason: "PARAMETER_MISSING", description: "is required" }];
  if (idForm.test(id)) return [];
  const description = "must be 1 to 64 characters of A-Z a-z 0-9 . _ -";
  return [{ field, reason: "INVALID_PARAMETER", description }];
}

export interface SubscriptionAnswer {
  readonly subscription: Subscription;
  readonly cursor: string;
  /** Reports after the position. */
  readonly pendingCount: number;
}

export interface SubscriptionsDeps {
  readonly store: Pick<
    Store,
    | "acknowledge"
    | "createSubscription"
    | "readSubscription"
    | "listSubscriptions"
    | "deleteSubscription"
    | "reportBounds"
  >;
  readonly cursors: Cursors;
  readonly sealer: TokenSealer;
  readonly readers: Readers;
  readonly clock: Pick<Clock, "now">;
  /** Of one account; without it there is no bound. */
  readonly maxSubscriptions?: number;
}

export interface Subscriptions {
  /** Makes it where it is new; answers it as it now is. */
  create(
    input: {
      readonly subscriptionId: string;
      readonly feed: "DELIVERY_REPORTS" | Unknown;
      readonly initialStart: "NOW" | "EARLIEST" | Unknown;
    },
    accountId: AccountId,
  ): Promise<SubscriptionAnswer>;
  /** Confirms everything up to the cursor; answers where the subscription stands now. */
  acknowledge(
    input: { readonly subscriptionId: string; readonly cursor: string },
    accountId: AccountId,
  ): Promise<string>;
  /** By id. */
  list(page: PageRequest, accountId: AccountId): Promise<Page<SubscriptionAnswer>>;
  /** Deletes it and ends its reader. */
  delete(subscriptionId: string, accountId: AccountId): Promise<void>;
}

/** Makes the use cases. */
export function createSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const { store, cursors, sealer, readers, clock } = deps;
  const answerOf = (subscription: Subscription, accountId: AccountId, last: number): SubscriptionAnswer => ({
    subscription,
    cursor: cursors.cursorAfter(accountId, subscription.position),
    pendingCount: Math.max(0, last - subscription.position),
  });
  return {
    async create({ subscriptionId, feed, initialStart }, accountId) {
      const violations = [...faultsOfId("subscription.subscription_id", subscriptionId)];
      const refuse = (field: string, description: string) =>
        violations.push({ field, reason: "INVALID_PARAMETER", description });
      if (feed === "UNRECOGNIZED") refuse("subscription.feed", "must be unset or DELIVERY_REPORTS");
      if (initialStart === "UNRECOGNIZED") refuse("initial_start", "must be unset, NOW or EARLIEST");
      if (violations.length > 0) throw refuseFields(violations);
      const { last, oldest } = await store.reportBounds(accountId);
      const initial = initialStart === "EARLIEST" ? oldest - 1 : last;
      const made = await store.createSubscription(
        accountId,
        subscriptionId,
        initial,
        clock.now(),
        deps.maxSubscriptions,
      );
      return answerOf(made, accountId, last);
    },

    async acknowledge({ subscriptionId: name, cursor }, accountId) {
      const absent = Object.entries({ subscription_id: name, cursor }).filter(([, value]) => value === "");
      if (absent.length > 0) throw missing(...absent.map(([field]) => field));
      const position = cursors.numberIn(accountId, cursor);
      const outcome = await store.acknowledge(accountId, name, position, clock.now());
      switch (outcome) {
        case "acknowledged":
          return cursors.cursorAfter(accountId, position);
        case "unchanged": {
          // It was acknowledged before: that is the answer, whether its position can be read now or not.
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
        entries: entries.map((subscription) => answerOf(subscription, accountId, last)),
        nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, lastName),
      };
    },

    async delete(name, accountId) {
      if (name === "") throw missing("subscription_id");
      if (!(await store.deleteSubscription(accountId, name))) throw new SmsError("UNKNOWN_SUBSCRIPTION");
      readers.end(accountId, name, new SmsError("UNKNOWN_SUBSCRIPTION"));
    },
  };
}
