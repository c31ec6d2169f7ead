/** What callers may hold of the process: nothing before they are known, and afterwards no more than their share. */
import { once } from "node:events";
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { Status } from "nice-grpc";
import { afterEach, describe, expect, it } from "vitest";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { GetStatusRequest, SendSmsStreamRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { defaultCallBounds } from "../../../src/rpc/calls/call-bounds.ts";
import { contractMethods } from "../../support/contract-methods.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { frameOf, openCall, openSession } from "../../support/open-call.ts";
import { connectClients } from "../../support/rpc-client.ts";
import {
  OTHER_KEY,
  type RpcWorld,
  type RpcWorldOptions,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";

const sendSms = "/smsrelay.v1.SmsService/SendSms";
const sendSmsStream = "/smsrelay.v1.SmsService/SendSmsStream";
const getStatus = "/smsrelay.v1.SmsService/GetStatus";
const health = "/grpc.health.v1.Health";
const { account, strangers } = defaultCallBounds;

const worlds: RpcWorld[] = [];
const open: { destroy(): void }[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.destroy();
  for (const world of worlds.splice(0)) await world.stop(100);
});

async function start(options: RpcWorldOptions = {}) {
  const world = await startRpcWorld(options);
  worlds.push(world);
  const session = (window?: number) => {
    const opened = openSession(world.address, window);
    open.push(opened);
    return opened;
  };
  return { world, session };
}

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

describe("before the caller is known", () => {
  const paths = contractMethods.map(({ path }) => path);

  it("P61 every method of ours refuses from the headers, with its details, and closes the stream while the body is still to come", async () => {
    const { session } = await start();
    const connection = session();
    const begun = frameOf(Buffer.alloc(30_000), 4_000_000);
    for (const path of paths) {
      for (const key of [undefined, "wrong-key-of-the-tests-00000000000001"]) {
        const call = openCall(connection, path, { octets: begun, ...(key !== undefined && { key }) });
        const closed = once(call.stream, "close");
        call.stream.resume();
        expect(await call.end, path).toMatchObject({
          status: Status.UNAUTHENTICATED,
          reason: "INVALID_CREDENTIALS",
        });
        await closed;
        expect(call.stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
      }
    }
    expect(paths.length).toBeGreaterThan(15);
  });

  it("P61 large messages to health and reflection are refused before they are gathered", async () => {
    const { session } = await start();
    const announced = frameOf(Buffer.alloc(100), 100_000);
    for (const path of [
      `${health}/Check`,
      `${health}/Watch`,
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]) {
      const { status } = await openCall(session(), path, { octets: announced }).end;
      expect(status, path).toBe(Status.RESOURCE_EXHAUSTED);
    }
  });

  it("P61 calls to health and reflection are bounded in number, and take nothing from those with a key", async () => {
    const { world, session } = await start({ bounds: { strangers: { ...strangers, maxCalls: 3 } } });
    const connection = session();
    const watches = [1, 2, 3].map(() =>
      openCall(connection, `${health}/Watch`, { octets: frameOf(Buffer.alloc(0)) }),
    );
    for (const { stream } of watches) {
      stream.end();
      await once(stream, "data");
    }
    const refused = await openCall(connection, `${health}/Check`).end;
    expect(refused).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, reason: "OVERLOADED" });
    expect(refused.quota?.subject).toBe("callers without a key");
    using clients = connectClients(world.address, SHOP_KEY);
    expect((await clients.sms.sendSms(good)).messageId).not.toBe("");
    const gone = once(watches[0]?.stream as NonNullable<(typeof watches)[0]>["stream"], "close");
    watches[0]?.stream.close();
    await gone;
    const again = openCall(connection, `${health}/Check`, { octets: frameOf(Buffer.alloc(0)) });
    again.stream.end();
    expect((await again.end).status).toBe(Status.OK);
  });

  it("P61 the oldest connection without a key makes room for a new one, and those with a key stay", async () => {
    const connections = { maxConnections: 10, maxStrangers: 2, maxOfAccount: 10 };
    const { world, session } = await start({ bounds: { connections } });
    using clients = connectClients(world.address, SHOP_KEY);
    await clients.sms.sendSms(good);
    const silent: Socket[] = [];
    const closed: number[] = [];
    for (let index = 0; index < 5; index++) {
      const socket = connect(world.port, "127.0.0.1").on("error", () => {});
      socket.on("close", () => closed.push(index));
      open.push(socket);
      silent.push(socket);
      await once(socket, "connect");
      // The server's side of it is there once it says its settings.
      await once(socket, "data");
    }
    await expect.poll(() => closed).toEqual([0, 1, 2]);
    const newcomer = openCall(session(), `${health}/Check`, { octets: frameOf(Buffer.alloc(0)) });
    newcomer.stream.end();
    expect((await newcomer.end).status).toBe(Status.OK);
    expect((await clients.sms.sendSms(good)).messageId).not.toBe("");
  });
});

describe("a request that begins and does not go on", () => {
  it("P61 is ended in time, as is a message in a stream, while idle streams stay", async () => {
    const doorClock = createFakeClock();
    const { session } = await start({ doorClock });
    const connection = session();
    const part = frameOf(Buffer.alloc(10), 1_000);
    const unary = openCall(connection, sendSms, { key: SHOP_KEY, octets: part });
    const stuck = openCall(connection, sendSmsStream, { key: SHOP_KEY, octets: part });
    const idle = openCall(connection, sendSmsStream, { key: SHOP_KEY });
    const ended: string[] = [];
    void unary.end.then(() => ended.push("unary"));
    void stuck.end.then(() => ended.push("stuck"));
    void idle.end.then(() => ended.push("idle"));
    // A call that is answered after them shows that they have arrived.
    const answered = openCall(connection, getStatus, { key: OTHER_KEY, octets: frameOf(Buffer.alloc(0)) });
    answered.stream.end();
    await answered.end;
    doorClock.advance(29_000);
    expect(ended).toEqual([]);
    doorClock.advance(2_000);
    for (const { end } of [unary, stuck])
      expect(await end).toMatchObject({
        status: Status.RESOURCE_EXHAUSTED,
        reason: "OVERLOADED",
        quota: { subject: "account shop", description: "The request did not arrive in time." },
      });
    doorClock.advance(3_600_000);
    expect(ended).not.toContain("idle");
  });

  it("P61 holds no more than its account's share, and nothing of another's", async () => {
    const { world, session } = await start({
      bounds: { account: { ...account, maxBegunOctets: 50_000, maxUncounted: 0 } },
    });
    const connection = session();
    const part = frameOf(Buffer.alloc(30_000), 1_000_000);
    openCall(connection, sendSms, { key: SHOP_KEY, octets: part });
    const second = await openCall(connection, sendSms, { key: SHOP_KEY, octets: part }).end;
    expect(second).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, quota: { subject: "account shop" } });
    using others = connectClients(world.address, OTHER_KEY);
    expect((await others.sms.sendSms(good)).messageId).not.toBe("");
    connection.destroy();
    using clients = connectClients(world.address, SHOP_KEY);
    const again = () => clients.sms.sendSms({ ...good, metadata: { note: "x".repeat(900) } });
    await expect.poll(async () => (await again()).messageId).not.toBe("");
  });
});

describe("octets of requests that are on their way", () => {
  const bounds = { account: { ...account, maxBegunOctets: 100_000, maxUncounted: 0 } };
  const whole = SendSmsRequest.encode(SendSmsRequest.create(good)).finish();

  it("P61 count no more once their call has ended, however many go on to come", async () => {
    const { session } = await start({ bounds });
    const connection = session();
    for (let round = 0; round < 3; round += 1) {
      const late = openCall(connection, sendSms, {
        key: SHOP_KEY,
        octets: frameOf(Buffer.alloc(40_000), 1_000_000),
        timeout: "200m",
      });
      expect((await late.end).status).toBe(Status.DEADLINE_EXCEEDED);
      await new Promise((resolve) => late.stream.write(Buffer.alloc(10_000), resolve));
    }
    // A call that is answered after them shows that they have arrived.
    const next = openCall(connection, sendSms, {
      key: SHOP_KEY,
      octets: frameOf(whole.subarray(0, 4), whole.length),
    });
    const answered = openCall(connection, getStatus, { key: SHOP_KEY, octets: frameOf(Buffer.alloc(0)) });
    answered.stream.end();
    await answered.end;
    next.stream.end(whole.subarray(4));
    expect((await next.end).status).toBe(Status.OK);
  });
});

describe("calls and connections of one account", () => {
  it("P61 are bounded in number, and another account's go on", async () => {
    const bounds = {
      account: { ...account, maxCalls: 2 },
      connections: { ...defaultCallBounds.connections, maxOfAccount: 2 },
    };
    const { world, session } = await start({ bounds });
    const first = session();
    openCall(first, sendSmsStream, { key: SHOP_KEY });
    openCall(first, sendSmsStream, { key: SHOP_KEY });
    const third = await openCall(first, sendSms, { key: SHOP_KEY }).end;
    expect(third).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, quota: { subject: "account shop" } });
    using others = connectClients(world.address, OTHER_KEY);
    expect((await others.sms.sendSms(good)).messageId).not.toBe("");

    const second = session();
    const onSecond = openCall(second, sendSms, { key: OTHER_KEY });
    const tooMany = session();
    const gone = once(tooMany, "close");
    const refused = await openCall(tooMany, sendSms, { key: OTHER_KEY }).end;
    expect(refused.quota).toMatchObject({
      subject: "account other",
      description: "Too many connections are open.",
    });
    await gone;
    onSecond.stream.end(frameOf(Buffer.alloc(0)));
    expect((await onSecond.end).reason).toBe("PARAMETER_MISSING");
  });
});

describe("answers that nobody reads", () => {
  it("P61 are held up to the account's share, then refused, and ended with their call in time", async () => {
    const doorClock = createFakeClock();
    const { world, session } = await start({
      doorClock,
      bounds: { account: { ...account, maxUnreadOctets: 1_000 } },
    });
    using clients = connectClients(world.address, SHOP_KEY);
    const { messageId } = await clients.sms.sendSms({
      ...good,
      recipients: Array.from({ length: 20 }, (_, index) => `+386401234${index + 10}`),
    });
    const blind = session(0);
    const ask = () => {
      const call = openCall(blind, getStatus, { key: SHOP_KEY });
      call.stream.end(frameOf(GetStatusRequest.encode(GetStatusRequest.create({ messageId })).finish()));
      return call;
    };
    const unread = ask();
    await once(unread.stream, "response");
    const second = await ask().end;
    expect(second).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      quota: { subject: "account shop", description: "Too many answers are unread." },
    });
    using others = connectClients(world.address, OTHER_KEY);
    expect((await others.sms.sendSms(good)).messageId).not.toBe("");
    doorClock.advance(61_000);
    expect((await unread.end).rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect((await clients.sms.sendSms(good)).messageId).not.toBe("");
  });

  it("P61 are given up in time also where a stream has passed its deadline meanwhile", async () => {
    const doorClock = createFakeClock();
    const { session } = await start({ doorClock });
    const held = openCall(session(0), `${health}/Watch`, { timeout: "200m" });
    held.stream.end(frameOf(Buffer.alloc(0)));
    // Past the deadline, nothing but the door's look ends it: by then the stack waits for the peer to take what was written.
    await expect
      .poll(() => {
        doorClock.advance(61_000);
        return held.stream.closed;
      })
      .toBe(true);
    expect((await held.end).rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it("P61 are given up with a stream whose next message does not go on", async () => {
    const doorClock = createFakeClock();
    const { session } = await start({ doorClock });
    const request = SendSmsRequest.create({ ...good, requestId: "untaken" });
    const item = SendSmsStreamRequest.encode(SendSmsStreamRequest.create({ request })).finish();
    const call = openCall(session(0), sendSmsStream, { key: SHOP_KEY, octets: frameOf(item) });
    await once(call.stream, "response");
    call.stream.write(frameOf(Buffer.alloc(10), 1_000));
    await expect
      .poll(() => {
        doorClock.advance(31_000);
        return call.stream.closed;
      })
      .toBe(true);
    expect((await call.end).rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
});
