import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, constants } from "node:http2";
import { ChannelCredentials, createChannel, createClient, Metadata, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import {
  HealthCheckResponse_ServingStatus,
  HealthDefinition,
} from "../../../src/gen/grpc/health/v1/health.ts";
import { SmsServiceDefinition } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { defaultKeepalive } from "../../../src/rpc/server/listen-options.ts";
import { connectClients, failureOf } from "../../support/rpc-client.ts";
import { SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const earliest = { initialStart: InitialStart.INITIAL_START_EARLIEST };
const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

describe("the gRPC server", () => {
  it("tells its health, also to a watcher while it drains", async () => {
    const world = await startRpcWorld();
    const channel = createChannel(world.address);
    const health = createClient(HealthDefinition, channel);
    const serving = await health.check({ service: "smsrelay.v1.SmsService" });
    const seen: number[] = [];
    const watched = (async () => {
      for await (const { status } of health.watch({ service: "" })) {
        seen.push(status);
        if (seen.length === 1) void world.server.stop(5_000);
      }
    })();
    await expect(watched).rejects.toMatchObject({ code: Status.CANCELLED });
    expect([serving.status, ...seen]).toEqual([1, 1, 2]);
    channel.close();
    await world.stop();
  });

  it("follows readiness in its health, for the server and SmsService, and tells watchers", async () => {
    const world = await startRpcWorld();
    const channel = createChannel(world.address);
    const health = createClient(HealthDefinition, channel);
    const statusOf = async (service: string) => (await health.check({ service })).status;
    const seen: number[] = [];
    for await (const { status } of health.watch({ service: "smsrelay.v1.SmsService" })) {
      seen.push(status);
      if (seen.length === 1) world.admission = { kind: "overloaded", retryAfterMs: 1, limit: "disk" };
      if (seen.length === 2) {
        const asked = ["", "smsrelay.v1.SmsService", "smsrelay.v1.GatewayService"].map(statusOf);
        expect(await Promise.all(asked)).toEqual([2, 2, 1]);
        world.admission = { kind: "open" };
      }
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([1, 2, 1]);
    channel.close();
    await world.stop();
  });

  it("knows no health of services that are not there, in a check and in a watch", async () => {
    const world = await startRpcWorld();
    const channel = createChannel(world.address);
    const health = createClient(HealthDefinition, channel);
    const service = "smsrelay.v1.FaxService";
    await expect(health.check({ service })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
      details: "Unknown service: 'smsrelay.v1.FaxService'",
    });
    for await (const { status } of health.watch({ service })) {
      expect(status).toBe(HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN);
      break;
    }
    channel.close();
    await world.stop();
  });

  it("P40 ends report streams with a last cursor, and a stream that hangs after the grace time", async () => {
    const world = await startRpcWorld();
    using clients = connectClients(world.address, SHOP_KEY);
    await clients.sms.sendSms(good);
    const cursors: string[] = [];
    let stopped: Promise<void> | undefined;
    const ended = failureOf(async (options) => {
      for await (const page of clients.sms.streamDeliveryReports({ start: earliest }, options)) {
        cursors.push(page.cursor);
        stopped ??= world.server.stop(60_000);
      }
    });
    const failure = await ended;
    expect(failure.code).toBe(Status.UNAVAILABLE);
    expect(failure.info.reason).toBe("SERVICE_UNAVAILABLE");
    expect(cursors.length).toBeGreaterThanOrEqual(2);
    await stopped;
    await world.stop();
  });

  it("P40 cuts off after the grace time what does not end by itself", async () => {
    const never = new Promise<never>(() => {});
    let isHeld = false;
    const world = await startRpcWorld({
      wrapStore: (store) => ({
        ...store,
        listMessages: () => {
          isHeld = true;
          return never;
        },
      }),
    });
    using clients = connectClients(world.address, SHOP_KEY);
    const hanging = clients.sms.listSms({}).catch((error: unknown) => error);
    using others = connectClients(world.address, SHOP_KEY);
    while (!isHeld) await others.subscriptions.listSubscriptions({});
    await world.server.stop(50);
    expect(await hanging).toMatchObject({ name: "ClientError" });
    await world.stop();
  });

  it("P39 closes a connection without calls after the idle time", async () => {
    const world = await startRpcWorld({ listen: { keepalive: { ...defaultKeepalive, maxIdleMs: 50 } } });
    const session = connect(`http://${world.address}`);
    const closed = new Promise((resolve) => session.once("close", resolve));
    const [code] = await once(session, "goaway");
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    await closed;
    await world.stop();
  });

  it("P39 asks a connection to end at its age, and cuts its calls off after the grace time", async () => {
    // Long enough for a busy machine to open the call before, and to see the wish before the end.
    const keepalive = { ...defaultKeepalive, maxAgeMs: 1_000, maxAgeGraceMs: 1_000 };
    const world = await startRpcWorld({ listen: { keepalive } });
    const session = connect(`http://${world.address}`);
    session.on("error", () => {});
    const closed = new Promise((resolve) => session.once("close", resolve));
    const stream = session.request({
      ":method": "POST",
      ":path": "/smsrelay.v1.SmsService/StreamDeliveryReports",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${SHOP_KEY}`,
    });
    stream.on("error", () => {});
    const cut = new Promise((resolve) => stream.once("close", resolve));
    stream.end(Buffer.alloc(5));
    const [code] = await once(session, "goaway");
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    expect(stream.closed).toBe(false);
    await Promise.all([cut, closed]);
    await world.stop();
  });

  it("speaks TLS, and refuses plain text on an address that others reach", async () => {
    const tls = {
      cert: readFileSync("test/support/tls/smsc.cert.pem", "utf8"),
      key: readFileSync("test/support/tls/smsc.key.pem", "utf8"),
    };
    const world = await startRpcWorld({ listen: { tls } });
    const trusting = ChannelCredentials.createSsl(Buffer.from(tls.cert), null, null, {
      checkServerIdentity: () => undefined,
    });
    const channel = createChannel(world.address, trusting);
    const sms = createClient(SmsServiceDefinition, channel);
    const metadata = Metadata({ authorization: `Bearer ${SHOP_KEY}` });
    expect((await sms.sendSms(good, { metadata })).messageId).not.toBe("");
    channel.close();
    using plain = connectClients(world.address, SHOP_KEY);
    await expect(plain.sms.sendSms(good)).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await world.stop();

    const open = startRpcWorld({ listen: { host: "0.0.0.0" } });
    await expect(open).rejects.toThrow(/needs TLS/);
  });

  it("asks for a client's certificate where an authority for clients is set", async () => {
    const cert = readFileSync("test/support/tls/smsc.cert.pem", "utf8");
    const key = readFileSync("test/support/tls/smsc.key.pem", "utf8");
    const world = await startRpcWorld({ listen: { tls: { cert, key, clientCa: cert } } });
    const options = { checkServerIdentity: () => undefined };
    const metadata = Metadata({ authorization: `Bearer ${SHOP_KEY}` });
    const known = createChannel(
      world.address,
      ChannelCredentials.createSsl(Buffer.from(cert), Buffer.from(key), Buffer.from(cert), options),
    );
    const stranger = createChannel(
      world.address,
      ChannelCredentials.createSsl(Buffer.from(cert), null, null, options),
    );
    await createClient(SmsServiceDefinition, known).listSms({}, { metadata });
    await expect(
      createClient(SmsServiceDefinition, stranger).listSms({}, { metadata }),
    ).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    known.close();
    stranger.close();
    await world.stop();
  });
});
