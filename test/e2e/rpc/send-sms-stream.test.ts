import { Status } from "nice-grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import type {
  SendSmsStreamRequest,
  SendSmsStreamResponse,
} from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

type Request =
  NonNullable<Parameters<RpcClients["sms"]["sendSmsStream"]>[0]> extends AsyncIterable<infer R> ? R : never;

const requestOf = (
  requestId: string,
  more: Partial<NonNullable<SendSmsStreamRequest["request"]>> = {},
): Request => ({
  request: {
    sender: "ACME",
    recipients: ["+38640123456"],
    content: { $case: "text", value: "hello" },
    requestId,
    ...more,
  },
});

/** Calls of the store that a test holds back, in order. */
let held: (() => void)[] = [];
let isHolding = false;
let world: RpcWorld;
let clients: RpcClients;
beforeEach(async () => {
  world = await startRpcWorld({
    wrapStore: (store) => ({
      ...store,
      async accept(entries) {
        if (isHolding) await new Promise<void>((resolve) => held.push(resolve));
        return store.accept(entries);
      },
    }),
  });
  clients = connectClients(world.address, SHOP_KEY);
});
afterEach(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

async function* listOf(requests: readonly Request[]): AsyncGenerator<Request> {
  yield* requests;
}

async function collect(stream: AsyncIterable<SendSmsStreamResponse>): Promise<SendSmsStreamResponse[]> {
  const answers: SendSmsStreamResponse[] = [];
  for await (const answer of stream) answers.push(answer);
  return answers;
}

describe("SendSmsStream", () => {
  it("answers each request in order, and a refused one does not end the stream", async () => {
    const requests = [
      requestOf("s-1"),
      requestOf("s-2", { sender: "!", recipients: ["12"] }),
      requestOf(""),
      {},
      requestOf("s-3", { waitFor: WaitFor.WAIT_FOR_GATEWAY }),
      requestOf("s-4"),
      requestOf("s-1"),
    ];
    const answers = await collect(clients.sms.sendSmsStream(listOf(requests)));
    expect(answers.map(({ requestId, outcome }) => [requestId, outcome?.$case])).toEqual([
      ["s-1", "response"],
      ["s-2", "failure"],
      ["", "failure"],
      ["", "failure"],
      ["s-3", "failure"],
      ["s-4", "response"],
      ["s-1", "response"],
    ]);
    expect(answers[1]?.outcome?.value).toMatchObject({
      statusCode: SmsStatusCode.SMS_STATUS_CODE_INVALID_SENDER,
      grpcCode: Status.INVALID_ARGUMENT,
      violations: [{ field: "sender" }, { field: "recipients[0]" }],
      violationCount: 2,
      metadata: { status_code: "4003", violation_count: "2" },
    });
    expect(answers[2]?.outcome?.value).toMatchObject({
      statusCode: SmsStatusCode.SMS_STATUS_CODE_PARAMETER_MISSING,
      violations: [{ field: "request_id", reason: "PARAMETER_MISSING" }],
    });
    expect(answers[3]?.outcome?.value).toMatchObject({ violations: [{ field: "request" }] });
    expect(answers[6]?.outcome?.value).toMatchObject({ replayed: true });
  });

  it("P42 answers a request that came by SendSms before", async () => {
    const { request } = requestOf("mine");
    const unary = await clients.sms.sendSms(request ?? {});
    const [streamed] = await collect(clients.sms.sendSmsStream(listOf([requestOf("mine")])));
    expect(streamed?.outcome?.value).toMatchObject({ messageId: unary.messageId, replayed: true });
  });

  it("P42 lets a caller whose stream broke fall back to SendSms, and sends once", async () => {
    const [streamed] = await collect(clients.sms.sendSmsStream(listOf([requestOf("broke")])));
    const { request } = requestOf("broke");
    const again = await clients.sms.sendSms(request ?? {});
    expect(streamed?.outcome?.value).toMatchObject({ messageId: again.messageId, replayed: false });
    expect(again.replayed).toBe(true);
    const other = { ...request, allowPartial: true };
    const failure = await failureOf((options) => clients.sms.sendSms(other, options));
    expect(failure.info).toMatchObject({ reason: "REQUEST_ID_REUSED" });
  });

  it("tells the delay in a refusal for overload", async () => {
    world.admission = { kind: "overloaded", retryAfterMs: 5_000, limit: "backlog" };
    const [answer] = await collect(clients.sms.sendSmsStream(listOf([requestOf("later")])));
    world.admission = { kind: "open" };
    expect(answer?.outcome?.value).toMatchObject({
      statusCode: SmsStatusCode.SMS_STATUS_CODE_OVERLOADED,
      grpcCode: Status.RESOURCE_EXHAUSTED,
      retryDelay: { seconds: 5n, nanos: 0 },
    });
  });

  it("P23 stops reading at 256 unanswered requests, and goes on as they are answered", async () => {
    isHolding = true;
    held = [];
    const requests = Array.from({ length: 600 }, (_, index) => requestOf(`many-${index}`));
    const answers = collect(clients.sms.sendSmsStream(listOf(requests)));
    while (held.length < 256) await clients.sms.listSms({ pageSize: 1 });
    for (let count = 0; count < 20; count++) await clients.sms.listSms({ pageSize: 1 });
    expect(held).toHaveLength(256);
    isHolding = false;
    // The last first: answers still come in the order of the requests.
    for (const release of held.reverse()) release();
    expect((await answers).map(({ requestId }) => requestId)).toEqual(
      requests.map(({ request }) => request?.requestId),
    );
  });

  it("P40 answers what it has read when the service stops, then ends with UNAVAILABLE", async () => {
    isHolding = true;
    held = [];
    const answers: SendSmsStreamResponse[] = [];
    async function* endless() {
      yield requestOf("last-1");
      yield requestOf("last-2");
      await new Promise(() => {});
    }
    const ended = failureOf(async (options) => {
      for await (const answer of clients.sms.sendSmsStream(endless(), options)) answers.push(answer);
    });
    while (held.length < 2) await clients.sms.listSms({ pageSize: 1 });
    const stopped = world.server.stop(60_000);
    isHolding = false;
    for (const release of held) release();
    expect((await ended).code).toBe(Status.UNAVAILABLE);
    expect(answers.map(({ outcome }) => outcome?.$case)).toEqual(["response", "response"]);
    await stopped;
  });

  it("P40 never ends well when the service stops before all requests are read", async () => {
    isHolding = true;
    held = [];
    const requests = Array.from({ length: 400 }, (_, index) => requestOf(`cut-${index}`));
    const answers: SendSmsStreamResponse[] = [];
    const ended = failureOf(async (options) => {
      for await (const answer of clients.sms.sendSmsStream(listOf(requests), options)) answers.push(answer);
    });
    while (held.length < 256) await clients.sms.listSms({ pageSize: 1 });
    const stopped = world.server.stop(60_000);
    isHolding = false;
    for (const release of held) release();
    expect((await ended).code).toBe(Status.UNAVAILABLE);
    expect(answers.length).toBeGreaterThanOrEqual(256);
    expect(answers.length).toBeLessThan(400);
    await stopped;
  });
});
