import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SmsError } from "../../../src/domain/errors.ts";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { Encoding, type Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest, WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import { SendSmsResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { callBare } from "../../support/bare-http2.ts";
import { routeOf } from "../../support/dispatch-world.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { createMemoryGateway, refused } from "../../support/memory-gateway.ts";
import { callRaw, connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const text = { $case: "text", value: "Your code is 1234" } as const;
const good = { sender: "ACME", recipients: ["+38640123456"], content: text };
const never = new Promise<never>(() => {});
const overloaded = { kind: "overloaded", retryAfterMs: 1_000, limit: "backlog" } as const;

const routes = { north: { rules: { countries: { deny: ["FR"] } } } };
let world: RpcWorld;
let clients: RpcClients;
beforeAll(async () => {
  const north = createMemoryGateway("north");
  world = await startRpcWorld({ gateways: [north], routes });
  clients = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

describe("SendSms", () => {
  it("answers 2001 with an id and one outcome, and the message is in the store", async () => {
    const answer = await clients.sms.sendSms(good);
    expect(answer.statusCode).toBe(SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED);
    expect(answer.outcomes).toMatchObject([
      {
        recipient: "+38640123456",
        statusCode: SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED,
        deliveryId: `${answer.messageId}.0000`,
        state: DeliveryState.DELIVERY_STATE_QUEUED,
        encoding: Encoding.ENCODING_GSM7,
        segmentCount: 1,
      },
    ]);
    expect(answer.totalSegmentCount).toBe(1);
    expect(Number(answer.expireTime) - Number(answer.acceptTime)).toBe(86_400_000);
    const status = await clients.sms.getStatus({ messageId: answer.messageId });
    expect(status.sms?.deliveryCount).toBe(1);
  });

  it("joins equal recipients into one delivery, and gives each index its outcome", async () => {
    const recipients = ["+38640123456", "+38640999999", "+38640123456"];
    const answer = await clients.sms.sendSms({ ...good, recipients });
    const ids = answer.outcomes.map((outcome) => outcome.deliveryId);
    expect(ids).toEqual([`${answer.messageId}.0000`, `${answer.messageId}.0001`, `${answer.messageId}.0000`]);
    expect(answer.totalSegmentCount).toBe(2);
  });

  it("takes 500 recipients with a text of five segments", async () => {
    const recipients = Array.from({ length: 500 }, (_, index) => `+3864${String(1_000_000 + index)}`);
    const answer = await clients.sms.sendSms({
      ...good,
      recipients,
      content: { $case: "text", value: "a".repeat(153 * 4 + 1) },
    });
    expect(answer.outcomes).toHaveLength(500);
    expect(answer.totalSegmentCount).toBe(2_500);
  });

  it("stores nothing in a dry run, and answers what would happen", async () => {
    const before = await clients.sms.listSms({ clientReference: "dry" });
    const answer = await clients.sms.sendSms({ ...good, clientReference: "dry", dryRun: true });
    expect(answer).toMatchObject({ messageId: "", totalSegmentCount: 1 });
    expect(answer.outcomes[0]).toMatchObject({ deliveryId: "", segmentCount: 1 });
    const after = await clients.sms.listSms({ clientReference: "dry" });
    expect([before.sms, after.sms]).toEqual([[], []]);
  });
});

describe("SendSms, deadline", () => {
  it.each(["597H", "99999999H", "3000000000m", "9999999999999S"])(
    "P55 takes %s for a far deadline, not for one that is over",
    async (timeout) => {
      const requests = Array.from({ length: 5 }, () =>
        callBare(
          world.port,
          "/smsrelay.v1.SmsService/SendSms",
          SendSmsRequest.encode(
            SendSmsRequest.fromPartial({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY }),
          ).finish(),
          { key: SHOP_KEY, maxHeaderListSize: 16_384, headers: { "grpc-timeout": timeout } },
        ),
      );
      for (const { trailers } of await Promise.all(requests)) expect(trailers?.["grpc-status"]).toBe("0");
    },
  );
});

describe("SendSms, form", () => {
  it("tells three faults at once, in field order, under the code of the first", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms(
        { sender: "!", recipients: ["123"], content: { $case: "text", value: "" } },
        options,
      ),
    );
    expect(failure.code).toBe(Status.INVALID_ARGUMENT);
    expect(failure.info).toMatchObject({ reason: "INVALID_SENDER", domain: "sms-relay" });
    expect(failure.info.metadata).toEqual({ status_code: "4003", violation_count: "3" });
    expect(failure.violations.map(({ field, reason }) => [field, reason])).toEqual([
      ["sender", "INVALID_SENDER"],
      ["recipients[0]", "INVALID_RECIPIENT"],
      ["text", "INVALID_TEXT"],
    ]);
  });

  it("tells everything that is missing in an empty request", async () => {
    const failure = await failureOf((options) => clients.sms.sendSms({}, options));
    expect(failure.info.reason).toBe("PARAMETER_MISSING");
    expect(failure.violations.map(({ field }) => field)).toEqual(["sender", "recipients", "content"]);
  });

  it("refuses unknown enum values, each with its code", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms(
        {
          ...good,
          lane: 99 as Lane,
          encoding: 99 as Encoding,
          duplicatePolicy: 99 as 1,
          waitFor: 99 as WaitFor,
        },
        options,
      ),
    );
    expect(failure.violations.map(({ field, reason }) => [field, reason])).toEqual([
      ["lane", "INVALID_MESSAGE_PRIORITY"],
      ["encoding", "INVALID_MESSAGE_TYPE"],
      ["duplicate_policy", "INVALID_PARAMETER"],
      ["wait_for", "INVALID_PARAMETER"],
    ]);
  });

  it.each([
    ["negative", { seconds: -60n, nanos: 0 }],
    ["too short", { seconds: 59n, nanos: 999_999_999 }],
    ["too long", { seconds: 259_200n, nanos: 1 }],
    ["of two signs", { seconds: 120n, nanos: -1 }],
    ["beyond all durations", { seconds: 1n << 60n, nanos: 0 }],
  ])("refuses a validity that is %s", async (_, value) => {
    const expiration = { $case: "validity", value } as const;
    const failure = await failureOf((options) => clients.sms.sendSms({ ...good, expiration }, options));
    expect(failure.violations).toMatchObject([{ field: "validity", reason: "INVALID_VALIDITY_PERIODE" }]);
  });

  it("P41 refuses U+FFFD wherever a text is stored", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms(
        {
          sender: "AC\ufffdME",
          recipients: good.recipients,
          content: { $case: "text", value: "a\ufffdb" },
          clientReference: "\ufffd",
          metadata: { key: "\ufffd" },
        },
        options,
      ),
    );
    expect(failure.violations.map(({ field, reason }) => [field, reason])).toEqual([
      ["sender", "INVALID_SENDER"],
      ["text", "INVALID_TEXT"],
      ["client_reference", "INVALID_MESSAGE_ID"],
      ["metadata", "INVALID_PARAMETER"],
    ]);
  });

  it("refuses more than 1,000 recipients and metadata beyond its bounds", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms(
        {
          ...good,
          recipients: Array.from({ length: 1_001 }, () => "+38640123456"),
          metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}!`, "v".repeat(100)])),
        },
        options,
      ),
    );
    expect(failure.info.metadata["status_code"]).toBe("4025");
    expect(failure.code).toBe(Status.INVALID_ARGUMENT);
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "recipients",
      "metadata",
      "metadata",
      "metadata",
    ]);
  });

  it("refuses a broken user data header and one that numbers parts", async () => {
    for (const udh of [Buffer.from([0x05, 0x04, 0x15]), Buffer.from([0x00, 0x03, 1, 2, 1])]) {
      const content = { $case: "binary", value: { data: Buffer.from([1]), udh } } as const;
      const failure = await failureOf((options) => clients.sms.sendSms({ ...good, content }, options));
      expect(failure.violations).toMatchObject([{ field: "binary.udh", reason: "INVALID_MESSAGE_SEGMENT" }]);
    }
  });

  it("leaves malformed recipients out where that is allowed", async () => {
    const answer = await clients.sms.sendSms({
      ...good,
      recipients: ["123", "+38640123456"],
      allowPartial: true,
    });
    expect(answer.outcomes).toMatchObject([
      {
        recipient: "123",
        statusCode: SmsStatusCode.SMS_STATUS_CODE_INVALID_RECIPIENT,
        deliveryId: "",
        state: 0,
      },
      { statusCode: SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED, deliveryId: `${answer.messageId}.0000` },
    ]);
    const failure = await failureOf((options) =>
      clients.sms.sendSms({ ...good, recipients: ["1", "2"], allowPartial: true }, options),
    );
    expect(failure.violations).toHaveLength(2);
  });

  it("says that a text needs too many segments", async () => {
    const content = { $case: "text", value: "a".repeat(161) } as const;
    const failure = await failureOf((options) =>
      clients.sms.sendSms({ ...good, content, maxSegments: 1 }, options),
    );
    expect(failure.info).toMatchObject({ reason: "MAX_SMS_PER_MESSAGE_EXCEEDED" });
    expect(failure.violations).toMatchObject([
      { field: "text", description: "needs 2 segments; max_segments allows 1" },
    ]);
  });

  it("says as the preview does where a text does not fit the demanded encoding, without its characters", async () => {
    const content = { $case: "text", value: "ab\u4f60😀" } as const;
    const request = { ...good, content, encoding: Encoding.ENCODING_GSM7 };
    const { sender, recipients } = request;
    const failures = [
      await failureOf((options) => clients.sms.sendSms(request, options)),
      await failureOf((options) =>
        clients.sms.previewSms(
          { message: { content, encoding: request.encoding, sender, recipients } },
          options,
        ),
      ),
      await failureOf((options) =>
        clients.sms.previewSms({ message: { content, encoding: request.encoding } }, options),
      ),
    ];
    const places = ["", "message.", "message."];
    for (const [index, { code, info, violations }] of failures.entries()) {
      expect(code).toBe(Status.INVALID_ARGUMENT);
      expect(info).toMatchObject({ reason: "INVALID_MESSAGE_TYPE" });
      expect(violations).toMatchObject([
        {
          field: `${places[index]}encoding`,
          reason: "INVALID_MESSAGE_TYPE",
          description: "2 characters do not fit the 7-bit alphabet; first at UTF-16 offset 2",
        },
      ]);
    }
  });

  it("tells the limit on recipients", async () => {
    const recipients = Array.from({ length: 1_001 }, (_, index) => `+3864012${1_000 + index}`);
    const failure = await failureOf((options) => clients.sms.sendSms({ ...good, recipients }, options));
    expect(failure.code).toBe(Status.INVALID_ARGUMENT);
    expect(failure.info.reason).toBe("THROTTLING_TOO_MANY_RECIPIENTS");
    expect(failure.violations).toMatchObject([
      { field: "recipients", description: "at most 1000 recipients are allowed" },
    ]);
  });

  it("takes as much binary content as 255 segments carry, and no octet more", async () => {
    const binary = (octets: number) =>
      ({ $case: "binary", value: { data: Buffer.alloc(octets, 1), udh: Buffer.alloc(0) } }) as const;
    const request = { ...good, dryRun: true, maxSegments: 255 };
    const whole = await clients.sms.sendSms({ ...request, content: binary(34_170) });
    expect(whole.totalSegmentCount).toBe(255);
    const longer = await failureOf((options) =>
      clients.sms.sendSms({ ...request, content: binary(34_171) }, options),
    );
    expect(longer.violations).toMatchObject([{ field: "binary.data", reason: "INVALID_MESSAGE_SEGMENT" }]);
    const limited = await failureOf((options) =>
      clients.sms.sendSms({ ...request, maxSegments: 2, content: binary(300) }, options),
    );
    expect(limited.violations).toMatchObject([
      { field: "binary", description: "needs 3 segments; max_segments allows 2" },
    ]);
  });
});

describe("SendSms, policy", () => {
  it("rejects recipients without a route one by one, each with a final report", async () => {
    const answer = await clients.sms.sendSms({
      ...good,
      recipients: ["+33612345678", "+38640123456"],
      clientReference: "one by one",
    });
    expect(answer.outcomes).toMatchObject([
      { statusCode: SmsStatusCode.SMS_STATUS_CODE_NO_ROUTE, state: DeliveryState.DELIVERY_STATE_REJECTED },
      { statusCode: SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED },
    ]);
    const stream = clients.sms.streamDeliveryReports({
      start: { initialStart: InitialStart.INITIAL_START_EARLIEST },
      clientReference: "one by one",
      states: [DeliveryState.DELIVERY_STATE_REJECTED],
    });
    for await (const { reports } of stream) {
      if (reports.length === 0) continue;
      expect(reports).toMatchObject([
        { recipient: "+33612345678", statusCode: SmsStatusCode.SMS_STATUS_CODE_NO_ROUTE },
      ]);
      break;
    }
  });

  it("fails when no recipient is left, and stores nothing", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms({ ...good, recipients: ["+33612345678"], clientReference: "none left" }, options),
    );
    expect(failure.code).toBe(Status.FAILED_PRECONDITION);
    expect(failure.info.reason).toBe("NO_ROUTE");
    expect((await clients.sms.listSms({ clientReference: "none left" })).sms).toEqual([]);
  });

  it("P23 refuses new work with RetryInfo and QuotaFailure while it is overloaded", async () => {
    world.admission = { kind: "overloaded", retryAfterMs: 2_500, limit: "disk" };
    const failure = await failureOf((options) => clients.sms.sendSms(good, options));
    world.admission = { kind: "stopping" };
    const stopping = await failureOf((options) => clients.sms.sendSms(good, options));
    world.admission = { kind: "open" };
    expect(failure.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(failure.info).toMatchObject({ reason: "OVERLOADED", metadata: { status_code: "5002" } });
    expect(failure.retry?.retryDelay).toEqual({ seconds: 2n, nanos: 500_000_000 });
    expect(failure.quota?.violations).toHaveLength(1);
    expect(stopping.code).toBe(Status.UNAVAILABLE);
  });
});

describe("SendSms, request_id", () => {
  it("P42 answers the same request with the first one's ids and current states", async () => {
    const request = { ...good, requestId: "twice", metadata: { b: "2", a: "1" } };
    const first = await clients.sms.sendSms({ ...request, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    const again = await clients.sms.sendSms({ ...request, metadata: { a: "1", b: "2" } });
    expect(again).toMatchObject({ messageId: first.messageId, replayed: true, totalSegmentCount: 1 });
    expect(again.outcomes).toMatchObject([{ state: DeliveryState.DELIVERY_STATE_SUBMITTED }]);
    expect([again.acceptTime, again.expireTime]).toEqual([first.acceptTime, first.expireTime]);
  });

  it("P42 refuses another request under the same id", async () => {
    await clients.sms.sendSms({ ...good, requestId: "other" });
    const failure = await failureOf((options) =>
      clients.sms.sendSms({ ...good, requestId: "other", maxSegments: 2 }, options),
    );
    expect(failure.code).toBe(Status.ALREADY_EXISTS);
    expect(failure.info.reason).toBe("REQUEST_ID_REUSED");
  });

  it.each([
    ["the route is gone", (): void => world.dispatcher.reload(new Map(), [])],
    ["too much waits", (): void => void (world.admission = overloaded)],
  ] as const)("P42 answers a known request id also where %s, and refuses others", async (when, change) => {
    const request = { ...good, requestId: `state: ${when}` };
    const first = await clients.sms.sendSms(request);
    const gateways = new Map(world.gateways.map((gateway) => [gateway.id, gateway]));
    try {
      change();
      expect(await clients.sms.sendSms(request)).toMatchObject({
        messageId: first.messageId,
        replayed: true,
      });
      const failures = [
        await failureOf((options) => clients.sms.sendSms({ ...request, requestId: "new" }, options)),
        await failureOf((options) => clients.sms.sendSms({ ...request, premium: true }, options)),
        await failureOf((options) => clients.sms.sendSms({ ...request, sender: "" }, options)),
      ];
      expect(failures.map(({ info }) => info.reason)).toEqual([
        expect.stringMatching(/NO_ROUTE|OVERLOADED/),
        "REQUEST_ID_REUSED",
        "PARAMETER_MISSING",
      ]);
    } finally {
      world.admission = { kind: "open" };
      world.dispatcher.reload(gateways, [routeOf(world.gateways[0] ?? expect.fail(), 0, routes.north)]);
    }
  });

  it("P42 makes one message of one id that comes by a call and by a stream, in either order", async () => {
    for (const order of ["call first", "stream first"]) {
      const request = { ...good, requestId: order, lane: 3 as Lane };
      const call = () => clients.sms.sendSms(request);
      const stream = async () => {
        const requests = async function* () {
          yield { request };
        };
        for await (const { outcome } of clients.sms.sendSmsStream(requests()))
          if (outcome?.$case === "response") return outcome.value;
        return expect.fail("no answer");
      };
      const answers: SendSmsResponse[] = [];
      for (const send of order === "call first" ? [call, stream] : [stream, call]) answers.push(await send());
      expect(answers.map(({ replayed }) => replayed)).toEqual([false, true]);
      expect(answers[1]?.messageId).toBe(answers[0]?.messageId);
    }
  });

  it("P42 tells requests apart that differ in a malformed recipient or in allow_partial alone", async () => {
    const request = { ...good, recipients: ["x", "+38640123456"], allowPartial: true, requestId: "partial" };
    await clients.sms.sendSms(request);
    const other = { ...request, recipients: ["y", "+38640123456"] };
    const failure = await failureOf((options) => clients.sms.sendSms(other, options));
    expect(failure.info.reason).toBe("REQUEST_ID_REUSED");
  });

  it("P42 makes one message of twins that come at the same time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => clients.sms.sendSms({ ...good, requestId: "twins" })),
    );
    expect(new Set(answers.map((answer) => answer.messageId)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
  });

  it("keeps ids of accounts apart, and answers a repeated partial request as the first time", async () => {
    using others = connectClients(world.address, OTHER_KEY);
    const request = { ...good, recipients: ["x", "+38640123456"], allowPartial: true, requestId: "mine" };
    const mine = await clients.sms.sendSms(request);
    const theirs = await others.sms.sendSms(request);
    const again = await clients.sms.sendSms(request);
    expect(theirs.messageId).not.toBe(mine.messageId);
    expect(again.messageId).toBe(mine.messageId);
    expect(again.outcomes.map(({ deliveryId }) => deliveryId)).toEqual(["", `${mine.messageId}.0000`]);
  });
});

describe("SendSms, wait_for GATEWAY", () => {
  it("answers 2000 when every delivery was submitted", async () => {
    const answer = await clients.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    expect(answer.statusCode).toBe(SmsStatusCode.SMS_STATUS_CODE_OK);
    expect(answer.outcomes).toMatchObject([
      { statusCode: SmsStatusCode.SMS_STATUS_CODE_OK, state: DeliveryState.DELIVERY_STATE_SUBMITTED },
    ]);
  });

  it("answers 5001 as FAILED_PRECONDITION with the id when every delivery was refused", async () => {
    const [gateway] = world.gateways;
    if (gateway === undefined) throw new Error("no gateway");
    const { script } = gateway;
    gateway.script = (submission) => submission.partNumbers.map((number) => refused(number, "recipient"));
    const failure = await failureOf((options) =>
      clients.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY }, options),
    );
    gateway.script = script;
    expect(failure.code).toBe(Status.FAILED_PRECONDITION);
    expect(failure.info).toMatchObject({ reason: "ALL_GATEWAYS_FAILED", metadata: { status_code: "5001" } });
    const messageId = failure.info.metadata["message_id"] ?? "";
    const status = await clients.sms.getStatus({ messageId });
    expect(status.deliveries).toMatchObject([{ state: DeliveryState.DELIVERY_STATE_REJECTED }]);
  });

  it("answers what was accepted where the store is away, or too slow, once the message is stored", async () => {
    for (const fault of ["away", "slow"] as const) {
      let isStored = false;
      const faulty = await startRpcWorld({
        wrapStore: (store) => ({
          ...store,
          async accept(entries) {
            const outcomes = await store.accept(entries);
            isStored = true;
            return outcomes;
          },
          readStatus: () => (fault === "away" ? Promise.reject(new SmsError("SERVICE_UNAVAILABLE")) : never),
          readStates: () => Promise.reject(new SmsError("SERVICE_UNAVAILABLE")),
        }),
      });
      try {
        using caller = connectClients(faulty.address, SHOP_KEY);
        const answer = await caller.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY });
        expect(isStored).toBe(true);
        expect(answer).toMatchObject({
          statusCode: SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED,
          replayed: false,
          outcomes: [
            {
              deliveryId: `${answer.messageId}.0000`,
              state: DeliveryState.DELIVERY_STATE_QUEUED,
            },
          ],
        });
      } finally {
        await faulty.stop();
      }
    }
  });

  it("answers all who wait when the service begins to stop", async () => {
    const silent = createMemoryGateway("north");
    silent.script = () => never;
    // No wait ends by the time that passes.
    const clock = createFakeClock(Date.now());
    const stopping = await startRpcWorld({ gateways: [silent], clock });
    using caller = connectClients(stopping.address, SHOP_KEY);
    const request = { ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY };
    const answers = Promise.all(
      Array.from({ length: 5 }, (_, index) => caller.sms.sendSms({ ...request, requestId: `r${index}` })),
    );
    const twin = async () => {
      while ((await caller.sms.listSms({})).sms.length < 5) await new Promise((wait) => setTimeout(wait, 5));
      return caller.sms.sendSms({ ...request, requestId: "r0" });
    };
    const replayed = twin();
    while ((await caller.sms.listSms({})).sms.length < 5) await new Promise((wait) => setTimeout(wait, 5));
    await expect.poll(() => stopping.metrics.replayedRequests.value()).toBe(1);
    const stopped = stopping.stop(120_000);
    for (const { statusCode } of [...(await answers), await replayed])
      expect(statusCode).toBe(SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED);
    await passTimeUntil(stopped, clock);
  });

  it("answers 2001 before the deadline, never DEADLINE_EXCEEDED", async () => {
    const silent = createMemoryGateway("north");
    silent.script = () => never;
    const clock = createFakeClock(Date.now());
    const waiting = await startRpcWorld({ gateways: [silent], clock });
    const request = SendSmsRequest.encode(
      SendSmsRequest.fromPartial({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY }),
    ).finish();
    const deadlineMs = 20_000;
    const calledMs = Date.now();
    const call = callRaw(waiting.address, "/smsrelay.v1.SmsService/SendSms", request, {
      key: SHOP_KEY,
      deadlineMs,
    });
    await silent.arrivals.next();
    // For the service there is hardly any time left; for the caller there is, however busy the machine.
    clock.advance(calledMs + deadlineMs - 200 - clock.now());
    const raw = await call;
    await passTimeUntil(waiting.stop(), clock);
    expect(raw.code).toBe(Status.OK);
    const answer = SendSmsResponse.decode(raw.octets ?? Buffer.alloc(0));
    expect(answer.statusCode).toBe(SmsStatusCode.SMS_STATUS_CODE_OK_QUEUED);
    expect(answer.outcomes).toMatchObject([{ state: DeliveryState.DELIVERY_STATE_QUEUED }]);
  });
});

/** Stopping waits a while for what is under way. */
async function passTimeUntil(over: Promise<void>, clock: FakeClock): Promise<void> {
  let isOver = false;
  const noted = over.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await noted;
}
