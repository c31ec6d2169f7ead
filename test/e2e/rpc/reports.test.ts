import { ClientError, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { DeliveryReport } from "../../../src/gen/smsrelay/v1/delivery_report.ts";
import { SmsState, WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import type { StreamDeliveryReportsResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import {
  type DeepPartial,
  Feed,
  InitialStart,
  type StreamStart,
} from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};
const earliest = { initialStart: InitialStart.INITIAL_START_EARLIEST };

let world: RpcWorld;
let clients: RpcClients;
const pagesRead: number[] = [];
beforeAll(async () => {
  world = await startRpcWorld({
    wrapStore: (store) => ({
      ...store,
      followReports(accountId, states) {
        const following = store.followReports(accountId, states);
        return {
          ...following,
          scan(after, limit) {
            if (accountId === "other") pagesRead.push(after);
            return following.scan(after, limit);
          },
        };
      },
    }),
  });
  clients = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

/** Reads until enough reports have come, then lets the stream go. */
async function take(
  stream: AsyncIterable<StreamDeliveryReportsResponse>,
  count: number,
): Promise<{ readonly reports: readonly DeliveryReport[]; readonly cursor: string }> {
  const reports: DeliveryReport[] = [];
  for await (const page of stream) {
    reports.push(...page.reports);
    if (reports.length >= count) return { reports, cursor: page.cursor };
  }
  throw new Error("the stream ended early");
}

describe("StreamDeliveryReports", () => {
  it("tells each step of a delivery once, with parts and the receipt's facts in the final one", async () => {
    const answer = await clients.sms.sendSms({
      ...good,
      clientReference: "order 1",
      metadata: { shop: "7" },
      waitFor: WaitFor.WAIT_FOR_GATEWAY,
    });
    const status = await clients.sms.getStatus({ messageId: answer.messageId, view: 2 });
    const smscMessageId = status.deliveries[0]?.attempts[0]?.parts[0]?.gatewayMessageId ?? "";
    await world.receive(smscMessageId, { carrier: "29340" });
    const { reports } = await take(
      clients.sms.streamDeliveryReports({ start: earliest, clientReference: "order 1" }),
      3,
    );
    expect(reports.map((report) => report.state)).toEqual([
      DeliveryState.DELIVERY_STATE_QUEUED,
      DeliveryState.DELIVERY_STATE_SUBMITTED,
      DeliveryState.DELIVERY_STATE_DELIVERED,
    ]);
    expect(reports[2]).toMatchObject({
      messageId: answer.messageId,
      recipient: "+38640123456",
      clientReference: "order 1",
      metadata: { shop: "7" },
      gatewayId: "north",
      segmentCount: 1,
      carrier: "29340",
      sender: "ACME",
      parts: [{ number: 1, gatewayMessageId: smscMessageId, receipt: { stat: "DELIVRD", err: "000" } }],
    });
    expect(reports[2]?.latency).toBeDefined();
    expect(reports[0]?.latency).toBeUndefined();
    expect(reports.map((report) => report.isFinal)).toEqual([false, false, true]);
    const basic = await clients.sms.getStatus({ messageId: answer.messageId });
    const { latency, doneTime, carrier } = reports[2] ?? expect.fail();
    expect(basic.deliveries).toMatchObject([{ latency, doneTime, carrier, attempts: [] }]);
    expect(basic.sms?.state).toBe(SmsState.SMS_STATE_ENDED);
  });

  it("tells everything that an acknowledgement lacks", async () => {
    const { violations } = await failureOf((options) =>
      clients.subscriptions.acknowledgeSubscription({}, options),
    );
    expect(violations.map(({ field }) => field)).toEqual(["subscription_id", "cursor"]);
  });

  it("P44 gives a subscriber who was away every report, without a gap", async () => {
    const start = {
      position: { $case: "subscriptionId", value: "crm" } as const,
      initialStart: InitialStart.INITIAL_START_EARLIEST,
    };
    const first = await take(clients.sms.streamDeliveryReports({ start }), 1);
    await clients.subscriptions.acknowledgeSubscription({ subscriptionId: "crm", cursor: first.cursor });
    const seen = first.reports.at(-1)?.reportNumber ?? 0n;
    const recipients = Array.from({ length: 300 }, (_, index) => `+3864${1_000_000 + index}`);
    await clients.sms.sendSms({ ...good, recipients, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    const { reports } = await take(clients.sms.streamDeliveryReports({ start }), 600);
    const expected = Array.from({ length: reports.length }, (_, index) => seen + BigInt(index + 1));
    expect(reports.map((report) => report.reportNumber)).toEqual(expected);
    const { subscriptions } = await clients.subscriptions.listSubscriptions({});
    expect(subscriptions).toMatchObject([
      { subscriptionId: "crm", feed: Feed.FEED_DELIVERY_REPORTS, cursor: first.cursor },
    ]);
  });

  it("ends the old reader of a subscription with ABORTED when a new one comes", async () => {
    const start = { position: { $case: "subscriptionId", value: "one" } as const };
    const isOpen = Promise.withResolvers<void>();
    const old = failureOf(async (options) => {
      const stream = clients.sms.streamDeliveryReports({ start }, options)[Symbol.asyncIterator]();
      isOpen.resolve();
      await stream.next();
    });
    await isOpen.promise;
    while (
      !(await clients.subscriptions.listSubscriptions({})).subscriptions.some(
        (one) => one.subscriptionId === "one",
      )
    );
    const stop = new AbortController();
    const fresh = take(clients.sms.streamDeliveryReports({ start }, { signal: stop.signal }), 1);
    const failure = await old;
    expect(failure.code).toBe(Status.ABORTED);
    expect(failure.info.reason).toBe("READER_REPLACED");
    await clients.sms.sendSms(good);
    expect((await fresh).reports.length).toBeGreaterThan(0);
  });

  it("refuses what it cannot understand, all at once", async () => {
    const failure = await failureOf(async (options) => {
      const request = {
        start: {
          position: { $case: "subscriptionId", value: "a b" } as const,
          initialStart: 7 as InitialStart,
        },
        states: [99 as DeliveryState],
        messageIds: ["no id"],
        reportLimit: -1,
      };
      for await (const _ of clients.sms.streamDeliveryReports(request, options));
    });
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "start.initial_start",
      "start.subscription_id",
      "states[0]",
      "message_ids[0]",
      "report_limit",
    ]);
    const refusedFor = (start: DeepPartial<StreamStart>) =>
      failureOf(async (options) => {
        for await (const _ of clients.sms.streamDeliveryReports({ start }, options));
      });
    const broken = await refusedFor({ position: { $case: "cursor", value: "broken" } });
    expect(broken.info).toMatchObject({ reason: "INVALID_CURSOR", metadata: { status_code: "4110" } });
    expect(broken.violations.map(({ field }) => field)).toEqual(["start.cursor"]);
    const positions = [
      { $case: "cursor", value: "broken" },
      { $case: "startTime", value: new Date() },
    ] as const;
    for (const position of positions) {
      const both = await refusedFor({ position, initialStart: InitialStart.INITIAL_START_NOW });
      expect(both.violations.map(({ field }) => field)).toEqual(["start.initial_start"]);
    }
  });

  it("gives two streams that follow live the same reports, each up to its own limit", async () => {
    const start = { initialStart: InitialStart.INITIAL_START_NOW };
    const streams = [1, 3].map((reportLimit) => {
      const request = { start, reportLimit, clientReference: "live" };
      return clients.sms.streamDeliveryReports(request)[Symbol.asyncIterator]();
    });
    // The first page says where a stream has begun.
    for (const stream of streams) expect((await stream.next()).value?.reports).toEqual([]);
    const { messageId } = await clients.sms.sendSms({
      ...good,
      recipients: ["+38640123456", "+38640123457", "+38640123458"],
      clientReference: "live",
    });
    const read = await Promise.all(
      streams.map(async (stream) => {
        const reports: DeliveryReport[] = [];
        for (let page = await stream.next(); page.done !== true; page = await stream.next())
          reports.push(...page.value.reports);
        return reports;
      }),
    );
    expect(read.map((reports) => reports.length)).toEqual([1, 3]);
    expect(read[1]?.slice(0, 1)).toEqual(read[0]);
    for (const report of read[1] ?? []) expect(report).toMatchObject({ messageId, clientReference: "live" });
  });

  it("P38 reads little ahead for a reader that does not read, and goes on when it does", async () => {
    using others = connectClients(world.address, OTHER_KEY, { "grpc-node.flow_control_window": 65_535 });
    const recipients = Array.from({ length: 1_000 }, (_, index) => `+3864${1_000_000 + index}`);
    const content = { $case: "text", value: "slow" } as const;
    const metadata = { filler: "x".repeat(900) };
    for (let count = 0; count < 4; count++)
      await others.sms.sendSms({ ...good, recipients, content, metadata, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    const stream = others.sms.streamDeliveryReports({ start: earliest })[Symbol.asyncIterator]();
    const first = await stream.next();
    expect(first.value?.reports.length).toBeGreaterThan(50);
    // Other calls go through the same service and store meanwhile; by then the stream has read whatever it will read.
    for (let count = 0; count < 50; count++) await clients.sms.listSms({ pageSize: 1 });
    const ahead = pagesRead.length;
    for (let count = 0; count < 50; count++) await clients.sms.listSms({ pageSize: 1 });
    expect(pagesRead.length).toBe(ahead);
    // The client's stack takes 16 by itself.
    expect(ahead).toBeLessThan(25);
    let last = first.value?.reports.at(-1)?.reportNumber ?? 0n;
    while (last < 8_000n) {
      const page = await stream.next();
      for (const report of page.value?.reports ?? []) expect(report.reportNumber).toBe(++last);
    }
    await stream.return?.();
  });

  it("ends with CANCELLED at the reader's own wish, and forgets it", async () => {
    const stop = new AbortController();
    const reading = take(clients.sms.streamDeliveryReports({}, { signal: stop.signal }), 1);
    stop.abort();
    await expect(reading).rejects.not.toBeInstanceOf(ClientError);
  });
});
