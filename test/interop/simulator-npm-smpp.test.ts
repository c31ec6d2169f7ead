/** The SMSC simulator against the client of npm's `smpp`, and both codecs against each other's octets. */
import { createRequire } from "node:module";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { decodePdu } from "../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../src/smpp/encode-pdu.ts";
import { parseReceiptText } from "../../src/smpp/receipt-text.ts";
import { type Simulator, startSimulator } from "../../src/smsc/start-simulator.ts";

type Fields = Readonly<Record<string, unknown>>;
type NpmPdu = Fields & {
  readonly command_status: number;
  response(fields?: Fields): NpmPdu;
  toBuffer(): Buffer;
};
type Call = (fields: Fields, onAnswer: (pdu: NpmPdu) => void) => boolean;

interface NpmSession {
  on(event: string, listener: (pdu: NpmPdu) => void): void;
  send(pdu: NpmPdu): boolean;
  close(): void;
  readonly bind_transceiver: Call;
  readonly submit_sm: Call;
  readonly query_sm: Call;
  readonly enquire_link: Call;
  readonly unbind: Call;
}

interface NpmSmpp {
  connect(options: { readonly url: string }, onConnect: () => void): NpmSession;
  readonly PDU: (new (command: string, fields: Fields) => NpmPdu) & { fromBuffer(octets: Buffer): NpmPdu };
}

const smpp = createRequire(import.meta.url)("smpp") as NpmSmpp;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Command = Exclude<keyof NpmSession, "on" | "send" | "close">;

async function connectNpm(simulator: Simulator) {
  const session = await new Promise<NpmSession>((resolve) => {
    const made = smpp.connect({ url: `smpp://127.0.0.1:${simulator.port}` }, () => resolve(made));
  });
  session.on("error", () => {});
  cleanups.push(() => session.close());
  const ask = (command: Command, fields: Fields = {}) =>
    new Promise<NpmPdu>((resolve) => {
      session[command](fields, resolve);
    });
  return { session, ask };
}

async function start(): Promise<Simulator> {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 0 });
  cleanups.push(() => simulator.stop());
  return simulator;
}

describe("npm's smpp as a client of the simulator", () => {
  it("binds, sends, gets its receipt, asks and unbinds", async () => {
    const simulator = await start();
    const { session, ask } = await connectNpm(simulator);
    const receipts = new Promise<NpmPdu>((resolve) => {
      session.on("deliver_sm", (pdu) => {
        session.send(pdu.response());
        resolve(pdu);
      });
    });
    const bound = await ask("bind_transceiver", { system_id: "npm", password: "x", interface_version: 0x34 });
    expect(bound).toMatchObject({ command_status: 0, sc_interface_version: 0x34 });
    const answer = await ask("submit_sm", {
      source_addr: "Acme",
      destination_addr: "4790000001",
      registered_delivery: 1,
      data_coding: 8,
      short_message: "Привет",
      user_message_reference: 300,
    });
    expect(answer.command_status).toBe(0);
    const receipt = await receipts;
    expect(receipt).toMatchObject({
      esm_class: 4,
      receipted_message_id: answer["message_id"],
      message_state: 2,
      user_message_reference: 300,
      source_addr: "4790000001",
    });
    const { message } = receipt["short_message"] as { readonly message: string };
    expect(parseReceiptText(message)).toMatchObject({ id: answer["message_id"], stat: "DELIVRD" });
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    expect(simulator.received()[0]).toMatchObject({ text: "Привет", state: "DELIVRD" });
    const query = await ask("query_sm", { message_id: answer["message_id"], source_addr: "Acme" });
    expect(query).toMatchObject({ command_status: 0, message_state: 2 });
    expect((await ask("enquire_link")).command_status).toBe(0);
    expect((await ask("unbind")).command_status).toBe(0);
    await simulator.waitUntil(({ closed }) => closed === 1);
    expect(simulator.counters()).toMatchObject({ faults: 0, drops: 0 });
  });

  it("gets the refusals of the rules", async () => {
    const simulator = await start();
    const { ask } = await connectNpm(simulator);
    await ask("bind_transceiver", { system_id: "npm", password: "x" });
    expect((await ask("submit_sm", { destination_addr: "479099015" })).command_status).toBe(0x14);
    expect((await ask("submit_sm", { destination_addr: "" })).command_status).toBe(0x0b);
  });
});

describe("the two codecs", () => {
  const address = fc.stringMatching(/^[0-9A-Za-z]{0,20}$/);
  const octet = fc.integer({ min: 0, max: 255 });
  const fields = fc.record({
    service_type: fc.stringMatching(/^[A-Z]{0,5}$/),
    source_addr_ton: octet,
    source_addr_npi: octet,
    source_addr: address,
    dest_addr_ton: octet,
    dest_addr_npi: octet,
    destination_addr: address,
    protocol_id: octet,
    priority_flag: octet,
    registered_delivery: octet,
    replace_if_present_flag: octet,
    sm_default_msg_id: octet,
  });
  const tlvs = fc.record(
    {
      user_message_reference: fc.integer({ min: 0, max: 0xffff }),
      sar_msg_ref_num: fc.integer({ min: 0, max: 0xffff }),
      sar_total_segments: octet,
      message_state: octet,
      receipted_message_id: address,
      qos_time_to_live: fc.integer({ min: 0, max: 0xffffffff }),
    },
    { requiredKeys: [] },
  );
  /** data_coding 4 is octets to both; npm's codec would decode texts. */
  const binary = { esm_class: 0, data_coding: 4 };

  it("write the same octets and read each other's", () => {
    fc.assert(
      fc.property(fields, tlvs, fc.uint8Array({ maxLength: 140 }), (body, parameters, data) => {
        const short_message = Buffer.from(data);
        const sequence_number = 7;
        const ours = encodePdu({
          command: "submit_sm",
          sequence_number,
          body: { ...body, ...binary, short_message },
          tlvs: parameters,
        });
        const theirs = smpp.PDU.fromBuffer(ours);
        expect(theirs).toMatchObject({ command: "submit_sm", sequence_number, ...body, ...parameters });
        expect((theirs["short_message"] as { readonly message: Buffer }).message).toEqual(short_message);

        const written = new smpp.PDU("submit_sm", {
          sequence_number,
          ...body,
          ...binary,
          short_message,
          ...parameters,
        });
        const result = decodePdu(written.toBuffer());
        expect(result).toMatchObject({
          kind: "pdu",
          pdu: { sequence_number, body: { ...body, ...binary, short_message }, tlvs: parameters },
        });
      }),
      { numRuns: 300 },
    );
  });
});
