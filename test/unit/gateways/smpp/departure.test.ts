import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { encodePdu } from "../../../../src/smpp/encode-pdu.ts";
import { submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

const UNBIND = encodePdu({ command: "unbind", sequence_number: 4_711 });
const RECEIPT = encodePdu({
  command: "deliver_sm",
  sequence_number: 4_712,
  body: { esm_class: 4, source_addr: "4790000001", short_message: Buffer.from("id:1 stat:DELIVRD") },
});

/** The commands that the gateway writes, in order. */
function heardBy(socket: NodeJS.EventEmitter): () => readonly number[] {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => {
    const octets = Buffer.concat(chunks);
    const commands: number[] = [];
    for (let at = 0; at + 16 <= octets.length; at += octets.readUInt32BE(at)) {
      commands.push(octets.readUInt32BE(at + 4));
    }
    return commands;
  };
}

const SUBMIT_SM = 0x04;
const UNBIND_RESP = 0x80000006;
const DELIVER_SM_RESP = 0x80000005;

describe("an SMSC that unbinds (SMPP 3.4 §2.7)", () => {
  it("P51 gets nothing new, is waited for with its answers, and then has its unbind_resp", async () => {
    const { gateway, session } = await bind();
    const heard = heardBy(session.socket);
    const results = ["a", "b"].map((text) => gateway.submit(submission([text])));
    const submits = [await session.submits.next(), await session.submits.next()];
    session.connection.writeRaw(UNBIND);
    while (gateway.room() > 0) await new Promise(setImmediate);
    const after = gateway.submit(submission(["c"]));
    expect(await after).toMatchObject([{ kind: "unsent", why: "no_session" }]);
    session.answer(submits[1] as never, { id: "2" });
    expect(await results[1]).toMatchObject([{ kind: "accepted", smscMessageId: "2" }]);
    expect(heard()).not.toContain(UNBIND_RESP);
    session.answer(submits[0] as never, { id: "1" });
    expect(await results[0]).toMatchObject([{ kind: "accepted", smscMessageId: "1" }]);
    await once(session.socket, "end");
    expect(heard()).toEqual([SUBMIT_SM, SUBMIT_SM, UNBIND_RESP]);
  });

  it("P51 has what it delivered stored and acknowledged before the unbind_resp", async () => {
    const { session, listener } = await bind();
    const heard = heardBy(session.socket);
    const stored = Promise.withResolvers<void>();
    listener.storing = () => stored.promise;
    session.connection.writeRaw(Buffer.concat([RECEIPT, UNBIND]));
    await listener.receipts.next();
    await new Promise(setImmediate);
    expect(heard()).toEqual([]);
    stored.resolve();
    await once(session.socket, "end");
    expect(heard()).toEqual([DELIVER_SM_RESP, UNBIND_RESP]);
  });

  it("P51 has what it delivered acknowledged also where it closes its half right behind its unbind", async () => {
    const { gateway, session, listener } = await bind();
    session.socket.allowHalfOpen = true;
    const heard = heardBy(session.socket);
    const stored = Promise.withResolvers<void>();
    listener.storing = () => stored.promise;
    const results = gateway.submit(submission(["a"]));
    await session.submits.next();
    session.socket.end(Buffer.concat([RECEIPT, UNBIND]));
    await listener.receipts.next();
    // No answer can come any more.
    expect(await results).toMatchObject([{ kind: "ambiguous", misfortune: { kind: "lost" } }]);
    expect(heard()).toEqual([SUBMIT_SM]);
    stored.resolve();
    await once(session.socket, "end");
    expect(heard()).toEqual([SUBMIT_SM, DELIVER_SM_RESP, UNBIND_RESP]);
  });

  it("P51 is not waited for longer than some seconds", async () => {
    const { gateway, session, clock, smsc } = await bind({ reconnectMinMs: 10 });
    const results = gateway.submit(submission(["a"]));
    await session.submits.next();
    session.connection.writeRaw(UNBIND);
    while (gateway.room() > 0) await new Promise(setImmediate);
    clock.advance(5_000);
    expect(await results).toMatchObject([{ kind: "ambiguous", misfortune: { kind: "lost" } }]);
    while (smsc.sessions.waiting.length === 0) {
      await new Promise(setImmediate);
      clock.advance(10);
    }
  });

  it("P51 gets no further part of a message that it had begun to take, and the rest is unsent", async () => {
    const { gateway, session } = await bind();
    const results = gateway.submit(submission(["a", "b"], { takeToken: () => new Promise(() => {}) }));
    const first = await session.submits.next();
    session.connection.writeRaw(UNBIND);
    while (gateway.room() > 0) await new Promise(setImmediate);
    session.answer(first, { id: "1" });
    expect(await results).toMatchObject([{ kind: "accepted" }, { kind: "unsent", why: "no_session" }]);
  });
});

describe("a silent SMSC", () => {
  it("P12 gets one probe at a time while all that was written is overdue, and the window again with the first answer", async () => {
    const { gateway, session, clock } = await bind({
      window: 4,
      responseTimeoutMs: 1_000,
      ambiguityHoldMs: 60_000,
    });
    for (const text of ["a", "b", "c", "d"]) void gateway.submit(submission([text]));
    const submits = [];
    for (let i = 0; i < 4; i++) submits.push(await session.submits.next());
    expect(gateway.room()).toBe(0);
    clock.advance(1_000);
    await new Promise(setImmediate);
    expect(gateway.room()).toBe(1);
    void gateway.submit(submission(["probe"]));
    await session.submits.next();
    expect(gateway.room()).toBe(0);
    clock.advance(1_000);
    await new Promise(setImmediate);
    expect(gateway.room()).toBe(1);
    session.answer(submits[0] as never, { id: "late" });
    while (gateway.room() !== 4) await new Promise(setImmediate);
  });
});
