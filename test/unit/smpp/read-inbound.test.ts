import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePdu } from "../../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import type { PduContent, PduOf } from "../../../src/smpp/pdu.ts";
import { type Inbound, type ReadInboundOptions, readInbound } from "../../../src/smpp/read-inbound.ts";
import {
  buildReceiptText,
  formatReceiptDate,
  parseReceiptDate,
  parseReceiptText,
} from "../../../src/smpp/receipt-text.ts";

type Body = NonNullable<PduContent<"deliver_sm">["body"]>;
type Tlvs = NonNullable<PduContent<"deliver_sm">["tlvs"]>;

function read(body: Body, tlvs: Tlvs = {}, options: ReadInboundOptions = {}): Inbound {
  const result = decodePdu(encodePdu({ command: "deliver_sm", sequence_number: 1, body, tlvs }));
  if (result.kind !== "pdu") throw new Error("malformed");
  return readInbound(result.pdu as PduOf<"deliver_sm">, options);
}

function receiptOf(text: string, tlvs: Tlvs = {}, options: ReadInboundOptions = {}) {
  const inbound = read({ esm_class: 0x04, short_message: Buffer.from(text, "latin1") }, tlvs, options);
  if (inbound.kind !== "receipt") throw new Error(`a ${inbound.kind}`);
  return inbound.receipt;
}

const PLAIN =
  "id:0A1F sub:001 dlvrd:001 submit date:2401021504 done date:2401021505 stat:DELIVRD err:000 text:Hello id:99 stat:EXPIRED";

describe("what a deliver_sm is", () => {
  it.each([
    [0x04, "receipt"],
    [0x44, "receipt"],
    [0x20, "intermediate"],
    [0x08, "delivery-acknowledgement"],
    [0x10, "user-acknowledgement"],
    [0x18, "conversation-abort"],
    [0x00, "message"],
    [0x40, "message"],
    [0x03, "message"],
  ])("esm_class %i makes a %s", (esm_class, expected) => {
    const inbound = read({ esm_class, short_message: Buffer.from("\0id:1 stat:DELIVRD") });
    expect(inbound.kind === "handset" ? inbound.origin : inbound.kind).toBe(expected);
  });

  it("P5 a subscriber's text that looks like a receipt is a message, unless plain text is trusted", () => {
    const body = { short_message: Buffer.from(PLAIN) };
    expect(read(body)).toEqual({ kind: "handset", origin: "message" });
    expect(read(body, {}, { trustPlainText: true })).toMatchObject({
      kind: "receipt",
      receipt: { messageId: "0A1F" },
    });
    expect(read({ short_message: Buffer.from("id:1 please") }, {}, { trustPlainText: true }).kind).toBe(
      "handset",
    );
  });

  it("receipted_message_id makes a receipt where esm_class says nothing", () => {
    expect(read({}, { receipted_message_id: "77", message_state: 2 })).toMatchObject({
      kind: "receipt",
      receipt: { messageId: "77", verdict: "delivered", stat: "DELIVRD", rawText: "" },
    });
    expect(read({ esm_class: 0x08 }, { receipted_message_id: "77" }).kind).toBe("handset");
  });

  it("is the same in data_sm and in message_payload", () => {
    const frame = encodePdu({
      command: "data_sm",
      sequence_number: 1,
      body: { esm_class: 4 },
      tlvs: { message_payload: Buffer.from(PLAIN) },
    });
    const result = decodePdu(frame);
    expect(result.kind === "pdu" && readInbound(result.pdu as PduOf<"data_sm">)).toMatchObject({
      kind: "receipt",
      receipt: { messageId: "0A1F", verdict: "delivered" },
    });
    expect(read({ esm_class: 4 }, { message_payload: Buffer.from(PLAIN) })).toMatchObject({
      receipt: { messageId: "0A1F", verdict: "delivered" },
    });
  });
});

describe("a receipt", () => {
  it("is read from the text of appendix B", () => {
    expect(receiptOf(PLAIN)).toEqual({
      messageId: "0A1F",
      verdict: "delivered",
      stat: "DELIVRD",
      messageState: undefined,
      err: "000",
      networkError: undefined,
      submitTimeMs: Date.UTC(2024, 0, 2, 15, 4),
      doneTimeMs: Date.UTC(2024, 0, 2, 15, 5),
      userMessageReference: undefined,
      rawText: PLAIN,
    });
  });

  it("P6 prefers its optional parameters to its text", () => {
    const receipt = receiptOf(PLAIN, {
      receipted_message_id: "a1f",
      message_state: 5,
      network_error_code: Buffer.from([3, 0x01, 0x02]),
      user_message_reference: 9,
    });
    expect(receipt).toMatchObject({
      messageId: "a1f",
      verdict: "undeliverable",
      messageState: 5,
      networkError: { type: 3, code: 0x102 },
      userMessageReference: 9,
    });
  });

  it("P6 falls back to the text when a parameter is empty or unheard of", () => {
    expect(receiptOf(PLAIN, { receipted_message_id: "", message_state: 200 })).toMatchObject({
      messageId: "0A1F",
      verdict: "delivered",
    });
  });

  it.each([
    ["DELIVRD", "delivered"],
    ["delivrd", "delivered"],
    ["EXPIRED", "expired"],
    ["DELETED", "undeliverable"],
    ["UNDELIV", "undeliverable"],
    ["FAILED", "undeliverable"],
    ["REJECTD", "rejected"],
    ["ENROUTE", "none"],
    ["ACCEPTD", "none"],
    ["UNKNOWN", "none"],
    ["WHATEVER", "none"],
  ])("stat:%s is %s", (stat, verdict) => {
    expect(receiptOf(`id:1 stat:${stat} err:1`)).toMatchObject({ verdict, stat });
  });

  it.each([
    [0, "none"],
    [1, "none"],
    [2, "delivered"],
    [3, "expired"],
    [4, "undeliverable"],
    [5, "undeliverable"],
    [6, "none"],
    [7, "none"],
    [8, "rejected"],
    [9, "undeliverable"],
    [10, "none"],
  ])("message_state %i is %s", (message_state, verdict) => {
    expect(receiptOf("", { receipted_message_id: "1", message_state }).verdict).toBe(verdict);
  });

  it.each([
    ["stat:DELIVRD id:5", "5", "DELIVRD"],
    ["err:001 stat:FAILED done date:2401021505 id:5", "5", "FAILED"],
    ["ID: 5 STAT: DELIVRD", "5", "DELIVRD"],
    ["id:5;sub:001;stat:DELIVRD;err:000", "5", "DELIVRD"],
    ["id:5\nstat:UNDELIV\r\nerr:", "5", "UNDELIV"],
    ["id:5 submit date: done date: stat:EXPIRED err: text:", "5", "EXPIRED"],
    ["text:hello there id:5 stat:DELIVRD", "5", "DELIVRD"],
    ["text:id:6 stat:EXPIRED x id:5 stat:DELIVRD", "5", "DELIVRD"],
    ["id:5 submit date:2024-01-02 15:04:05 done date:soon stat:DELIVRD", "5", "DELIVRD"],
    ["id:4f-a.b_c@smsc:1 stat:DELIVRD", "4f-a.b_c@smsc:1", "DELIVRD"],
    ["stat:DELIVRD", undefined, "DELIVRD"],
    ["id: stat:DELIVRD", undefined, "DELIVRD"],
    ["", undefined, ""],
    ["Dear customer, paid:5 substat:DELIVRD", undefined, ""],
  ])("P6 is read from %j", (text, messageId, stat) => {
    expect(receiptOf(text)).toMatchObject({ messageId, stat, rawText: text });
  });

  it.each([
    ["2401021504", Date.UTC(2024, 0, 2, 15, 4)],
    ["240102150405", Date.UTC(2024, 0, 2, 15, 4, 5)],
    ["202401021504", Date.UTC(2024, 0, 2, 15, 4)],
    ["20240102150405", Date.UTC(2024, 0, 2, 15, 4, 5)],
    ["2024-01-02 15:04:05", Date.UTC(2024, 0, 2, 15, 4, 5)],
    ["2413021504", undefined],
    ["", undefined],
    ["0000000000", undefined],
    ["soon", undefined],
  ])("P6 has a strange date: %j", (text, expected) => {
    expect(parseReceiptDate(text)).toBe(expected);
  });

  it("has dates in the SMSC's local time", () => {
    expect(receiptOf(PLAIN, {}, { utcOffsetMinutes: 120 }).doneTimeMs).toBe(Date.UTC(2024, 0, 2, 13, 5));
    expect(formatReceiptDate(Date.UTC(2024, 0, 2, 13, 5), 120)).toBe("2401021505");
  });

  it("P7 is ASCII under data_coding 8, and UCS-2 under 8 or 0", () => {
    const wide = Buffer.from("id:5 stat:DELIVRD", "utf16le").swap16();
    const cases = [
      { data_coding: 8, short_message: Buffer.from("id:5 stat:DELIVRD!") },
      { data_coding: 8, short_message: Buffer.from("id:5 stat:DELIVRD") },
      { data_coding: 8, short_message: wide },
      { data_coding: 0, short_message: wide },
      { data_coding: 8, short_message: Buffer.concat([wide, Buffer.from("0020041f", "hex")]) },
    ];
    for (const body of cases) {
      const inbound = read({ esm_class: 4, ...body });
      expect(inbound).toMatchObject({ kind: "receipt", receipt: { messageId: "5" } });
    }
  });

  it("P6 never throws, whatever it holds", () => {
    const pieces = fc.constantFrom(
      "id:",
      "stat:",
      " ",
      "text:",
      "done date:",
      "err:",
      "DELIVRD",
      "2401021504",
      ":",
      "\0",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 254 }).map((octets) => Buffer.from(octets)),
          fc.array(pieces, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(""), "latin1")),
        ),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        (short_message, esm_class, data_coding) => {
          const inbound = read({ short_message, esm_class, data_coding }, {}, { trustPlainText: true });
          expect(["receipt", "intermediate", "handset"]).toContain(inbound.kind);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("reads back the text that it writes", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9.-]{1,20}$/);
    const fields = fc.record({
      id: word,
      sub: word,
      dlvrd: word,
      submitDate: word,
      doneDate: word,
      stat: word,
      err: word,
      text: fc.string({ maxLength: 20 }).map((text) => text.trim()),
    });
    fc.assert(
      fc.property(fields, (written) => {
        const read = parseReceiptText(buildReceiptText(written));
        expect({ ...read, text: "" }).toEqual({ ...written, text: "" });
      }),
    );
  });
});

describe("P54 padding in receipts", () => {
  it.each(["\0", " ", "\0\0\0", " \0", "\r\n\0"])("%j at either end belongs to no value", (padding) => {
    const receipt = receiptOf(`${padding}id:77${padding} err:001${padding} stat:UNDELIV${padding}`, {
      receipted_message_id: "78  ",
    });
    expect(receipt).toMatchObject({
      messageId: "78",
      otherMessageId: "77",
      err: "001",
      stat: "UNDELIV",
      verdict: "undeliverable",
    });
  });

  it("leaves dates readable", () => {
    const receipt = receiptOf("id:1 submit date:2401021504\0 done date:2401021505 \0stat:DELIVRD");
    expect(receipt).toMatchObject({
      submitTimeMs: Date.UTC(2024, 0, 2, 15, 4),
      doneTimeMs: Date.UTC(2024, 0, 2, 15, 5),
    });
  });

  it("P7 hides no UCS-2, and makes no ASCII look like it", () => {
    const wide = Buffer.from(`${"id:1 stat:DELIVRD"}\0`, "utf16le").swap16();
    for (const short_message of [wide, Buffer.from("id:1 stat:DELIVRD\0")]) {
      for (const data_coding of [0, 8]) {
        const inbound = read({ esm_class: 4, data_coding, short_message });
        expect(inbound).toMatchObject({ kind: "receipt", receipt: { messageId: "1", stat: "DELIVRD" } });
      }
    }
  });

  it("P53 tells the text's id only where it is another one", () => {
    expect(receiptOf("id:77 stat:DELIVRD", { receipted_message_id: "77" }).otherMessageId).toBeUndefined();
    expect(receiptOf("id:77 stat:DELIVRD").otherMessageId).toBeUndefined();
    expect(receiptOf("stat:DELIVRD", { receipted_message_id: "77" }).otherMessageId).toBeUndefined();
  });
});
