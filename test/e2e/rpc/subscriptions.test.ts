import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Feed, InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};
const { INITIAL_START_EARLIEST } = InitialStart;

let world: RpcWorld;
let clients: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld();
  clients = connectClients(world.address, SHOP_KEY);
  await clients.sms.sendSms(good);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

const create = async (subscriptionId: string, initialStart?: InitialStart) => {
  const request = {
    subscription: { subscriptionId },
    ...(initialStart !== undefined && { initialStart }),
  };
  return (await clients.subscriptions.createSubscription(request)).subscription;
};

/** Opens a stream at a subscription; it is held until `close`. */
async function openReader(subscriptionId: string) {
  const stop = new AbortController();
  const start = { position: { $case: "subscriptionId", value: subscriptionId } as const };
  const stream = clients.sms.streamDeliveryReports({ start }, { signal: stop.signal });
  const reading = stream[Symbol.asyncIterator]();
  return { reading, close: () => stop.abort() };
}

describe("SubscriptionService", () => {
  it("makes a subscription at its start, and answers the same one again as it stands", async () => {
    const whole = await create("whole", INITIAL_START_EARLIEST);
    expect(whole).toMatchObject({ subscriptionId: "whole", feed: Feed.FEED_DELIVERY_REPORTS });
    expect(whole?.createTime).toBeDefined();
    expect(whole?.acknowledgeTime).toBeUndefined();
    const { reading, close } = await openReader("whole");
    const first = (await reading.next()).value;
    expect(first?.reports[0]?.reportNumber).toBe(1n);
    expect(whole?.pendingCount).toBeGreaterThan(0n);
    const cursor = first?.cursor ?? "";
    await clients.subscriptions.acknowledgeSubscription({ subscriptionId: "whole", cursor });
    const again = await create("whole");
    expect(again).toMatchObject({ cursor, createTime: whole?.createTime });
    expect(again?.acknowledgeTime).toBeDefined();
    // Who reads was not replaced.
    await clients.sms.sendSms(good);
    expect((await reading.next()).value?.reports.length).toBeGreaterThan(0);
    close();
    expect((await create("new"))?.pendingCount).toBe(0n);
  });

  it("lists by id in pages, what a stream made too, and nobody else's", async () => {
    const made = await openReader("by-stream");
    const waiting = made.reading.next().catch(() => undefined);
    const listed = async () => {
      const ids: string[] = [];
      for (let pageToken = ""; ; ) {
        const page = await clients.subscriptions.listSubscriptions({ pageSize: 2, pageToken });
        ids.push(...page.subscriptions.map(({ subscriptionId }) => subscriptionId));
        pageToken = page.nextPageToken;
        if (pageToken === "") return ids;
      }
    };
    await expect.poll(listed).toContain("by-stream");
    expect(await listed()).toEqual((await listed()).toSorted());
    using others = connectClients(world.address, OTHER_KEY);
    expect((await others.subscriptions.listSubscriptions({})).subscriptions).toEqual([]);
    made.close();
    await waiting;
  });

  it("deletes one, whose reader ends, and tells that there is none", async () => {
    await create("doomed");
    const { reading } = await openReader("doomed");
    const ended = expect(reading.next()).rejects.toMatchObject({ code: Status.NOT_FOUND });
    await expect.poll(() => world.reportStreams()).toBeGreaterThan(0);
    await clients.subscriptions.deleteSubscription({ subscriptionId: "doomed" });
    await ended;
    const { cursor = "" } = (await create("other")) ?? {};
    const subscriptionId = "doomed";
    const failures = [
      await failureOf((options) => clients.subscriptions.deleteSubscription({ subscriptionId }, options)),
      await failureOf((options) =>
        clients.subscriptions.acknowledgeSubscription({ subscriptionId, cursor }, options),
      ),
    ];
    for (const failure of failures)
      expect(failure).toMatchObject({ code: Status.NOT_FOUND, info: { reason: "UNKNOWN_SUBSCRIPTION" } });
  });

  it("refuses what it cannot understand, all at once", async () => {
    const fieldsOf = async (request: Parameters<typeof clients.subscriptions.createSubscription>[0]) => {
      const refused = failureOf((options) => clients.subscriptions.createSubscription(request, options));
      return (await refused).violations.map(({ field, reason }) => `${field} ${reason}`);
    };
    expect(await fieldsOf({})).toEqual(["subscription.subscription_id PARAMETER_MISSING"]);
    const subscription = { subscriptionId: "a b", feed: 9 as Feed };
    expect(await fieldsOf({ subscription, initialStart: 9 as InitialStart })).toEqual([
      "subscription.subscription_id INVALID_PARAMETER",
      "subscription.feed INVALID_PARAMETER",
      "initial_start INVALID_PARAMETER",
    ]);
  });
});
