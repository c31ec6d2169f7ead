/** SubscriptionService: an account's named reading positions. */
import type { SubscriptionAnswer, Subscriptions } from "../../app/subscriptions/create-subscriptions.ts";
import { Feed, type Subscription } from "../../gen/smsrelay/v1/subscription.ts";
import type {
  SubscriptionServiceClient,
  SubscriptionServiceImplementation,
} from "../../gen/smsrelay/v1/subscription_service.ts";
import type { Guard } from "../calls/guard.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { fromFeed, fromInitialStart } from "../translate/enums.ts";
import { toDate } from "../translate/time.ts";

export interface SubscriptionServiceDeps {
  readonly guard: Guard;
  readonly subscriptions: Subscriptions;
}

export const subscriptionScopes = {
  createSubscription: "MANAGE",
  listSubscriptions: "READ",
  deleteSubscription: "MANAGE",
  // A position moves with what was read.
  acknowledgeSubscription: "READ",
} as const satisfies ScopesOf<SubscriptionServiceClient>;

export function createSubscriptionService({
  guard: { unary },
  subscriptions,
}: SubscriptionServiceDeps): WholeAnswers<SubscriptionServiceImplementation, SubscriptionServiceClient> {
  return {
    createSubscription: unary(async ({ subscription, initialStart }, { accountId }) => {
      const input = {
        subscriptionId: subscription?.subscriptionId ?? "",
        feed: fromFeed(subscription?.feed ?? 0),
        initialStart: fromInitialStart(initialStart),
      };
      return { subscription: toSubscription(await subscriptions.create(input, accountId)) };
    }),

    listSubscriptions: unary(async (request, { accountId }) => {
      const { entries, nextPageToken = "" } = await subscriptions.list(request, accountId);
      return { subscriptions: entries.map(toSubscription), nextPageToken };
    }),

    deleteSubscription: unary(async ({ subscriptionId }, { accountId }) => {
      await subscriptions.delete(subscriptionId, accountId);
      return {};
    }),

    acknowledgeSubscription: unary(async (request, { accountId }) => ({
      cursor: await subscriptions.acknowledge(request, accountId),
    })),
  };
}

function toSubscription({ subscription, cursor, pendingCount }: SubscriptionAnswer): Subscription {
  return {
    subscriptionId: subscription.name,
    feed: Feed.FEED_DELIVERY_REPORTS,
    cursor,
    pendingCount: BigInt(pendingCount),
    createTime: toDate(subscription.createTimeMs),
    acknowledgeTime: toDate(subscription.acknowledgeTimeMs),
  };
}
