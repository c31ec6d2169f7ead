import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import fc from "fast-check";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BadRequest, ErrorInfo } from "../../../src/gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../../src/gen/google/rpc/status.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { SendSmsStreamResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { callBare } from "../../support/bare-http2.ts";
import { contractMethods } from "../../support/contract-methods.ts";
import { callRaw, connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const path = "/smsrelay.v1.SmsService/SendSms";
const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};
const encode = (request: Parameters<typeof SendSmsRequest.fromPartial>[0]) =>
  SendSmsRequest.encode(SendSmsRequest.fromPartial(request)).finish();

let world: RpcWorld;
let clients: RpcClients;
let isStoreBroken = false;
const logged: unknown[] = [];
const note = (fields: object) => void logged.push(fields);
beforeAll(async () => {
  world = await startRpcWorld({
    log: { ...silentLogger, error: note, often: { ...silentLogger.often, error: note } },
    listen: { maxRequestOctets: 256 * 1024 },
    wrapStore: (store) => ({
      ...store,
      accept: (entries) =>
        isStoreBroken ? Promise.reject(new TypeError("secret inner cause")) : store.accept(entries),
    }),
  });
  clients = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

describe("the trailers of a refusal", () => {
  const malformed = Array.from({ length: 1_000 }, (_, index) => `not a number ${index} ${"x".repeat(80)}`);
  const faulty = encode({ sender: "+386", recipients: malformed, metadata: { k: "v".repeat(1_100) } });

  it("stay under 6 KiB as sent with 1,000 malformed recipients, for a client that takes 8 KB", async () => {
    const options = { key: SHOP_KEY, maxHeaderListSize: 8 * 1024 };
    const { trailers, headerListOctets } = await callBare(world.port, path, faulty, options);
    expect(trailers?.["grpc-status"]).toBe("3");
    expect(headerListOctets).toBeLessThan(6 * 1024);
    const status = RpcStatus.decode(Buffer.from(trailers?.["grpc-status-details-bin"] ?? "", "base64"));
    const [info, bad] = status.details;
    const { metadata } = ErrorInfo.decode(info?.value ?? Buffer.alloc(0));
    // 1,000 recipients, the missing content, and the metadata's size.
    expect(metadata).toEqual({ status_code: "4002", violation_count: "1002" });
    const { fieldViolations } = BadRequest.decode(bad?.value ?? Buffer.alloc(0));
    expect(fieldViolations).toHaveLength(25);
    const sizes = fieldViolations.map(
      ({ field, reason, description }) => field.length + reason.length + description.length,
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(120);
    expect(JSON.stringify(fieldViolations)).not.toContain("not a number");
  });

  it("would not have reached a client that takes less than they are", async () => {
    const options = { key: SHOP_KEY, maxHeaderListSize: 1_024 };
    const { trailers } = await callBare(world.port, path, faulty, options);
    expect(trailers).toBeUndefined();
  });
});

describe("keys", () => {
  it("refuses calls without a key, with an unknown one, and with another scheme", async () => {
    for (const key of [undefined, "smsr_aaaaaaaaaaaa_unknown", "", "with space"]) {
      using strangers = connectClients(world.address, key);
      const failure = await failureOf((options) => strangers.sms.sendSms(good, options));
      expect(failure.code).toBe(Status.UNAUTHENTICATED);
      expect(failure.info).toMatchObject({
        reason: "INVALID_CREDENTIALS",
        metadata: { status_code: "4001" },
      });
    }
  });

  it("refuses operators' calls to accounts", async () => {
    const failures = [
      await failureOf((options) => clients.gateways.listGateways({}, options)),
      await failureOf((options) => clients.keys.listKeys({}, options)),
      await failureOf(async (options) => {
        for await (const _ of clients.maintenance.downloadBackup({}, options));
      }),
    ];
    for (const failure of failures) {
      expect(failure.code).toBe(Status.PERMISSION_DENIED);
      expect(failure.info.reason).toBe("ACCESS_DENIED");
    }
  });

  it("takes a new key at once, and refuses it at once after it was revoked", async () => {
    using operator = connectClients(world.address, OPERATOR_KEY);
    const { secret, apiKey } = await operator.keys.createKey({ accountId: "shop", displayName: "till" });
    using till = connectClients(world.address, secret);
    await till.sms.listSms({});
    await operator.keys.revokeKey({ keyId: apiKey?.keyId ?? "" });
    const failure = await failureOf((options) => till.sms.listSms({}, options));
    expect(failure.code).toBe(Status.UNAUTHENTICATED);
  });

  it("shows no account another's messages", async () => {
    const { messageId } = await clients.sms.sendSms(good);
    using others = connectClients(world.address, OTHER_KEY);
    for (const call of [others.sms.getStatus, others.sms.cancelSms]) {
      const failure = await failureOf((options) => call({ messageId }, options));
      expect(failure.code).toBe(Status.NOT_FOUND);
      expect(failure.info.reason).toBe("UNKNOWN_MESSAGE");
    }
    expect((await others.sms.listSms({})).sms).toEqual([]);
  });
});

describe("what the stack refuses", () => {
  it("answers RESOURCE_EXHAUSTED to a request beyond the size limit", async () => {
    const octets = encode({ ...good, content: { $case: "text", value: "a".repeat(300 * 1024) } });
    const answer = await callRaw(world.address, path, octets, { key: SHOP_KEY });
    expect(answer.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(answer.text).toMatch(/larger than max/);
  });

  it("answers UNIMPLEMENTED to a method that does not exist", async () => {
    for (const method of ["smsrelay.v1.SmsService/SendFax", "sms.v1.SmsService/SendSms"]) {
      const answer = await callRaw(world.address, `/${method}`, Buffer.alloc(0), { key: SHOP_KEY });
      expect(answer.code).toBe(Status.UNIMPLEMENTED);
    }
  });

  it("is all that broken octets meet: nothing fails inside", async () => {
    const whole = encode({
      ...good,
      requestId: "r",
      clientReference: "c",
      lane: 1,
      expiration: { $case: "validity", value: { seconds: 60n, nanos: 0 } },
      maxSegments: 3,
      metadata: { key: "value" },
      dryRun: true,
    });
    const refusals = [Status.OK, Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION, Status.ALREADY_EXISTS];
    const before = logged.length;
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const samples = fc.sample(fc.tuple(damage, fc.integer({ min: 1, max: whole.length })), 200);
    const answers = await Promise.all(
      samples.map(([changes, length]) => {
        const octets = Buffer.from(whole.subarray(0, length));
        for (const [at, value] of changes) if (at < length) octets[at] = value;
        return callRaw(world.address, path, octets, { key: SHOP_KEY });
      }),
    );
    for (const { code } of answers) expect(refusals).toContain(code);
    expect(logged.length).toBe(before);
  });

  it("refuses a time that no calendar has", async () => {
    // accept_time_from = 4 { seconds = 1 } of ListSmsRequest.
    const octets = new BinaryWriter()
      .uint32((4 << 3) | 2)
      .fork()
      .uint32(1 << 3)
      .int64(1n << 60n)
      .join()
      .finish();
    const answer = await callRaw(world.address, "/smsrelay.v1.SmsService/ListSms", octets, { key: SHOP_KEY });
    expect(answer.code).toBe(Status.INVALID_ARGUMENT);
  });

  it("P41 decodes invalid UTF-8 to U+FFFD, which is refused", async () => {
    const octets = Buffer.from(encode({ ...good, content: { $case: "text", value: "abcdef" } }));
    octets[octets.indexOf("abcdef")] = 0xff;
    const answer = await callRaw(world.address, path, octets, { key: SHOP_KEY });
    expect(answer.code).toBe(Status.INVALID_ARGUMENT);
  });
});

describe("requests that decoders would not take, or would take less of", () => {
  const reserved = new BinaryWriter()
    .uint32((18 << 3) | 2)
    .string("2030-01-01T00:00:00Z")
    .uint32(29 << 3)
    .uint32(1)
    .finish();
  const protoKey = new BinaryWriter()
    .uint32((17 << 3) | 2)
    .fork()
    .uint32(10)
    .string("__proto__")
    .uint32(18)
    .string("value")
    .join()
    .finish();

  async function detailsOf(octets: Uint8Array, { method = path, key = SHOP_KEY } = {}) {
    const { trailers } = await callBare(world.port, method, octets, {
      key,
      maxHeaderListSize: 8 * 1024,
    });
    const status = RpcStatus.decode(Buffer.from(trailers?.["grpc-status-details-bin"] ?? "", "base64"));
    const [info, bad] = status.details;
    return {
      code: status.code,
      reason: ErrorInfo.decode(info?.value ?? Buffer.alloc(0)).reason,
      violations: BadRequest.decode(bad?.value ?? Buffer.alloc(0)).fieldViolations,
    };
  }

  it("refuses octets that are no protobuf with details, and goes on serving", async () => {
    const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff]);
    expect(await detailsOf(garbage)).toMatchObject({
      code: Status.INVALID_ARGUMENT,
      reason: "INVALID_PARAMETER",
    });
    const stranger = await callRaw(world.address, path, garbage);
    expect(stranger.code).toBe(Status.UNAUTHENTICATED);
    await clients.sms.sendSms(good);
  });

  it("refuses reserved field numbers by their number, beside all other faults", async () => {
    const clientReference = "reserved";
    const octets = Buffer.concat([encode({ ...good, sender: "!", clientReference }), reserved]);
    expect(await detailsOf(octets)).toMatchObject({
      code: Status.INVALID_ARGUMENT,
      reason: "INVALID_SENDER",
      violations: [
        { field: "sender" },
        { field: "18", reason: "INVALID_PARAMETER" },
        { field: "29", reason: "INVALID_PARAMETER" },
      ],
    });
    const alone = Buffer.concat([encode({ ...good, clientReference }), reserved]);
    expect((await detailsOf(alone)).reason).toBe("INVALID_PARAMETER");
    expect((await clients.sms.listSms({ clientReference })).sms).toEqual([]);
  });

  it("refuses what a decoder would drop, wherever it stands, and stores nothing", async () => {
    const clientReference = "dropped";
    const whole = encode({
      ...good,
      clientReference,
      expiration: { $case: "validity", value: { seconds: 90n, nanos: 0 } },
    });
    const field = (number: number, wireType: number, value: readonly number[]) =>
      Buffer.concat([
        new BinaryWriter().uint32(((number << 3) | wireType) >>> 0).finish(),
        Buffer.from(value),
      ]);
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ["30", field(30, 0, [1])],
      ["2047", field(2_047, 2, [0])],
      ["536870911", field(536_870_911, 5, [0, 0, 0, 0])],
      ["validity.3", field(8, 2, [2, 0x18, 1])],
      ["binary.9", field(4, 2, [2, 0x48, 1])],
      ["metadata.3", field(17, 2, [2, 0x18, 1])],
      ["lane", field(7, 5, [3, 0, 0, 0])],
      ["max_segments", field(11, 2, [1, 3])],
      ["request", field(0, 0, [1])],
      ["request", Buffer.from([0x8a, 0x80, 0x80, 0x80, 0x10, 1, 0x41])],
      ["request", Buffer.from([(7 << 3) | 4])],
    ];
    for (const [name, octets] of cases) {
      const { code, violations } = await detailsOf(Buffer.concat([whole, octets]));
      expect(code).toBe(Status.INVALID_ARGUMENT);
      expect(violations.map((violation) => violation.field)).toContain(name);
    }
    expect((await clients.sms.listSms({ clientReference })).sms).toEqual([]);
  });

  it("refuses unknown fields in every request of the contract, those of calls that only read too", async () => {
    const unknown = new BinaryWriter()
      .uint32(2_047 << 3)
      .uint32(1)
      .finish();
    for (const { path: method } of contractMethods) {
      // On a stream of requests each is answered for itself.
      if (method.endsWith("/SendSmsStream")) continue;
      const { code, violations } = await detailsOf(unknown, { method, key: OPERATOR_KEY });
      expect(`${method} ${Status[code]}`).toBe(`${method} INVALID_ARGUMENT`);
      expect(violations.map(({ field }) => field)).toContain("2047");
    }
  });

  it("refuses them wherever a message stands that is only looked at", async () => {
    const unknown = new BinaryWriter()
      .uint32(20 << 3)
      .uint32(1)
      .finish();
    const within = (request: Uint8Array) =>
      new BinaryWriter()
        .uint32((1 << 3) | 2)
        .bytes(request)
        .finish();
    const fields = async (octets: Uint8Array, method: string, key = SHOP_KEY) =>
      (await detailsOf(octets, { method, key })).violations.map(({ field }) => field);
    const preview = "/smsrelay.v1.SmsService/PreviewSms";
    const inner = within(Buffer.concat([encode(good), unknown, protoKey]));
    expect(await fields(inner, preview)).toEqual(["message.metadata", "message.20"]);
    expect(await fields(inner, "/smsrelay.v1.GatewayService/ExplainRoute", OPERATOR_KEY)).toEqual([
      "message.metadata",
      "message.20",
    ]);
    expect(await fields(Buffer.concat([within(encode(good)), unknown]), preview)).toEqual(["20"]);
  });

  it("refuses a batch whole where one of its messages has them", async () => {
    const message = (request: Uint8Array) =>
      new BinaryWriter()
        .uint32((2 << 3) | 2)
        .bytes(request)
        .finish();
    const head = new BinaryWriter()
      .uint32((1 << 3) | 2)
      .string("strays")
      .finish();
    const clientReference = "strays";
    const one = { ...good, requestId: "", clientReference };
    const bad = Buffer.concat([encode(one), reserved, protoKey]);
    const octets = Buffer.concat([head, message(encode(one)), message(bad)]);
    const { code, violations } = await detailsOf(octets, { method: "/smsrelay.v1.SmsService/SendSmsBatch" });
    expect(code).toBe(Status.INVALID_ARGUMENT);
    expect(violations.map(({ field }) => field)).toEqual(["requests.metadata", "requests.18", "requests.29"]);
    expect((await clients.sms.listSms({ clientReference })).sms).toEqual([]);
  });

  it("refuses the metadata key __proto__, which would be lost", async () => {
    const octets = Buffer.concat([encode(good), protoKey]);
    expect((await detailsOf(octets)).violations).toMatchObject([
      { field: "metadata", reason: "INVALID_PARAMETER" },
    ]);
  });

  it("answers them in band on a stream, which goes on", async () => {
    const frame = (request: Uint8Array) =>
      new BinaryWriter()
        .uint32((1 << 3) | 2)
        .bytes(request)
        .finish();
    const requests = [
      frame(Buffer.concat([encode({ ...good, requestId: "wire-1" }), reserved])),
      Buffer.from([0x0a, 0xff, 0xff, 0xff]),
      frame(encode({ ...good, requestId: "wire-2" })),
    ];
    const answers = await streamRaw(world.address, requests, SHOP_KEY);
    expect(answers).toMatchObject([
      {
        requestId: "wire-1",
        outcome: { $case: "failure", value: { statusCode: 4114, violationCount: 2 } },
      },
      { requestId: "", outcome: { $case: "failure", value: { statusCode: 4114, grpcCode: 3 } } },
      { requestId: "wire-2", outcome: { $case: "response" } },
    ]);
  });
});

describe("faults of our own", () => {
  it("become INTERNAL and 5000, leak nothing, and are logged with their cause", async () => {
    isStoreBroken = true;
    const failure = await failureOf((options) => clients.sms.sendSms(good, options));
    isStoreBroken = false;
    expect(failure.code).toBe(Status.INTERNAL);
    expect(failure.info).toEqual({
      reason: "INTERNAL_ERROR",
      domain: "sms-relay",
      metadata: { status_code: "5000" },
    });
    expect(failure.text).toBe("The service failed.");
    expect(logged).toMatchObject([{ err: { message: "secret inner cause" } }]);
    expect(world.metrics.refusals.value("INTERNAL_ERROR")).toBe(1);
  });
});

/** One SendSmsStream of whatever octets, by grpc-js itself. */
async function streamRaw(address: string, requests: readonly Uint8Array[], key: string) {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${key}`);
  const call = client.makeBidiStreamRequest(
    "/smsrelay.v1.SmsService/SendSmsStream",
    (octets: Uint8Array) => Buffer.from(octets),
    (octets) => SendSmsStreamResponse.decode(octets),
    metadata,
  );
  for (const octets of requests) call.write(octets);
  call.end();
  const answers: SendSmsStreamResponse[] = [];
  for await (const answer of call) answers.push(answer);
  client.close();
  return answers;
}
