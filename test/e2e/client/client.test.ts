/** The client that ships as `sms-relay/client`, against a real service, with a wire between that loses answers. */
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ChannelCredentials,
  ClientError,
  connect,
  detailsOf,
  followReports,
  InitialStart,
  leavesDoubt,
  SendOutcomeUnknown,
  type SmsRelayClient,
  Status,
  type StreamStart,
  sendSms,
} from "../../../src/client/client.ts";
import { type ServiceWorld, startServiceWorld, WORLD_KEY } from "../../support/service-world.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

let world: ServiceWorld;
let proxy: TcpProxy;
let client: SmsRelayClient;
beforeAll(async () => {
  world = await startServiceWorld();
  proxy = await startTcpProxy({ host: "127.0.0.1", port: Number(world.address.split(":")[1]) });
  client = connectThrough(proxy.port);
});
afterAll(async () => {
  client.close();
  await proxy.close();
  await world[Symbol.asyncDispose]();
});

function connectThrough(port: number, key = WORLD_KEY): SmsRelayClient {
  return connect({
    address: `127.0.0.1:${port}`,
    key,
    credentials: ChannelCredentials.createInsecure(),
    channelOptions: { "grpc.initial_reconnect_backoff_ms": 20, "grpc.max_reconnect_backoff_ms": 50 },
  });
}

const to = (recipient: string, text = "Hello") => ({
  sender: "ACME",
  recipients: [recipient],
  content: { $case: "text", value: text } as const,
});
const received = (recipient: string) =>
  world.smsc.received().filter(({ destination }) => `+${destination}` === recipient).length;
const thrown = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail("it was not refused"),
    (error: unknown) => error,
  );
/** Mends the wire as soon as somebody waits. */
const mending = async () => proxy.mend();

describe("the details of a failed call", () => {
  it("are the reason, the status code and each violation", async () => {
    const error = await thrown(client.sms.sendSms(to("123", "")));
    expect(error).toMatchObject({ code: Status.INVALID_ARGUMENT });
    expect(detailsOf(error)).toMatchObject({
      info: { reason: "INVALID_RECIPIENT", metadata: { violation_count: "2" } },
      statusCode: 4002,
      violations: [
        { field: "recipients[0]", reason: "INVALID_RECIPIENT" },
        { field: "text", reason: "INVALID_TEXT" },
      ],
      retryAfterSeconds: undefined,
    });
  });

  it("tell of a wrong key, of streams too", async () => {
    using stranger = connectThrough(proxy.port, "a-key-that-nobody-has-made-anywhere-0001");
    const reading = async () => {
      for await (const _ of stranger.sms.streamDeliveryReports({})) expect.fail("it was let in");
    };
    for (const error of [await thrown(stranger.sms.getStatus({ messageId: "x" })), await thrown(reading())]) {
      expect(detailsOf(error).statusCode).toBe(4001);
    }
  });

  it("are empty where what failed was no call, or no answer of the service", () => {
    const none = { info: undefined, statusCode: 0, violations: [], quotaViolations: [] };
    expect(detailsOf(new Error("something else"))).toMatchObject(none);
    expect(detailsOf(new ClientError("/a/b", Status.UNAVAILABLE, "away"))).toMatchObject(none);
  });
});

describe("sendSms", () => {
  it("sets a request_id and sends again where the answer was lost, and the handset gets one message", async () => {
    const recipient = "+4790000101";
    const lost = proxy.loseAnswerTo(recipient);
    const sending = sendSms(client, to(recipient), { pause: mending });
    await lost;
    const answer = await sending;
    expect(answer.replayed).toBe(true);
    await world.ended(answer);
    expect(received(recipient)).toBe(1);
  });

  it("leaves a request_id as it is", async () => {
    const request = { ...to("+4790000102"), requestId: "order-4711" };
    const first = await sendSms(client, request);
    const again = await sendSms(client, request);
    expect([again.replayed, again.messageId]).toEqual([true, first.messageId]);
  });

  it("says under which id to ask where nobody knows whether the message was accepted", async () => {
    const recipient = "+4790000103";
    const lost = proxy.loseAnswerTo(recipient);
    const stop = new AbortController();
    const error = await thrown(
      sendSms(client, to(recipient), { signal: stop.signal, pause: async () => stop.abort() }),
    );
    await lost;
    proxy.mend();
    if (!(error instanceof SendOutcomeUnknown)) return expect.fail(String(error));
    expect(error.cause).toMatchObject({ name: "AbortError" });
    const answer = await sendSms(client, { ...to(recipient), requestId: error.requestId });
    expect(answer.replayed).toBe(true);
  });

  it("ends in time where nobody is there, and then knows that nothing was accepted", async () => {
    using unheard = connectThrough(await portOfNobody());
    // Its pauses are counted, and take no time of the last try.
    const options = { timeoutMs: 8_000, pause: async () => {} };
    const error = await thrown(sendSms(unheard, to("+4790000104"), options));
    expect(error).toMatchObject({ code: Status.UNAVAILABLE });
    expect(leavesDoubt(error)).toBe(false);
  });

  it("throws a refusal as it came", async () => {
    expect(detailsOf(await thrown(sendSms(client, to("123")))).statusCode).toBe(4002);
  });
});

describe("gRPC's own retries", () => {
  it("repeat what may be repeated, behind a wire that lost its answer", async () => {
    const { messageId } = await sendSms(client, to("+4790000105"));
    const lost = proxy.loseAnswerTo(messageId);
    const asking = client.sms.getStatus({ messageId });
    await lost;
    proxy.mend();
    expect((await asking).sms?.messageId).toBe(messageId);
  });

  it("never repeat a SendSms", async () => {
    const recipient = "+4790000106";
    const lost = proxy.loseAnswerTo(recipient);
    const sending = thrown(client.sms.sendSms(to(recipient)));
    await lost;
    proxy.mend();
    expect(await sending).toMatchObject({ code: Status.UNAVAILABLE });
    const { sms } = await client.sms.listSms({});
    const ids = await Promise.all(
      sms.map(async ({ messageId }) => (await client.sms.getStatus({ messageId })).deliveries[0]?.recipient),
    );
    expect(ids.filter((each) => each === recipient)).toHaveLength(1);
  });
});

describe("a call's time", () => {
  it("ends it DEADLINE_EXCEEDED where no answer comes", async () => {
    const silent = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    using unheard = connectThrough((silent.address() as AddressInfo).port);
    const error = await thrown(unheard.sms.getStatus({ messageId: "x" }, { timeoutMs: 100 }));
    expect(error).toMatchObject({ name: "ClientError", code: Status.DEADLINE_EXCEEDED });
    expect(leavesDoubt(error)).toBe(true);
    silent.close();
  });
});

describe("followReports", () => {
  const { INITIAL_START_EARLIEST, INITIAL_START_UNSPECIFIED } = InitialStart;
  const starts: readonly (readonly [string, StreamStart])[] = [
    [
      "by a subscription",
      {
        position: { $case: "subscriptionId", value: "e2e-client" },
        initialStart: INITIAL_START_EARLIEST,
      },
    ],
    ["by its cursor", { position: undefined, initialStart: INITIAL_START_EARLIEST }],
    [
      "from a time",
      { position: { $case: "startTime", value: new Date(0) }, initialStart: INITIAL_START_UNSPECIFIED },
    ],
  ];

  it.each(starts)("goes on %s behind a cut, without a gap and without a double", async (_, start) => {
    const stop = new AbortController();
    let losses = 0;
    const numbers: bigint[] = [];
    const responses = followReports({
      client,
      request: { start },
      signal: stop.signal,
      onLost: () => losses++,
      pause: mending,
    });
    const lastOf = async (to: string) => (await world.ended(await world.send({ to }))).reportNumber;
    let wanted = await lastOf("+4790000108");
    for await (const { reports } of responses) {
      numbers.push(...reports.map(({ reportNumber }) => reportNumber));
      if ((numbers.at(-1) ?? 0n) < wanted) continue;
      if (losses === 1) break;
      proxy.cut();
      wanted = await lastOf("+4790000109");
    }
    expect(losses).toBe(1);
    expect(numbers).toEqual(numbers.map((_, index) => BigInt(index + 1)));
  });
});

async function portOfNobody(): Promise<number> {
  const nobody = await startTcpProxy({ host: "127.0.0.1", port: 1 });
  await nobody.close();
  return nobody.port;
}
