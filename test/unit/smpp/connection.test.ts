import { afterEach, describe, expect, it } from "vitest";
import { SmppConnection } from "../../../src/smpp/connection.ts";
import type {
  CloseReason,
  ConnectionFault,
  ConnectionOptions,
  IncomingRequest,
  LateAnswer,
} from "../../../src/smpp/connection-options.ts";
import { decodePdu } from "../../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import { createFramer } from "../../../src/smpp/framer.ts";
import type { Pdu, PduInput } from "../../../src/smpp/pdu.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { createSocketPair, type SocketPair } from "../../support/socket-pair.ts";

/** A queue that a test can wait on: the next item, whenever it comes. */
function inbox<T>() {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    items,
    push(item: T) {
      const first = waiting.shift();
      if (first === undefined) items.push(item);
      else first(item);
    },
    next(): Promise<T> {
      const first = items.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
  };
}

const open: SocketPair[] = [];
afterEach(() => {
  for (const pair of open.splice(0)) pair.close();
});

async function setUp(overrides: Partial<ConnectionOptions<SmppConnection>> = {}) {
  const clock: FakeClock = createFakeClock();
  const pair = await createSocketPair();
  open.push(pair);
  const requests = inbox<IncomingRequest>();
  const late = inbox<LateAnswer>();
  const faults = inbox<ConnectionFault>();
  const closed = inbox<CloseReason>();
  const connection = new SmppConnection(pair.near, {
    clock,
    window: 10,
    responseTimeoutMs: 30_000,
    enquireLinkIntervalMs: 0,
    enquireLinkTimeoutMs: 5_000,
    enquireLinkMissLimit: 2,
    onRequest: (pdu) => requests.push(pdu),
    onLateAnswer: late.push,
    onFault: faults.push,
    onClose: closed.push,
    ...overrides,
  });
  connection.watch();
  /** The peer, written with codec and framer alone. */
  const heard = inbox<Pdu>();
  const framer = createFramer();
  pair.far.on("error", () => {});
  pair.far.on("data", (chunk: Buffer) => {
    framer.push(chunk, (frame) => {
      const result = decodePdu(Buffer.from(frame));
      if (result.kind === "pdu") heard.push(result.pdu);
    });
  });
  const say = (pdu: PduInput) => pair.far.write(encodePdu(pdu));
  return { clock, pair, connection, requests, late, faults, closed, heard, say };
}

const SUBMIT = { command: "submit_sm", body: { destination_addr: "4790000001" } } as const;

describe("requests", () => {
  it("settle with the response that carries their sequence number, in any order", async () => {
    const { connection, heard, say } = await setUp();
    const outcomes = [connection.request(SUBMIT), connection.request(SUBMIT), connection.request(SUBMIT)];
    for (let i = 0; i < 3; i++) await heard.next();
    for (const sequence_number of [3, 1, 2]) {
      say({ command: "submit_sm_resp", sequence_number, body: { message_id: `id${sequence_number}` } });
    }
    const ids = (await Promise.all(outcomes)).map((outcome) =>
      outcome.kind === "response" ? outcome.pdu.body.message_id : outcome.kind,
    );
    expect(ids).toEqual(["id1", "id2", "id3"]);
    expect(connection.inFlight).toBe(0);
  });

  it("of one turn leave in one segment, in order", async () => {
    const { connection, pair } = await setUp();
    const chunks: number[] = [];
    const arrived = new Promise<void>((resolve) => {
      pair.far.on("data", (chunk: Buffer) => {
        chunks.push(chunk.length);
        resolve();
      });
    });
    for (let i = 0; i < 10; i++) void connection.request(SUBMIT);
    await arrived;
    const one = encodePdu({ ...SUBMIT, sequence_number: 1 }).length;
    expect(chunks).toEqual([10 * one]);
  });

  it("are not sent beyond the window, and its owner hears when there is room again", async () => {
    const room = inbox<number>();
    const { connection, heard, say } = await setUp({ window: 2, onRoom: (c) => room.push(c.room) });
    const first = connection.request(SUBMIT);
    void connection.request(SUBMIT);
    expect(connection.room).toBe(0);
    expect(await connection.request(SUBMIT)).toEqual({ kind: "window-full" });
    await heard.next();
    say({ command: "submit_sm_resp", command_status: 0x58, sequence_number: 1 });
    expect(await room.next()).toBe(1);
    expect(await first).toMatchObject({ kind: "response", pdu: { command_status: 0x58 } });
  });

  it("time out together after the response timeout, with one timer for all", async () => {
    const { connection, clock, heard } = await setUp();
    const first = connection.request(SUBMIT);
    clock.advance(10_000);
    const second = connection.request(SUBMIT);
    expect(clock.waiting).toBe(1);
    await heard.next();
    await heard.next();
    clock.advance(20_000);
    expect(await first).toEqual({ kind: "timeout", sequence_number: 1 });
    expect(connection.inFlight).toBe(1);
    clock.advance(9_999);
    expect(connection.inFlight).toBe(1);
    clock.advance(1);
    expect(await second).toEqual({ kind: "timeout", sequence_number: 2 });
    expect(clock.waiting).toBe(0);
  });

  it("that timed out hand a late answer on, once", async () => {
    const { connection, clock, heard, late, faults, say } = await setUp();
    const outcome = connection.request(SUBMIT);
    await heard.next();
    clock.advance(30_000);
    await outcome;
    say({ command: "submit_sm_resp", sequence_number: 1, body: { message_id: "late" } });
    expect(await late.next()).toMatchObject({
      sequence_number: 1,
      outcome: { kind: "response", pdu: { body: { message_id: "late" } } },
    });
    say({ command: "submit_sm_resp", sequence_number: 1, body: { message_id: "twice" } });
    expect(await faults.next()).toMatchObject({ kind: "unexpected-answer" });
    expect(late.items).toEqual([]);
  });

  it("do not time out while reading is paused, because their answers may lie in the socket", async () => {
    const { connection, clock, heard, say } = await setUp();
    const outcome = connection.request(SUBMIT);
    await heard.next();
    clock.advance(20_000);
    connection.pauseReading();
    clock.advance(100_000);
    say({ command: "submit_sm_resp", sequence_number: 1, body: { message_id: "x" } });
    connection.resumeReading();
    clock.advance(9_999);
    expect(await outcome).toMatchObject({ kind: "response" });
  });

  it("are answered by a generic_nack with their sequence number, and by no other", async () => {
    const { connection, heard, faults, say } = await setUp();
    const outcome = connection.request(SUBMIT);
    await heard.next();
    say({ command: "generic_nack", command_status: 3, sequence_number: 0 });
    expect(await faults.next()).toMatchObject({ kind: "unexpected-answer" });
    expect(connection.inFlight).toBe(1);
    say({ command: "generic_nack", command_status: 8, sequence_number: 1 });
    expect(await outcome).toEqual({ kind: "nack", command_status: 8 });
  });

  it("are not settled by the response of another command", async () => {
    const { connection, heard, faults, say } = await setUp();
    const outcome = connection.request(SUBMIT);
    await heard.next();
    say({ command: "data_sm_resp", sequence_number: 1 });
    expect(await faults.next()).toMatchObject({ kind: "unexpected-answer" });
    say({ command: "submit_sm_resp", sequence_number: 1 });
    expect(await outcome).toMatchObject({ kind: "response" });
  });
});

describe("closing", () => {
  it("P18 settles every request, telling what was written from what was not", async () => {
    const { connection, pair, heard, closed, clock } = await setUp();
    const written = [connection.request(SUBMIT), connection.request(SUBMIT)];
    await heard.next();
    await heard.next();
    const unwritten = connection.request(SUBMIT);
    connection.destroy({ kind: "dropped" });
    expect(await Promise.all(written)).toEqual([
      { kind: "lost", written: true },
      { kind: "lost", written: true },
    ]);
    expect(await unwritten).toEqual({ kind: "lost", written: false });
    expect(await closed.next()).toEqual({ kind: "dropped" });
    expect(await connection.request(SUBMIT)).toEqual({ kind: "lost", written: false });
    expect(clock.waiting).toBe(0);
    pair.close();
  });

  it("by the peer is told apart from unbinding", async () => {
    const { connection, pair, heard, closed } = await setUp();
    const outcome = connection.request(SUBMIT);
    await heard.next();
    pair.far.end();
    expect(await closed.next()).toEqual({ kind: "ended" });
    expect(await outcome).toEqual({ kind: "lost", written: true });
  });

  it("answers the peer's unbind, then ends", async () => {
    const { heard, closed, say } = await setUp();
    say({ command: "unbind", sequence_number: 77 });
    expect(await heard.next()).toMatchObject({ command: "unbind_resp", sequence_number: 77 });
    expect(await closed.next()).toEqual({ kind: "unbound", by: "peer" });
  });

  it("unbinds after what was sent before, takes answers until unbind_resp, and sends nothing more", async () => {
    const { connection, heard, closed, say } = await setUp();
    const outcome = connection.request(SUBMIT);
    const done = connection.unbind();
    expect(await connection.request(SUBMIT)).toEqual({ kind: "lost", written: false });
    expect((await heard.next()).command).toBe("submit_sm");
    const unbind = await heard.next();
    expect(unbind.command).toBe("unbind");
    say({ command: "submit_sm_resp", sequence_number: 1, body: { message_id: "x" } });
    say({ command: "unbind_resp", sequence_number: unbind.sequence_number });
    expect(await outcome).toMatchObject({ kind: "response" });
    await done;
    expect(await closed.next()).toEqual({ kind: "unbound", by: "us" });
  });

  it("is forced when the peer ignores unbind", async () => {
    const { connection, clock, heard, closed, pair } = await setUp();
    pair.far.allowHalfOpen = true;
    const done = connection.unbind();
    await heard.next();
    clock.advance(30_000);
    await done;
    clock.advance(2_000);
    expect(await closed.next()).toEqual({ kind: "unbound", by: "us" });
  });

  it("P19 follows an impossible length, after a generic_nack", async () => {
    const { pair, heard, closed } = await setUp();
    pair.far.write(Buffer.from("0000000700000015000000000000000100000010", "hex"));
    expect(await heard.next()).toMatchObject({
      command: "generic_nack",
      command_status: 2,
      sequence_number: 0,
    });
    expect(await closed.next()).toEqual({ kind: "impossible-length", command_length: 7 });
  });
});

describe("requests of the peer", () => {
  it("are handed on and answered with their sequence number", async () => {
    const { connection, requests, heard, say } = await setUp();
    say({ command: "deliver_sm", sequence_number: 99, body: { short_message: Buffer.from("hi") } });
    const request = await requests.next();
    expect(request).toMatchObject({ command: "deliver_sm", body: { short_message: Buffer.from("hi") } });
    connection.respond(request, { command_status: 0x64 });
    expect(await heard.next()).toMatchObject({
      command: "deliver_sm_resp",
      command_status: 0x64,
      sequence_number: 99,
    });
  });

  it("that are unknown or broken are refused by generic_nack or their own response, and the session lives", async () => {
    const { pair, heard, faults, say } = await setUp();
    pair.far.write(Buffer.from("00000010000000990000000000000005", "hex"));
    expect(await heard.next()).toMatchObject({
      command: "generic_nack",
      command_status: 3,
      sequence_number: 5,
    });
    expect(await faults.next()).toMatchObject({ kind: "malformed" });
    say({ command: "enquire_link", sequence_number: 6 });
    expect(await heard.next()).toMatchObject({ command: "enquire_link_resp", sequence_number: 6 });
  });

  it("stay in the socket while reading is paused", async () => {
    const { connection, requests, heard, say } = await setUp();
    connection.pauseReading();
    say({ command: "deliver_sm", sequence_number: 1 });
    const probe = connection.request(SUBMIT);
    await heard.next();
    expect(requests.items).toEqual([]);
    connection.resumeReading();
    expect((await requests.next()).sequence_number).toBe(1);
    connection.destroy({ kind: "dropped" });
    await probe;
  });
});

describe("P20 the link watch", () => {
  const watched = { enquireLinkIntervalMs: 10_000 };

  it("asks after a silence and is content with an answer", async () => {
    const { clock, heard, say, requests, connection } = await setUp(watched);
    clock.advance(9_999);
    expect(heard.items).toEqual([]);
    clock.advance(1);
    for (let round = 0; round < 5; round++) {
      const { command, sequence_number } = await heard.next();
      expect(command).toBe("enquire_link");
      say({ command: "enquire_link_resp", sequence_number });
      say({ command: "deliver_sm", sequence_number: 1 });
      await requests.next();
      clock.advance(15_000);
    }
    expect(connection.isOpen).toBe(true);
  });

  it("does not ask a peer that talks", async () => {
    const { clock, heard, say, requests } = await setUp(watched);
    for (let i = 1; i < 10; i++) {
      clock.advance(9_000);
      say({ command: "deliver_sm", sequence_number: i });
      await requests.next();
    }
    expect(heard.items).toEqual([]);
  });

  it("gives up a link after the miss limit, and settles what was in flight", async () => {
    const { clock, connection, heard, closed } = await setUp({ ...watched, responseTimeoutMs: 60_000 });
    const outcome = connection.request(SUBMIT);
    await heard.next();
    clock.advance(10_000);
    expect((await heard.next()).command).toBe("enquire_link");
    clock.advance(5_000);
    expect((await heard.next()).command).toBe("enquire_link");
    clock.advance(4_999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(await closed.next()).toEqual({ kind: "silent" });
    expect(await outcome).toEqual({ kind: "lost", written: true });
    expect(clock.waiting).toBe(0);
  });

  it("rests while reading is paused", async () => {
    const { clock, connection, heard } = await setUp(watched);
    connection.pauseReading();
    clock.advance(1_000_000);
    expect(connection.isOpen).toBe(true);
    connection.resumeReading();
    clock.advance(9_999);
    expect(heard.items).toEqual([]);
  });
});

describe("a peer that does not read", () => {
  it("P23 is not read either, so that answers to it do not pile up", async () => {
    const { pair } = await setUp();
    pair.far.pause();
    const enquiry = encodePdu({ command: "enquire_link", sequence_number: 1 });
    const many = Buffer.concat(Array.from({ length: 4_000 }, () => enquiry));
    for (let sent = 0; sent < 1_000 && !pair.near.isPaused(); sent++) {
      pair.far.write(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pair.near.isPaused()).toBe(true);
    pair.far.resume();
    await new Promise((resolve) => pair.near.once("resume", resolve));
  });

  it("leaves requests unwritten, and they say so when they time out", async () => {
    const { connection, clock, pair, heard } = await setUp({ window: 1_000_000 });
    pair.far.pause();
    const payload = { ...SUBMIT, tlvs: { message_payload: Buffer.alloc(60_000) } };
    const outcomes: ReturnType<typeof connection.request>[] = [];
    for (let i = 0; i < 400; i++) outcomes.push(connection.request(payload));
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(30_000);
    const kinds = new Set((await Promise.all(outcomes)).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["timeout", "lost"]));
    pair.far.resume();
    await heard.next();
    connection.destroy({ kind: "dropped" });
  });
});

describe("whoever may lose the right to write", () => {
  it("is asked again for what waited in the outgoing buffer; what is withheld then was never written", async () => {
    let mayWrite = true;
    const { connection, pair, heard } = await setUp({ window: 1_000, mayWrite: () => mayWrite });
    pair.far.pause();
    const payload = { ...SUBMIT, tlvs: { message_payload: Buffer.alloc(60_000) } };
    const outcomes = Array.from({ length: 400 }, () => connection.request(payload));
    await new Promise(setImmediate);
    expect(pair.near.writableNeedDrain).toBe(true);
    mayWrite = false;
    pair.far.resume();
    expect(await Promise.race(outcomes)).toEqual({ kind: "lost", written: false });
    const { inFlight } = connection;
    expect(inFlight).toBeGreaterThan(0);
    expect(inFlight).toBeLessThan(400);
    connection.nack(7, 3);
    const commands: string[] = [];
    while (commands.at(-1) !== "generic_nack") commands.push((await heard.next()).command);
    expect(commands).toHaveLength(inFlight + 1);
  });
});
