import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttemptOutcome, DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { Concatenation, Encoding } from "../../../src/gen/smsrelay/v1/message.ts";
import { SmsState, StatusView, WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import { CancelResult } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { acceptAll, createMemoryGateway, refused } from "../../support/memory-gateway.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};
const never = new Promise<never>(() => {});
const north = createMemoryGateway("north");
const south = createMemoryGateway("south", { profile: { concatenation: "udh16" } });

let world: RpcWorld;
let clients: RpcClients;
beforeAll(async () => {
  const denying = (...deny: string[]) => ({ rules: { countries: { deny } } });
  const routes = { north: denying("FR", "GB"), south: denying("FR") };
  world = await startRpcWorld({ gateways: [north, south], routes });
  clients = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

describe("GetStatus", () => {
  it("shows the attempts of a failover, and left-out gateways to operators only", async () => {
    north.script = (submission) => submission.partNumbers.map((number) => refused(number, "route"));
    using operator = connectClients(world.address, OPERATOR_KEY);
    for (const caller of [clients, operator]) {
      const { messageId } = await caller.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY });
      const basic = await caller.sms.getStatus({ messageId });
      const full = await caller.sms.getStatus({ messageId, view: StatusView.STATUS_VIEW_FULL });
      expect(basic.deliveries[0]).toMatchObject({ attempts: [], attemptCount: 2, gatewayId: "south" });
      expect(full.sms).toMatchObject({
        sender: "ACME",
        deliveryCount: 1,
        stateCounts: [{ state: DeliveryState.DELIVERY_STATE_SUBMITTED, deliveryCount: 1 }],
      });
      const [attempts = []] = full.deliveries.map((delivery) => delivery.attempts);
      expect(attempts.map(({ gatewayId, outcome }) => [gatewayId, outcome])).toEqual([
        ["north", AttemptOutcome.ATTEMPT_OUTCOME_REFUSED_ROUTE],
        ["south", AttemptOutcome.ATTEMPT_OUTCOME_ACCEPTED],
      ]);
      const leftOut = attempts.flatMap((attempt) => attempt.leftOutGateways);
      expect(leftOut.length > 0).toBe(caller === operator);
    }
    north.script = acceptAll;
  });

  it("pages deliveries in their order", async () => {
    const recipients = Array.from({ length: 25 }, (_, index) => `+3864${1_000_000 + index}`);
    const { messageId } = await clients.sms.sendSms({ ...good, recipients });
    const seen: string[] = [];
    const sizes: number[] = [];
    let pageToken = "";
    do {
      const page = await clients.sms.getStatus({ messageId, pageSize: 10, pageToken });
      seen.push(...page.deliveries.map((delivery) => delivery.recipient));
      sizes.push(page.deliveries.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(recipients);
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("refuses unknown messages, views and foreign page tokens", async () => {
    const { messageId } = await clients.sms.sendSms({
      ...good,
      recipients: ["+38640111111", "+38640222222"],
    });
    const { nextPageToken } = await clients.sms.getStatus({ messageId, pageSize: 1 });
    const other = await clients.sms.sendSms(good);
    const reasons = [
      await failureOf((options) => clients.sms.getStatus({}, options)),
      await failureOf((options) => clients.sms.getStatus({ messageId: "123" }, options)),
      await failureOf((options) => clients.sms.getStatus({ messageId, view: 9 as StatusView }, options)),
      await failureOf((options) =>
        clients.sms.getStatus({ messageId: other.messageId, pageToken: nextPageToken }, options),
      ),
      await failureOf((options) => clients.sms.getStatus({ messageId, pageSize: -1 }, options)),
      await failureOf((options) => clients.sms.listSms({ pageSize: -1 }, options)),
    ].map((failure) => failure.info.reason);
    expect(reasons).toEqual([
      "PARAMETER_MISSING",
      "UNKNOWN_MESSAGE",
      "INVALID_PARAMETER",
      "INVALID_CURSOR",
      "INVALID_PARAMETER",
      "INVALID_PARAMETER",
    ]);
  });
});

describe("ListSms", () => {
  it("lists the newest first, in pages, filtered by reference and time", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++)
      ids.unshift((await clients.sms.sendSms({ ...good, clientReference: "listed" })).messageId);
    const first = await clients.sms.listSms({ clientReference: "listed", pageSize: 3 });
    const second = await clients.sms.listSms({
      clientReference: "listed",
      pageSize: 3,
      pageToken: first.nextPageToken,
    });
    expect([...first.sms, ...second.sms].map((sms) => sms.messageId)).toEqual(ids);
    expect(second.nextPageToken).toBe("");
    const before = await clients.sms.listSms({ acceptTimeUntil: new Date(0) });
    expect(before.sms).toEqual([]);
    const failure = await failureOf((options) =>
      clients.sms.listSms({ clientReference: "another", pageToken: first.nextPageToken }, options),
    );
    expect(failure.info.reason).toBe("INVALID_CURSOR");
  });
});

describe("CancelSms", () => {
  it("cancels what waits, tells what is under way, and repeats its answer", async () => {
    world.dispatcher.pause(north.id, "test");
    world.dispatcher.pause(south.id, "test");
    const { messageId } = await clients.sms.sendSms(good);
    const first = await clients.sms.cancelSms({ messageId });
    const again = await clients.sms.cancelSms({ messageId });
    expect(first.outcomes).toMatchObject([
      { result: CancelResult.CANCEL_RESULT_CANCELLED, state: DeliveryState.DELIVERY_STATE_CANCELLED },
    ]);
    expect(first).toMatchObject({
      stateCounts: [{ state: DeliveryState.DELIVERY_STATE_CANCELLED, deliveryCount: 1 }],
      state: SmsState.SMS_STATE_CANCELLED,
    });
    expect(again).toEqual(first);
    world.dispatcher.resume(north.id);
    world.dispatcher.resume(south.id);

    north.script = () => never;
    const held = await clients.sms.sendSms(good);
    const heldId = `${held.messageId}.0000`;
    while ((await north.arrivals.next()).deliveryId !== heldId);
    const pending = await clients.sms.cancelSms({ messageId: held.messageId });
    north.script = acceptAll;
    expect(pending.outcomes).toMatchObject([{ result: CancelResult.CANCEL_RESULT_PENDING }]);
  });

  it("refuses with 4109 when it is too late for all of it", async () => {
    const { messageId } = await clients.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    const failure = await failureOf((options) => clients.sms.cancelSms({ messageId }, options));
    expect(failure.code).toBe(Status.FAILED_PRECONDITION);
    expect(failure.info.metadata["status_code"]).toBe("4109");
  });
});

describe("PreviewSms", () => {
  it("plans for the baseline without recipients, and says what forces the dearer encoding", async () => {
    const { plans } = await clients.sms.previewSms({
      message: { content: { $case: "text", value: "ab\u4f60😀" } },
    });
    expect(plans).toMatchObject([
      {
        recipients: [],
        plan: {
          encoding: Encoding.ENCODING_UCS2,
          concatenation: Concatenation.CONCATENATION_UNSPECIFIED,
          segments: [{ text: "ab\u4f60😀", unitsUsed: 5, unitsLeft: 65 }],
          forcingCharacters: [
            { character: "\u4f60", offset: 2 },
            { character: "😀", offset: 3 },
          ],
        },
      },
    ]);
  });

  it("P30 plans for each kind of gateway as sending does, and tells who cannot be reached", async () => {
    const content = { $case: "text", value: "a".repeat(306) } as const;
    const recipients = ["+38640123456", "+442083661177", "+33612345678", "+38640999999"];
    const preview = await clients.sms.previewSms({ message: { content, sender: "ACME", recipients } });
    expect(preview.plans.map(({ plan, recipients: users }) => [plan?.segments.length, users])).toEqual([
      [2, ["+38640123456", "+38640999999"]],
      [3, ["+442083661177"]],
    ]);
    expect(preview.rejectedRecipients).toMatchObject([
      { recipient: "+33612345678", statusCode: SmsStatusCode.SMS_STATUS_CODE_NO_ROUTE },
    ]);
    const sent = await clients.sms.sendSms({ sender: "ACME", recipients, content });
    expect(sent.outcomes.map((outcome) => outcome.segmentCount)).toEqual([2, 3, 0, 2]);
    const south = await clients.sms.previewSms({ message: { content }, gatewayId: "south" });
    expect(south.plans[0]?.plan).toMatchObject({ concatenation: Concatenation.CONCATENATION_UDH16 });
  });

  it("shows an account no gateway that is kept from it, and operators every one", async () => {
    const kept = await startRpcWorld({ routes: { north: { rules: { accounts: ["shop"] } } } });
    try {
      const message = { content: { $case: "text", value: "Hello" } } as const;
      const request = { message, gatewayId: "north" };
      using shop = connectClients(kept.address, SHOP_KEY);
      using other = connectClients(kept.address, OTHER_KEY);
      using operator = connectClients(kept.address, OPERATOR_KEY);
      expect((await shop.sms.previewSms(request)).plans).toHaveLength(1);
      expect((await operator.sms.previewSms(request)).plans).toHaveLength(1);
      const failure = await failureOf((options) => other.sms.previewSms(request, options));
      expect(failure.info.reason).toBe("UNKNOWN_GATEWAY");
    } finally {
      await kept.stop();
    }
  });

  it("refuses the faults of a message as sending does, at its place, and what only sending has", async () => {
    const message = { ...good, recipients: ["1"], sender: "!", requestId: "r", maxSegments: -1 };
    const failure = await failureOf((options) =>
      clients.sms.previewSms({ message, gatewayId: "north" }, options),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "message.sender",
      "message.recipients[0]",
      "message.request_id",
      "message.max_segments",
      "gateway_id",
    ]);
    const empty = await failureOf((options) => clients.sms.previewSms({}, options));
    expect(empty.violations).toMatchObject([{ field: "message", reason: "PARAMETER_MISSING" }]);
  });

  it("refuses what cannot be planned", async () => {
    const content = { $case: "text", value: "a".repeat(200) } as const;
    const failures = [
      await failureOf((options) => clients.sms.previewSms({ message: { content, maxSegments: 1 } }, options)),
      await failureOf((options) =>
        clients.sms.previewSms({ message: { content }, gatewayId: "west" }, options),
      ),
      await failureOf((options) =>
        clients.sms.previewSms(
          { message: { content, recipients: good.recipients, sender: "A" }, gatewayId: "south" },
          options,
        ),
      ),
      await failureOf((options) =>
        clients.sms.previewSms({ message: { content, recipients: good.recipients } }, options),
      ),
    ];
    expect(failures.map(({ info }) => info.reason)).toEqual([
      "MAX_SMS_PER_MESSAGE_EXCEEDED",
      "UNKNOWN_GATEWAY",
      "INVALID_PARAMETER",
      "PARAMETER_MISSING",
    ]);
  });
});
