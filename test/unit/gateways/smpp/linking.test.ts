import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { encodePdu } from "../../../../src/smpp/encode-pdu.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";
import { startGateway, submission, untilReady } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach, startAt, startSmsc } from "./support.ts";

cleanAfterEach();

const pem = (name: string) =>
  readFileSync(new URL(`../../../support/tls/${name}.pem`, import.meta.url), "utf8");

describe("binding", () => {
  it("binds one transceiver with its account, version 3.4", async () => {
    const { session, gateway } = await bind({ systemType: "OTA" });
    expect(session.bind.command).toBe("bind_transceiver");
    expect(session.bind.body).toMatchObject({
      system_id: "relay",
      password: "secret",
      system_type: "OTA",
      interface_version: 0x34,
    });
    expect(gateway.figures()).toEqual({
      sessions: 1,
      ownSessions: 1,
      boundSessions: 1,
      inFlight: 0,
      windowSize: 64,
    });
  });

  it("binds a transmitter and a receiver, and submits on the transmitter alone", async () => {
    const smsc = await startSmsc();
    const started = startAt(smsc, { bindMode: "transmitter+receiver" });
    await untilReady(started);
    const sessions = [await smsc.sessions.next(), await smsc.sessions.next()];
    expect(sessions.map(({ bind }) => bind.command).sort()).toEqual(["bind_receiver", "bind_transmitter"]);
    const transmitter = sessions.find(({ bind }) => bind.command === "bind_transmitter");
    const receiver = sessions.find(({ bind }) => bind.command === "bind_receiver");
    const results = started.gateway.submit(submission(["Hello"]));
    const submit = await transmitter?.submits.next();
    if (submit === undefined) throw new TypeError("no transmitter");
    transmitter?.answer(submit, { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
    await receiver?.deliver({ body: { esm_class: 4, short_message: Buffer.from("id:1 stat:DELIVRD") } });
    expect(await started.listener.receipts.next()).toMatchObject({ smscMessageId: "1" });
  });

  it("binds over TLS and checks the certificate's name", async () => {
    const smsc = await startSmsc({ tls: { key: pem("smsc.key"), cert: pem("smsc.cert") } });
    const tls = { ca: pem("smsc.cert"), servername: "smsc.test", rejectUnauthorized: true };
    const good = startAt(smsc, { tls });
    await untilReady(good);
    const bad = startAt(smsc, { tls: { ...tls, servername: "other.test" } });
    let status = await bad.listener.statuses.next();
    while (status.kind !== "ready" && status.reason === "starting")
      status = await bad.listener.statuses.next();
    expect(status).toMatchObject({ kind: "connecting", reason: expect.stringContaining("other.test") });
  });

  it("tells why there is no connection: nobody listens, or authorities that are none", async () => {
    const smsc = await startSmsc();
    await smsc.stop();
    const refused = startAt(smsc, { host: "localhost" });
    await refused.listener.statuses.next();
    expect((await refused.listener.statuses.next()) as object).toMatchObject({
      kind: "connecting",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
    const tls = { ca: "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----", servername: undefined };
    const broken = startAt(smsc, { tls: { ...tls, rejectUnauthorized: true } });
    await broken.listener.statuses.next();
    expect((await broken.listener.statuses.next()).kind).toBe("connecting");
    expect(broken.clock.waiting).toBe(1);
  });

  it("P20 stops for a wrong password until it is resumed", async () => {
    const smsc = await startSmsc();
    smsc.bindStatus = 0x0e;
    const started = startAt(smsc);
    await smsc.refused.next();
    let status = await started.listener.statuses.next();
    while (status.kind !== "stopped") status = await started.listener.statuses.next();
    expect(status.reason).toContain("ESME_RINVPASWD");
    expect(started.gateway.status()).toEqual(status);
    expect(started.clock.waiting).toBe(0);
    expect(await started.gateway.submit(submission(["x"]))).toMatchObject([
      { kind: "unsent", why: "no_session" },
    ]);
    smsc.bindStatus = 0;
    started.gateway.resume();
    await untilReady(started);
  });

  it("P20 tries again after a while when it is bound elsewhere (0x05)", async () => {
    const smsc = await startSmsc();
    smsc.bindStatus = 0x05;
    const started = startAt(smsc, { reconnectMinMs: 1_000 });
    await smsc.refused.next();
    let status = await started.listener.statuses.next();
    while (status.kind !== "connecting" || status.reason === "starting") {
      status = await started.listener.statuses.next();
    }
    expect(status.reason).toContain("ESME_RALYBND");
    smsc.bindStatus = 0;
    await new Promise(setImmediate);
    started.clock.advance(1_000);
    await untilReady(started);
  });

  it("P20 gives up a bind that is not answered and tries again", async () => {
    const smsc = await startSmsc();
    const connected = createSignalQueue<number>();
    const silent = createServer((socket) => socket.on("data", () => connected.push(1)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const started = startGateway(typeof address === "object" ? (address?.port ?? 0) : 0, {
      bindTimeoutMs: 2_000,
      reconnectMinMs: 1_000,
    });
    await connected.next();
    await started.listener.statuses.next();
    started.clock.advance(2_000);
    expect(await started.listener.statuses.next()).toMatchObject({
      reason: "the SMSC did not answer the bind",
    });
    started.clock.advance(1_000);
    await connected.next();
    await started.gateway.stop(0);
    silent.close();
    await smsc.stop();
  });

  it("gives up a TLS handshake that never ends", async () => {
    const connected = createSignalQueue<number>();
    const silent = createServer((socket) => socket.on("data", () => connected.push(1)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const started = startGateway(typeof address === "object" ? (address?.port ?? 0) : 0, {
      tls: { ca: undefined, servername: undefined, rejectUnauthorized: true },
      connectTimeoutMs: 3_000,
    });
    await connected.next();
    await started.listener.statuses.next();
    started.clock.advance(3_000);
    expect(await started.listener.statuses.next()).toMatchObject({ reason: "no connection in time" });
    await started.gateway.stop(0);
    silent.close();
  });

  it("connects again after the SMSC is lost, and leaves the first wait to chance", async () => {
    const { smsc, session, listener, clock, ...started } = await bind({ reconnectMinMs: 1_000 });
    session.socket.destroy();
    expect((await listener.statuses.next()).kind).toBe("connecting");
    clock.advance(749);
    expect(smsc.sessions.waiting).toEqual([]);
    clock.advance(1);
    await smsc.sessions.next();
    await untilReady({ listener, clock, ...started });
  });

  it("answers the SMSC's unbind and binds again", async () => {
    const { smsc, session, listener, clock } = await bind();
    await session.connection.unbind();
    expect(await session.closed).toEqual({ kind: "unbound", by: "us" });
    expect(await listener.statuses.next()).toMatchObject({ kind: "connecting", reason: "the SMSC unbound" });
    clock.advance(1_000);
    await smsc.sessions.next();
  });

  it("binds again when a submit is answered with a wrong bind status, after the rest is answered", async () => {
    const { smsc, session, gateway, listener, clock } = await bind();
    const results = ["a", "b"].map((text) => gateway.submit(submission([text])));
    session.answer(await session.submits.next(), { status: 0x04 });
    expect(await results[0]).toMatchObject([{ kind: "refused", refusal: "session", answer: { status: 4 } }]);
    expect((await listener.statuses.next()).kind).toBe("connecting");
    expect(gateway.room()).toBe(0);
    session.answer(await session.submits.next(), { id: "b" });
    expect(await results[1]).toMatchObject([{ kind: "accepted" }]);
    expect(await session.closed).toEqual({ kind: "unbound", by: "peer" });
    expect(await listener.statuses.next()).toMatchObject({ kind: "connecting", reason: "unbound" });
    clock.advance(1_000);
    await smsc.sessions.next();
  });
});

describe("keeping a link", () => {
  it("P20 cuts a link on which enquire_link goes unanswered, and connects again", async () => {
    const { smsc, session, listener, clock } = await bind({
      enquireLinkIntervalMs: 1_000,
      enquireLinkTimeoutMs: 100,
      enquireLinkMisses: 2,
    });
    session.connection.pauseReading();
    clock.advance(1_199);
    expect(listener.statuses.waiting).toEqual([]);
    clock.advance(1);
    expect(await listener.statuses.next()).toMatchObject({
      kind: "connecting",
      reason: "the SMSC did not answer enquire_link",
    });
    clock.advance(1_000);
    await smsc.sessions.next();
  });

  it("P20 answers the SMSC's enquire_link", async () => {
    const { session } = await bind();
    const answered = new Promise<Buffer>((resolve) => session.socket.once("data", resolve));
    session.connection.writeRaw(encodePdu({ command: "enquire_link", sequence_number: 77 }));
    const answer = await answered;
    expect([answer.readUInt32BE(4), answer.readUInt32BE(12)]).toEqual([0x80000015, 77]);
  });

  it("P19 answers an unknown command with generic_nack 0x03 and goes on", async () => {
    const { session, gateway } = await bind();
    const answered = new Promise<Buffer>((resolve) => session.socket.once("data", resolve));
    const unknown = encodePdu({ command: "enquire_link", sequence_number: 5 });
    unknown.writeUInt32BE(0x00010200, 4);
    session.connection.writeRaw(unknown);
    const answer = await answered;
    expect([4, 8, 12].map((at) => answer.readUInt32BE(at))).toEqual([0x80000000, 0x03, 5]);
    const results = gateway.submit(submission(["still here"]));
    session.answer(await session.submits.next(), { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
  });

  it("P19 nacks a request that only an ESME makes", async () => {
    const { session } = await bind();
    const answered = new Promise<Buffer>((resolve) => session.socket.once("data", resolve));
    session.connection.writeRaw(encodePdu({ command: "submit_sm", sequence_number: 6 }));
    const answer = await answered;
    expect([4, 8, 12].map((at) => answer.readUInt32BE(at))).toEqual([0x80000000, 0x03, 6]);
  });

  it("P19 closes a session whose PDU length is impossible, settles its parts and connects again", async () => {
    const { smsc, session, gateway, listener, clock } = await bind();
    const results = gateway.submit(submission(["Hello"]));
    await session.submits.next();
    session.connection.writeRaw(Buffer.alloc(16));
    expect(await results).toMatchObject([{ kind: "ambiguous" }]);
    expect(await listener.statuses.next()).toMatchObject({ kind: "connecting" });
    clock.advance(1_000);
    await smsc.sessions.next();
  });

  it("lets alert_notification and outbind pass", async () => {
    const { session, gateway } = await bind();
    session.connection.writeRaw(encodePdu({ command: "alert_notification", sequence_number: 1 }));
    session.connection.writeRaw(encodePdu({ command: "outbind", sequence_number: 2 }));
    const results = gateway.submit(submission(["Hello"]));
    session.answer(await session.submits.next(), { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
    expect(session.faults.waiting).toEqual([]);
  });
});

describe("stopping", () => {
  it("waits for what is unanswered, then unbinds and closes; a second call is harmless", async () => {
    const { gateway, session, clock } = await bind();
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    const stopped = gateway.stop(5_000);
    expect(gateway.room()).toBe(0);
    expect(await gateway.submit(submission(["late"]))).toMatchObject([{ kind: "unsent" }]);
    session.answer(submit, { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
    await Promise.all([stopped, gateway.stop(5_000)]);
    expect(await session.closed).toEqual({ kind: "unbound", by: "peer" });
    expect(gateway.status().kind).toBe("stopped");
    expect(clock.waiting).toBe(0);
  });

  it("finishes a delivery whose parts have begun to leave", async () => {
    const { gateway, session } = await bind();
    const token = Promise.withResolvers<void>();
    const results = gateway.submit(submission(["a", "b"], { takeToken: () => token.promise }));
    session.answer(await session.submits.next(), { id: "a" });
    const stopped = gateway.stop(5_000);
    token.resolve();
    session.answer(await session.submits.next(), { id: "b" });
    expect((await results).map((part) => part.kind)).toEqual(["accepted", "accepted"]);
    await stopped;
  });

  it("P18 settles everything when the grace is over", async () => {
    const { gateway, session, clock } = await bind();
    const results = gateway.submit(submission(["Hello"]));
    await session.submits.next();
    const stopped = gateway.stop(5_000);
    await Promise.resolve();
    clock.advance(5_000);
    await stopped;
    expect(await results).toMatchObject([{ kind: "ambiguous" }]);
    expect(clock.waiting).toBe(0);
  });

  it("is harmless before the start, and while connecting", async () => {
    const smsc = await startSmsc();
    const started = startAt(smsc);
    await started.gateway.stop(1_000);
    expect(started.clock.waiting).toBe(0);
    started.gateway.start(started.listener);
    expect(started.gateway.figures().boundSessions).toBe(0);
  });
});
