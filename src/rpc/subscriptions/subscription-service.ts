/** SubscriptionService: an account's named reading positions. */
import type { SubscriptionAnswer, Subscriptions } from "../../app/subscriptions/create-subscriptions.ts";
import { Feed, type Subscription } from "../../gen/smsrelay/v1/subscription.ts";
import type { SubscriptionServiceDefinition } from "../../gen/smsrelay/v1/subscription_service.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromFeed, fromInitialStart } from "../translate/enums.ts";
import { toDate } from "../translate/time.ts";

export interface SubscriptionServiceDeps {
  readonly subscriptions: Subscriptions;
}

export const subscriptionScopes = {
  createSubscription: "MANAGE",
  listSubscriptions: "READ",
  deleteSubscription: "MANAGE",
  // A position moves with what was read.
  acknowledgeSubscription: "READ",
} as const satisfies ScopesOf<SubscriptionServiceDefinition>;

export function createSubscriptionService({
  subscriptions,
}: SubscriptionServiceDeps): Handlers<SubscriptionServiceDefinition> {
  return {
    createSubscription: async ({ subscription, initialStart }, { accountId }) => {
      const input = {
        subscriptionId: subscription?.subscriptionId ?? "",
        feed: fromFeed(subscription?.feed ?? 0),
        initialStart: fromInitialStart(initialStart),
      };
      return { subscription: toSubscription(await subscriptions.create(input, accountId)) };
    },

    listSubscriptions: async (request, { accountId }) => {
      const { entries, nextPageToken = "" } = await subscriptions.list(request, accountId);
      return { subscriptions: entries.map(toSubscription), nextPageToken };
    },

    deleteSubscription: async ({ subscriptionId }, { accountId }) => {
      await subscriptions.delete(subscriptionId, accountId);
      return {};
    },

    acknowledgeSubscription: async (request, { accountId }) => ({
      cursor: await subscriptions.acknowledge(request, accountId),
    }),
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
