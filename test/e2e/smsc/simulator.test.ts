import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { IncomingRequest } from "../../../src/smpp/connection-options.ts";
import { readInbound } from "../../../src/smpp/read-inbound.ts";
import { formatAbsoluteTime, formatRelativeTime } from "../../../src/smpp/smpp-time.ts";
import type { SimulatorOptions } from "../../../src/smsc/options.ts";
import { createRandom } from "../../../src/smsc/random.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { connectEsme, type Esme, type EsmeOptions, idOf, submitTo } from "../../support/esme.ts";

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
});

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 0, ...options });
  running.push(simulator);
  return simulator;
}

async function bind(simulator: Simulator, options: Partial<EsmeOptions> = {}): Promise<Esme> {
  const { esme, bound } = await connectEsme({ port: simulator.port, ...options });
  expect(bound).toMatchObject({ kind: "response", pdu: { command_status: 0 } });
  return esme;
}

function receiptIn(request: IncomingRequest) {
  if (request.command !== "deliver_sm") throw new Error(`a ${request.command}`);
  const inbound = readInbound(request);
  if (inbound.kind === "handset") throw new Error("no receipt");
  return { kind: inbound.kind, ...inbound.receipt, body: request.body, tlvs: request.tlvs };
}

describe("the simulator", () => {
  it("binds, accepts, and sends a receipt with text and optional parameters", async () => {
    const simulator = await start();
    const { esme, bound } = await connectEsme({ port: simulator.port });
    expect(bound).toMatchObject({
      pdu: { command: "bind_transceiver_resp", tlvs: { sc_interface_version: 0x34 } },
    });
    const id = idOf(
      await esme.connection.request(submitTo("4790000001", {}, { user_message_reference: 77 })),
    );
    const receipt = receiptIn(await esme.next());
    expect(receipt).toMatchObject({
      kind: "receipt",
      messageId: id,
      verdict: "delivered",
      stat: "DELIVRD",
      messageState: 2,
      err: "000",
      userMessageReference: 77,
      body: { source_addr: "4790000001", destination_addr: "Acme", dest_addr_ton: 5 },
    });
    expect(receipt.rawText).toMatch(
      /^id:\d+ sub:001 dlvrd:001 submit date:\d{10} done date:\d{10} stat:DELIVRD err:000 text:Hello$/,
    );
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    expect(simulator.counters()).toMatchObject({ submits: 1, accepted: 1, receiptsSent: 1, drops: 0 });
    expect(simulator.sessions()).toMatchObject([{ systemId: "esme", bindType: "transceiver" }]);
  });

  it("shows what it received, with texts and parts, in the order of arrival", async () => {
    const simulator = await start();
    const { connection } = await bind(simulator);
    const utf16 = Buffer.from("Łódź", "utf16le").swap16();
    const header = Buffer.from([5, 0, 3, 9, 2, 1]);
    await Promise.all([
      connection.request(submitTo("4790000001")),
      connection.request(submitTo("4790000002", { data_coding: 8, short_message: utf16 })),
      connection.request(
        submitTo("4790000003", {
          esm_class: 0x40,
          short_message: Buffer.concat([header, Buffer.from("one")]),
        }),
      ),
      connection.request(
        submitTo("4790000003", {}, { sar_msg_ref_num: 7, sar_total_segments: 2, sar_segment_seqnum: 2 }),
      ),
      connection.request(submitTo("nobody")),
    ]);
    expect(
      simulator.received().map(({ order, destination, text, part, commandStatus }) => ({
        order,
        destination,
        text,
        part: part && [part.reference, part.total, part.sequence],
        commandStatus,
      })),
    ).toEqual([
      { order: 0, destination: "4790000001", text: "Hello", part: undefined, commandStatus: 0 },
      { order: 1, destination: "4790000002", text: "Łódź", part: undefined, commandStatus: 0 },
      { order: 2, destination: "4790000003", text: "one", part: [9, 2, 1], commandStatus: 0 },
      { order: 3, destination: "4790000003", text: "Hello", part: [7, 2, 2], commandStatus: 0 },
      { order: 4, destination: "nobody", text: "Hello", part: undefined, commandStatus: 0x0b },
    ]);
  });

  it("decides outcomes by the end of the number", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    const outcomes: string[] = [];
    for (const end of ["99001", "99002", "99003", "99004", "99005", "99006"]) {
      await esme.connection.request(submitTo(`4790${end}`));
      const { stat, err, networkError } = receiptIn(await esme.next());
      outcomes.push(`${stat} ${err} ${networkError?.code ?? "-"}`);
    }
    expect(outcomes).toEqual([
      "UNDELIV 001 1",
      "EXPIRED 027 27",
      "REJECTD 013 13",
      "DELETED 000 -",
      "UNKNOWN 000 -",
      "ACCEPTD 000 -",
    ]);
    const refused = await esme.connection.request(submitTo("479099014"));
    expect(refused).toMatchObject({ kind: "response", pdu: { command_status: 0x58 } });
    expect(simulator.counters()).toMatchObject({ accepted: 6, refused: 1 });
  });

  it("delivers the share it is told to, and the same messages with the same seed", async () => {
    const runs: string[] = [];
    for (let run = 0; run < 2; run++) {
      const simulator = await start({ deliveryRate: 0.5, seed: 42 });
      const { connection } = await bind(simulator);
      for (let i = 0; i < 40; i++) void connection.request(submitTo(`47900000${10 + i}`));
      await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 40);
      runs.push(
        simulator
          .received()
          .map(({ state }) => state)
          .join(),
      );
    }
    expect(runs[0]).toBe(runs[1]);
    expect(runs[0]).toContain("DELIVRD");
    expect(runs[0]).toContain("UNDELIV");
  });

  it("sends receipts only as asked: none, all, failures, and intermediate notifications", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    await esme.connection.request(submitTo("4790000001", { registered_delivery: 0 }));
    await esme.connection.request(submitTo("4790000002", { registered_delivery: 2 }));
    await esme.connection.request(submitTo("479099001", { registered_delivery: 2 }));
    expect(receiptIn(await esme.next()).stat).toBe("UNDELIV");
    await esme.connection.request(submitTo("4790000003", { registered_delivery: 0x11 }));
    expect(receiptIn(await esme.next())).toMatchObject({ kind: "intermediate", stat: "ENROUTE" });
    expect(receiptIn(await esme.next())).toMatchObject({ kind: "receipt", stat: "DELIVRD" });
    expect(esme.requests).toHaveLength(3);
  });

  it("lets a message expire whose validity is shorter than its way", async () => {
    const simulator = await start({ receiptDelayMs: 60_000 });
    const esme = await bind(simulator);
    await esme.connection.request(submitTo("4790000001", { validity_period: formatRelativeTime(0) }));
    expect(receiptIn(await esme.next()).stat).toBe("EXPIRED");
    const past = formatAbsoluteTime(Date.now() - 5_000);
    await esme.connection.request(submitTo("4790000001", { validity_period: past }));
    expect(receiptIn(await esme.next()).stat).toBe("EXPIRED");
  });

  it("writes ids in the configured notations", async () => {
    const messageIds = { response: "decimal", receipt: "upperHex" } as const;
    const simulator = await start({ firstMessageNumber: 2591, messageIds });
    const esme = await bind(simulator);
    expect(idOf(await esme.connection.request(submitTo("4790000001")))).toBe("2591");
    expect(receiptIn(await esme.next())).toMatchObject({ messageId: "A1F" });
  });

  it("P4 sends receipts to any receiver of the account, and to no other account", async () => {
    const simulator = await start();
    const transmitter = await bind(simulator, { bind: "bind_transmitter" });
    const receiver = await bind(simulator, { bind: "bind_receiver" });
    const stranger = await bind(simulator, { systemId: "other" });
    const id = idOf(await transmitter.connection.request(submitTo("4790000001")));
    expect(receiptIn(await receiver.next()).messageId).toBe(id);
    const refused = await receiver.connection.request(submitTo("4790000001"));
    expect(refused).toMatchObject({ kind: "response", pdu: { command_status: 0x04 } });
    expect(transmitter.requests).toEqual([]);
    expect(stranger.requests).toEqual([]);
  });

  it("queues receipts while no receiver is bound, up to its bound", async () => {
    const simulator = await start({ maxQueuedReceipts: 3 });
    const transmitter = await bind(simulator, { bind: "bind_transmitter" });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(idOf(await transmitter.connection.request(submitTo("4790000001"))));
    await simulator.waitUntil(({ receiptsDropped }) => receiptsDropped === 2);
    expect(simulator.waitingReceipts()).toBe(3);
    const receiver = await bind(simulator, { bind: "bind_receiver" });
    for (const id of ids.slice(2)) expect(receiptIn(await receiver.next()).messageId).toBe(id);
  });

  it("sends a receipt again after a temporary refusal and after a lost session, not after a final one", async () => {
    const simulator = await start({ receiptRetryMs: 1 });
    let refusals = 2;
    const esme = await bind(simulator, { answer: () => (refusals-- > 0 ? 0x64 : 0) });
    await esme.connection.request(submitTo("4790000001"));
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    expect(simulator.counters()).toMatchObject({ receiptsSent: 3, receiptsRetried: 2, receiptsDropped: 0 });
    esme.connection.destroy({ kind: "dropped" });

    const silent = await bind(simulator, { answer: () => undefined });
    const id = idOf(await silent.connection.request(submitTo("4790000002")));
    await silent.next();
    silent.connection.destroy({ kind: "dropped" });
    const refusing = await bind(simulator, { answer: () => 0x65 });
    expect(receiptIn(await refusing.next()).messageId).toBe(id);
    await simulator.waitUntil(({ receiptsDropped }) => receiptsDropped === 1);
  });

  it("keeps its window towards the ESME", async () => {
    const simulator = await start({ window: 2 });
    const esme = await bind(simulator, { answer: () => undefined });
    for (let i = 0; i < 5; i++) await esme.connection.request(submitTo("4790000001"));
    const first = await esme.next();
    await esme.next();
    await simulator.waitUntil(({ receiptsQueued }) => receiptsQueued === 5);
    expect(esme.requests).toHaveLength(2);
    esme.connection.respond(first);
    await esme.next();
    expect(simulator.sessions()[0]?.inFlight).toBe(2);
  });

  it("paces receipts", async () => {
    const simulator = await start({ receiptsPerSecond: 100 });
    const esme = await bind(simulator);
    const begun = performance.now();
    for (let i = 0; i < 30; i++) void esme.connection.request(submitTo("4790000001"));
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 30);
    expect(performance.now() - begun).toBeGreaterThan(180);
  });

  it("sends handset messages, long ones in parts", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    const text = "x".repeat(161);
    const outcomes = await simulator.sendFromHandset({
      source: "4790000001",
      destination: "1960",
      content: { kind: "text", text },
    });
    expect(outcomes).toEqual([{ kind: "acknowledged" }, { kind: "acknowledged" }]);
    const parts = esme.requests.map((request) =>
      request.command === "deliver_sm" ? request.body : undefined,
    );
    expect(parts.map((body) => [body?.esm_class, body?.short_message.length])).toEqual([
      [0x40, 159],
      [0x40, 14],
    ]);
    expect(parts[0]).toMatchObject({ source_addr: "4790000001", destination_addr: "1960", dest_addr_ton: 3 });
  });

  it("answers query_sm, cancel_sm and replace_sm", async () => {
    const simulator = await start({ receiptDelayMs: 60_000 });
    const esme = await bind(simulator);
    const message_id = idOf(await esme.connection.request(submitTo("4790000001")));
    const body = { message_id, source_addr: "Acme" };
    const query = () => esme.connection.request({ command: "query_sm", body });
    expect(await query()).toMatchObject({
      pdu: { command_status: 0, body: { message_id, message_state: 1 } },
    });
    expect(
      await esme.connection.request({
        command: "replace_sm",
        body: { ...body, registered_delivery: 1, short_message: Buffer.from("Bye") },
      }),
    ).toMatchObject({ pdu: { command_status: 0 } });
    expect(simulator.received()[0]?.text).toBe("Bye");
    const cancel = () => esme.connection.request({ command: "cancel_sm", body });
    expect(await cancel()).toMatchObject({ pdu: { command_status: 0 } });
    expect(receiptIn(await esme.next())).toMatchObject({ stat: "DELETED", messageId: message_id });
    expect(await cancel()).toMatchObject({ pdu: { command_status: 0x11 } });
    expect(await query()).toMatchObject({ pdu: { body: { message_state: 4 } } });
    expect(
      await esme.connection.request({ command: "query_sm", body: { ...body, source_addr: "Other" } }),
    ).toMatchObject({ pdu: { command_status: 0x67 } });
    expect(await esme.connection.request({ command: "replace_sm", body })).toMatchObject({
      pdu: { command_status: 0x13 },
    });
  });

  it("takes data_sm", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    const outcome = await esme.connection.request({
      command: "data_sm",
      body: { source_addr: "Acme", destination_addr: "4790000001", registered_delivery: 1 },
      tlvs: { message_payload: Buffer.from("Hello") },
    });
    const messageId = outcome.kind === "response" ? outcome.pdu.body.message_id : undefined;
    expect(receiptIn(await esme.next())).toMatchObject({ messageId, stat: "DELIVRD" });
    expect(simulator.received()[0]?.text).toBe("Hello");
  });

  it("checks who binds", async () => {
    const simulator = await start({
      accounts: [{ systemId: "esme", password: "secret", maxSessions: 1 }],
    });
    const { port } = simulator;
    const statusOf = async (options: Partial<EsmeOptions>) => {
      const { esme, bound } = await connectEsme({ port, ...options });
      if (bound.kind !== "response") throw new Error(bound.kind);
      return { esme, status: bound.pdu.command_status };
    };
    expect((await statusOf({ systemId: "nobody" })).status).toBe(0x0f);
    expect((await statusOf({ password: "wrong" })).status).toBe(0x0e);
    const { esme, status } = await statusOf({});
    expect(status).toBe(0);
    expect((await statusOf({})).status).toBe(0x0d);
    const again = await new Promise((resolve) => {
      const bind = { command: "bind_transceiver", body: { system_id: "esme" } } as const;
      esme.connection.bind(bind, 10_000, resolve);
    });
    expect(again).toMatchObject({ pdu: { command_status: 0x05 } });
    await esme.connection.unbind();
    await esme.closed;
    await simulator.waitUntil(() => simulator.sessions().every(({ bindType }) => bindType === undefined));
    expect((await statusOf({})).status).toBe(0);
  });

  it("closes what does not bind", async () => {
    const simulator = await start({
      bindTimeoutMs: 20,
      accounts: [{ systemId: "somebody", password: "else" }],
    });
    const { esme } = await connectEsme({ port: simulator.port });
    expect(await esme.closed).toEqual({ kind: "ended" });
  });

  it("sends no optional parameters to an ESME below version 3.4", async () => {
    const simulator = await start();
    const { esme, bound } = await connectEsme({ port: simulator.port, interfaceVersion: 0x33 });
    expect(bound).toMatchObject({ pdu: { tlvs: {} } });
    await esme.connection.request(submitTo("4790000001"));
    expect(receiptIn(await esme.next())).toMatchObject({ stat: "DELIVRD", tlvs: {} });
  });

  it("answers unknown commands with generic_nack and lives on", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    esme.connection.writeRaw(Buffer.from("00000010000001500000000000000009", "hex"));
    idOf(await esme.connection.request(submitTo("4790000001")));
    expect(esme.faults).toMatchObject([
      { kind: "unexpected-answer", pdu: { command: "generic_nack", command_status: 3, sequence_number: 9 } },
    ]);
  });

  it("P19 survives noise on one connection while another works on", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    const random = createRandom(7);
    for (let round = 0; round < 50; round++) {
      const noisy = await bind(simulator);
      const noise = Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)));
      if (round % 2 === 0) noise.writeUInt32BE(noise.length, 0);
      if (round % 4 === 0) noise.writeUInt32BE(round % 24, 4);
      noisy.connection.writeRaw(noise);
      idOf(await esme.connection.request(submitTo("4790000001")));
      noisy.connection.end({ kind: "dropped" });
      await noisy.closed;
    }
    await simulator.waitUntil(({ closed }) => closed === 50);
    expect(simulator.sessions()).toHaveLength(1);
    expect(simulator.counters().faults).toBeGreaterThan(0);
    expect(esme.connection.isOpen).toBe(true);
  });

  it("writes each submit to a file before it is answered", async () => {
    const folder = await mkdtemp(join(tmpdir(), "simulator-"));
    const recordTo = join(folder, "submits.jsonl");
    try {
      const simulator = await start({ recordTo });
      const { connection } = await bind(simulator);
      const id = idOf(await connection.request(submitTo("4790000001", {}, { user_message_reference: 5 })));
      const lines = readFileSync(recordTo, "utf8").trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        {
          id,
          commandStatus: 0,
          systemId: "esme",
          source: "Acme",
          destination: "4790000001",
          dataHex: Buffer.from("Hello").toString("hex"),
          userMessageReference: 5,
        },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("keeps the last messages only, and counts all", async () => {
    const simulator = await start({ maxReceived: 3 });
    const { connection } = await bind(simulator);
    for (let i = 0; i < 7; i++) await connection.request(submitTo(`479000000${i}`));
    expect(simulator.received().map(({ order }) => order)).toEqual([4, 5, 6]);
    expect(simulator.counters().accepted).toBe(7);
  });

  it("unbinds its sessions when it stops, and stopping twice is harmless", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    await Promise.all([simulator.stop(), simulator.stop()]);
    expect(await esme.closed).toEqual({ kind: "unbound", by: "peer" });
  });

  it("can be killed", async () => {
    const simulator = await start();
    const esme = await bind(simulator);
    await simulator.stop({ abruptly: true });
    expect(["ended", "error"]).toContain((await esme.closed).kind);
  });

  it("serves TLS", async () => {
    const folder = join(import.meta.dirname, "../../support/tls");
    const cert = readFileSync(join(folder, "smsc.cert.pem"));
    const key = readFileSync(join(folder, "smsc.key.pem"));
    const simulator = await start({ tls: { cert, key } });
    const socket = connect({
      port: simulator.port,
      host: "127.0.0.1",
      ca: cert,
      checkServerIdentity: () => undefined,
    });
    await once(socket, "secureConnect");
    const esme = await bind(simulator, { socket });
    idOf(await esme.connection.request(submitTo("4790000001")));
    expect(receiptIn(await esme.next()).stat).toBe("DELIVRD");
    await esme.connection.unbind();
    expect(await esme.closed).toEqual({ kind: "unbound", by: "us" });
  });

  it("says why it cannot start", async () => {
    const simulator = await start();
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow(/EADDRINUSE/);
  });
});
