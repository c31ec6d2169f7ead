import { describe, expect, it } from "vitest";
import { encodePdu } from "../../../../src/smpp/encode-pdu.ts";
import type { PduContent } from "../../../../src/smpp/pdu.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";
import { gatewayId, submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

const text =
  "id:2591 sub:001 dlvrd:001 submit date:2401010000 done date:2401010001 stat:DELIVRD err:000 text:Hi";

function receipt(
  fields: PduContent<"deliver_sm">["body"] & object = {},
  tlvs: PduContent<"deliver_sm">["tlvs"] & object = {},
): Omit<PduContent<"deliver_sm">, "command"> {
  const body = {
    esm_class: 4,
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: "4790000001",
    destination_addr: "Acme",
    short_message: Buffer.from(text),
    ...fields,
  };
  return { body, tlvs };
}

const answeredWith = (command_status: number) => ({ kind: "response", pdu: { command_status } });

describe("receipts", () => {
  it("are answered ESME_ROK only after they are stored", async () => {
    const { session, listener } = await bind();
    const stored = Promise.withResolvers<void>();
    listener.storing = () => stored.promise;
    let isAnswered = false;
    const answer = session.deliver(receipt()).then((outcome) => {
      isAnswered = true;
      return outcome;
    });
    await listener.receipts.next();
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    stored.resolve();
    expect(await answer).toMatchObject(answeredWith(0));
  });

  it("stay with the SMSC (0x64) when the store refuses them, and come again", async () => {
    const { session, listener } = await bind();
    listener.storing = () => Promise.reject(new Error("disk full"));
    expect(await session.deliver(receipt())).toMatchObject(answeredWith(0x64));
    listener.storing = () => Promise.resolve();
    expect(await session.deliver(receipt())).toMatchObject(answeredWith(0));
  });

  it("P1 carry the id as sent and the key in the gateway's form", async () => {
    const { session, listener, clock } = await bind({
      messageIdForm: { response: "hex", receipt: "decimal" },
    });
    await session.deliver(receipt());
    expect(await listener.receipts.next()).toEqual({
      gatewayId,
      smscMessageId: "2591",
      matchKey: "2591",
      otherId: undefined,
      recipient: "4790000001",
      sender: "Acme",
      submitTimeMs: Date.UTC(2024, 0, 1),
      verdict: "DELIVERED",
      stat: "DELIVRD",
      err: "000",
      networkError: undefined,
      doneTimeMs: Date.UTC(2024, 0, 1, 0, 1),
      carrier: undefined,
      arrivalTimeMs: clock.now(),
      waitMs: 30_000,
      raw: new Uint8Array(Buffer.from(text)),
      coversAllParts: false,
    });
  });

  it("keep their octets after the next PDU has come", async () => {
    const { session, listener } = await bind();
    await session.deliver(receipt());
    const first = await listener.receipts.next();
    await session.deliver(receipt({ short_message: Buffer.from(text.replaceAll("2591", "9999")) }));
    expect(Buffer.from(first.raw).toString()).toBe(text);
  });

  it("P4 come on any session of the gateway", async () => {
    const { smsc, session, gateway, listener } = await bind({ sessions: 2 });
    const sibling = await smsc.sessions.next();
    while (gateway.figures().boundSessions < 2) await listener.rooms.next();
    for (const each of [session, sibling]) {
      expect(await each.deliver(receipt())).toMatchObject(answeredWith(0));
      expect((await listener.receipts.next()).gatewayId).toBe(gatewayId);
    }
  });

  it("P5 are never made by a subscriber's own text", async () => {
    const { session, listener } = await bind();
    await session.deliver(receipt({ esm_class: 0 }));
    expect((await listener.incoming.next()).text).toBe(text);
    expect(listener.receipts.waiting).toEqual([]);
  });

  it("P5 are taken from plain text only where the gateway says so, and from their own TLVs always", async () => {
    const opted = await bind({ plainTextReceipts: true });
    await opted.session.deliver(receipt({ esm_class: 0 }));
    expect((await opted.listener.receipts.next()).matchKey).toBe("2591");
    const plain = await bind();
    const tlvs = { receipted_message_id: "77", message_state: 5 };
    await plain.session.deliver(receipt({ esm_class: 0, short_message: Buffer.alloc(0) }, tlvs));
    expect(await plain.listener.receipts.next()).toMatchObject({
      smscMessageId: "77",
      verdict: "UNDELIVERABLE",
      stat: "UNDELIV",
    });
  });

  it("P6 that name no message are kept raw and answered ESME_ROK", async () => {
    const { session, listener } = await bind();
    const answer = await session.deliver(receipt({ short_message: Buffer.from("Delivered, thank you") }));
    expect(answer).toMatchObject(answeredWith(0));
    expect(Buffer.from(await listener.unparsable.next()).toString()).toBe("Delivered, thank you");
  });

  it("P7 are read though data_coding says UCS-2", async () => {
    const { session, listener } = await bind();
    await session.deliver(receipt({ data_coding: 8 }));
    await session.deliver(receipt({ data_coding: 8, short_message: Buffer.from(text, "utf16le").swap16() }));
    for (const _ of [1, 2]) {
      expect(await listener.receipts.next()).toMatchObject({ matchKey: "2591", verdict: "DELIVERED" });
    }
  });

  it("tell every state, and ACCEPTD by the gateway's setting", async () => {
    const verdicts = async (acceptedMeans: "intermediate" | "delivered") => {
      const { session, listener } = await bind({ acceptedMeans });
      const found: string[] = [];
      const stats = [
        "DELIVRD",
        "EXPIRED",
        "DELETED",
        "UNDELIV",
        "FAILED",
        "REJECTD",
        "ACCEPTD",
        "ENROUTE",
        "UNKNOWN",
        "BLAH",
      ];
      for (const stat of stats) {
        await session.deliver(receipt({ short_message: Buffer.from(`id:1 stat:${stat}`) }));
        found.push((await listener.receipts.next()).verdict);
      }
      return found;
    };
    const common = ["DELIVERED", "EXPIRED", "UNDELIVERABLE", "UNDELIVERABLE", "UNDELIVERABLE", "REJECTED"];
    const open = ["RECORDED", "RECORDED", "RECORDED"];
    expect(await verdicts("intermediate")).toEqual([...common, "RECORDED", ...open]);
    expect(await verdicts("delivered")).toEqual([...common, "DELIVERED", ...open]);
  });

  it("are recorded and never final as intermediate notifications (0x20)", async () => {
    const { session, listener } = await bind();
    await session.deliver(receipt({ esm_class: 0x20 }));
    expect((await listener.receipts.next()).verdict).toBe("RECORDED");
  });

  it("come in message_payload and in data_sm as well", async () => {
    const { session, listener } = await bind();
    const payload = { message_payload: Buffer.from(text) };
    await session.deliver(receipt({ short_message: Buffer.alloc(0) }, payload));
    const answer = await session.connection.request({
      command: "data_sm",
      body: { esm_class: 4, source_addr: "4790000001" },
      tlvs: payload,
    });
    expect(answer).toMatchObject({ kind: "response", pdu: { command: "data_sm_resp", command_status: 0 } });
    for (const _ of [1, 2]) expect((await listener.receipts.next()).matchKey).toBe("2591");
  });

  it("tell carrier, network error and a covering receipt as the gateway is set", async () => {
    const { session, listener } = await bind({
      carrierTlv: 0x1403,
      receipts: "one",
      receiptUtcOffsetMinutes: 60,
    });
    const error = { network_error_code: Buffer.from([3, 0x01, 0x02]) };
    const carrier = { tag: 0x1403, value: Buffer.from("24201\0") };
    await session.deliver({ ...receipt({}, error), rawTlvs: [carrier] });
    expect(await listener.receipts.next()).toMatchObject({
      carrier: "24201",
      networkError: { type: 3, code: 0x0102 },
      coversAllParts: true,
      doneTimeMs: Date.UTC(2024, 0, 1, 0, 1) - 3_600_000,
    });
    await session.deliver({ ...receipt(), rawTlvs: [{ tag: 0x1403, value: Buffer.from("Telenor") }] });
    expect((await listener.receipts.next()).carrier).toBeUndefined();
  });

  it("P23 are read no further while a bound of them is not stored, and no answer is held against the SMSC", async () => {
    const { session, listener, gateway, clock } = await bind({
      maxUnansweredDeliveries: 4,
      responseTimeoutMs: 1_000,
      enquireLinkIntervalMs: 1_000,
      enquireLinkTimeoutMs: 100,
    });
    const stores = createSignalQueue<() => void>();
    listener.storing = () => new Promise((resolve) => stores.push(resolve));
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    const answers = Array.from({ length: 4 }, () => session.deliver(receipt()));
    for (let count = 0; count < 4; count += 1) await listener.receipts.next();
    session.answer(submit, { id: "1" });
    const more = Array.from({ length: 3 }, () => session.deliver(receipt()));
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(listener.receipts.waiting).toHaveLength(0);
    clock.advance(60_000);
    expect(gateway.status().kind).toBe("ready");
    for (let count = 0; count < 7; count += 1) (await stores.next())();
    expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "1" }]);
    for (const answer of await Promise.all([...answers, ...more]))
      expect(answer).toMatchObject(answeredWith(0));
  });

  it("are stored and answered before the gateway unbinds", async () => {
    const { session, listener, gateway } = await bind();
    const stored = Promise.withResolvers<void>();
    listener.storing = () => stored.promise;
    const answer = session.deliver(receipt());
    await listener.receipts.next();
    const stopped = gateway.stop(5_000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(session.connection.isOpen).toBe(true);
    stored.resolve();
    expect(await answer).toMatchObject(answeredWith(0));
    await stopped;
  });
});

describe("messages from handsets", () => {
  it("are read by the gateway's alphabet and answered after they are stored", async () => {
    const { session, listener, clock } = await bind();
    const answer = await session.deliver({
      body: {
        source_addr: "4790000001",
        destination_addr: "12345",
        short_message: Buffer.from([0x00, 0x48, 0x69]),
      },
    });
    expect(answer).toMatchObject(answeredWith(0));
    expect(await listener.incoming.next()).toEqual({
      gatewayId,
      from: "4790000001",
      to: "12345",
      dataCoding: 0,
      text: "@Hi",
      data: new Uint8Array([0x00, 0x48, 0x69]),
      udh: new Uint8Array(0),
      concatenation: undefined,
      arrivalTimeMs: clock.now(),
    });
  });

  it("P37 tell their part from any place in the header, or from SAR parameters", async () => {
    const { session, listener } = await bind();
    const header = [0x0b, 0x05, 0x04, 0x0b, 0x84, 0x23, 0xf0, 0x00, 0x03, 0x2a, 0x02, 0x01];
    const fields = { data_coding: 8, short_message: Buffer.from([...header, 0x04, 0x16]) };
    await session.deliver({ body: { ...fields, esm_class: 0x40 } });
    expect(await listener.incoming.next()).toMatchObject({
      text: "\u0416",
      udh: new Uint8Array(header),
      data: new Uint8Array([0x04, 0x16]),
      concatenation: { reference: 0x2a, total: 2, sequence: 1 },
    });
    await session.deliver({
      body: { short_message: Buffer.from("b") },
      tlvs: { sar_msg_ref_num: 300, sar_total_segments: 2, sar_segment_seqnum: 2 },
    });
    expect((await listener.incoming.next()).concatenation).toEqual({
      reference: 300,
      total: 2,
      sequence: 2,
    });
  });

  it("keep the octets of a header that contradicts them", async () => {
    const { session, listener } = await bind();
    await session.deliver({ body: { esm_class: 0x40, short_message: Buffer.from([0x20, 0x00, 0x03]) } });
    expect(await listener.incoming.next()).toMatchObject({
      text: undefined,
      data: new Uint8Array([0x20, 0x00, 0x03]),
      udh: new Uint8Array(0),
    });
  });

  it("that share a packet are both taken, in order", async () => {
    const { session, listener } = await bind();
    session.connection.writeRaw(
      Buffer.concat([
        encodePdu({ command: "deliver_sm", sequence_number: 900, body: { short_message: Buffer.from("1") } }),
        encodePdu({ command: "deliver_sm", sequence_number: 901, body: { short_message: Buffer.from("2") } }),
      ]),
    );
    expect([(await listener.incoming.next()).text, (await listener.incoming.next()).text]).toEqual([
      "1",
      "2",
    ]);
  });
});
