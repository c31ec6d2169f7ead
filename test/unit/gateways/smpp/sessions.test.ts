import { describe, expect, it } from "vitest";
import { createSmppGateway } from "../../../../src/gateways/smpp/create-smpp-gateway.ts";
import { type SmppGatewaySettings, smppSettings } from "../../../../src/gateways/smpp/settings.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createRecordingListener, gatewayId, submission } from "../../../support/smpp-gateway.ts";
import { cleanAfterEach, onEnd, startSmsc } from "./support.ts";

cleanAfterEach();

/** A gateway of four sessions, of which none is kept at first. */
async function startIdle(settings: Partial<SmppGatewaySettings> = {}) {
  const smsc = await startSmsc();
  const clock = createFakeClock();
  const listener = createRecordingListener();
  let mayWrite = true;
  const account = {
    id: gatewayId,
    host: "127.0.0.1",
    port: smsc.port,
    systemId: "relay",
    password: "secret",
  };
  const gateway = createSmppGateway(smppSettings({ ...account, sessions: 4, ...settings }), {
    clock,
    random: () => 0.5,
    log: silentLogger,
    mayWrite: () => mayWrite,
  });
  onEnd(() => gateway.stop(0));
  gateway.start(listener, []);
  const forbid = () => {
    mayWrite = false;
  };
  const allow = () => {
    mayWrite = true;
  };
  return { gateway, smsc, listener, clock, forbid, allow };
}

describe("sessions that are kept one by one", () => {
  it("bind when they are opened, each once, and tell what share is kept here", async () => {
    const { gateway, smsc, listener } = await startIdle();
    expect(await listener.statuses.next()).toEqual({
      kind: "connecting",
      reason: "none of its sessions is kept here",
    });
    expect(gateway.figures()).toMatchObject({ sessions: 4, ownSessions: 0, boundSessions: 0 });
    gateway.openSession(2);
    gateway.openSession(2);
    await smsc.sessions.next();
    while (gateway.status().kind !== "ready") await listener.statuses.next();
    expect(gateway.figures()).toMatchObject({ sessions: 4, ownSessions: 1, boundSessions: 1 });
    gateway.openSession(0);
    // The status is as before, and the listener hears of it all the same.
    expect(await listener.statuses.next()).toEqual({ kind: "ready" });
    expect(gateway.figures().ownSessions).toBe(2);
    await smsc.sessions.next();
    expect(smsc.sessions.waiting).toEqual([]);
  });

  it("are ready once they are bound, also while the lease is in doubt, and send as soon as it is not", async () => {
    const { gateway, smsc, listener, forbid, allow } = await startIdle();
    forbid();
    gateway.openSession(0);
    const session = await smsc.sessions.next();
    while (gateway.status().kind !== "ready") await listener.statuses.next();
    expect(gateway.room()).toBe(0);
    expect(await gateway.submit(submission(["Hello"]))).toMatchObject([
      { kind: "unsent", why: "no_session" },
    ]);
    // Nobody tells the gateway that the lease is back.
    allow();
    expect(gateway.room()).toBeGreaterThan(0);
    const results = gateway.submit(submission(["Hello"]));
    session.answer(await session.submits.next(), { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
  });

  it("finish what is unanswered when they are given up, unbind, and bind again when they come back", async () => {
    const { gateway, smsc, listener } = await startIdle();
    gateway.openSession(0);
    const session = await smsc.sessions.next();
    while (gateway.status().kind !== "ready") await listener.statuses.next();
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    const closed = gateway.closeSession(0);
    expect(gateway.status()).toMatchObject({
      kind: "connecting",
      reason: "none of its sessions is kept here",
    });
    expect([gateway.room(), gateway.figures().ownSessions]).toEqual([0, 0]);
    session.answer(submit, { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
    await Promise.all([closed, gateway.closeSession(0)]);
    expect(await session.closed).toEqual({ kind: "unbound", by: "peer" });
    gateway.openSession(0);
    await smsc.sessions.next();
  });

  it("leave the others alone when one is given up", async () => {
    const { gateway, smsc, listener } = await startIdle();
    for (const slot of [0, 1]) gateway.openSession(slot);
    const sessions = [await smsc.sessions.next(), await smsc.sessions.next()];
    while (gateway.figures().boundSessions < 2) await listener.rooms.next();
    await gateway.closeSession(1);
    expect(gateway.status().kind).toBe("ready");
    const results = gateway.submit(submission(["Hello"]));
    const kept = await Promise.race(
      sessions.map(async (session) => ({ session, submit: await session.submits.next() })),
    );
    kept.session.answer(kept.submit, { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }]);
    expect(gateway.figures()).toMatchObject({ ownSessions: 1, boundSessions: 1 });
  });

  it("are a transmitter and a receiver each where the SMSC wants two", async () => {
    const { gateway, smsc } = await startIdle({ bindMode: "transmitter+receiver" });
    gateway.openSession(3);
    const binds = [await smsc.sessions.next(), await smsc.sessions.next()].map(({ bind }) => bind.command);
    expect(binds.toSorted()).toEqual(["bind_receiver", "bind_transmitter"]);
    expect(gateway.figures()).toMatchObject({ sessions: 8, ownSessions: 2 });
    await gateway.closeSession(3);
    expect(gateway.figures().boundSessions).toBe(0);
  });

  it("P20 stay down after a wrong password whichever is opened, until the gateway is resumed", async () => {
    const { gateway, smsc, listener } = await startIdle();
    smsc.bindStatus = 0x0e;
    gateway.openSession(0);
    await smsc.refused.next();
    while (gateway.status().kind !== "stopped") await listener.statuses.next();
    gateway.openSession(1);
    smsc.bindStatus = 0;
    expect(gateway.status().kind).toBe("stopped");
    gateway.resume();
    await smsc.sessions.next();
    await smsc.sessions.next();
    expect(smsc.refused.waiting).toEqual([]);
  });

  it("carry no further part of a message once they may be another process's", async () => {
    const { gateway, smsc, listener, forbid } = await startIdle();
    gateway.openSession(0);
    const session = await smsc.sessions.next();
    while (gateway.status().kind !== "ready") await listener.statuses.next();
    const token = Promise.withResolvers<void>();
    const results = gateway.submit(submission(["a", "b"], { takeToken: () => token.promise }));
    session.answer(await session.submits.next(), { id: "a" });
    forbid();
    token.resolve();
    expect(await results).toMatchObject([{ kind: "accepted" }, { kind: "unsent", why: "no_session" }]);
    expect(gateway.room()).toBe(0);
    expect(session.submits.waiting).toEqual([]);
  });
});
