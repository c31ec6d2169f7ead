/** What stands on the wire, as the SMSC reads it (P24 to P26, P28 to P30, P34, P35), and what handsets send (P37). */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { SenderType } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import type { ReceivedMessage } from "../../../src/smsc/received-log.ts";
import { failureOf } from "../../support/rpc-client.ts";
import { type SendFields, type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const { DELIVERY_STATE_DELIVERED: DELIVERED } = DeliveryState;
const LONG = "A long text that needs several parts. ".repeat(10);

function validityOf(received: ReceivedMessage | undefined): string {
  if (received?.pdu.command !== "submit_sm") throw new Error("no submit_sm");
  return received.pdu.body.validity_period;
}

/** Sends to a gateway with these settings and answers the bodies and user data that arrived. */
async function onTheWire(gateway: Readonly<Record<string, unknown>>, fields: SendFields) {
  await using world = await startServiceWorld([{ gateway }]);
  expect(await world.ended(await world.send(fields))).toMatchObject({ state: DELIVERED });
  return world.smsc.received();
}

describe("on the wire", () => {
  it("P24 more than 254 octets go into message_payload where the gateway takes it, and into parts where not", async () => {
    const whole = await onTheWire({ profile: { concatenation: "payload" } }, { text: LONG });
    expect(whole).toHaveLength(1);
    expect(whole[0]?.pdu).toMatchObject({ body: { esm_class: 0, short_message: Buffer.alloc(0) } });
    expect(whole[0]?.text).toBe(LONG);
    for (const concatenation of ["udh8", "udh16", "sar"]) {
      const parts = await onTheWire({ profile: { concatenation } }, { text: LONG });
      expect(parts.map(({ text }) => text).join("")).toBe(LONG);
      expect(parts.map(({ part }) => part?.sequence)).toEqual([1, 2, 3]);
      for (const { userData, pdu } of parts) {
        expect(userData.length).toBeLessThanOrEqual(160);
        expect(pdu.tlvs.message_payload).toBeUndefined();
      }
    }
  });

  it.each([
    ["Acme", { source_addr_ton: 5, source_addr_npi: 0, source_addr: "Acme" }],
    ["+46700000001", { source_addr_ton: 1, source_addr_npi: 1, source_addr: "46700000001" }],
    ["72555", { source_addr_ton: 3, source_addr_npi: 0, source_addr: "72555" }],
  ])("P25 the sender %s has its type of number, and no plus", async (sender, source) => {
    const [one] = await onTheWire({}, { sender });
    expect(one?.pdu.body).toMatchObject(source);
    expect(one?.pdu.body).toMatchObject({
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: "4790000001",
    });
  });

  it.each([
    ["701234567", SenderType.SENDER_TYPE_NATIONAL, { source_addr_ton: 2, source_addr_npi: 1 }],
    ["7255512345", SenderType.SENDER_TYPE_SHORT_CODE, { source_addr_ton: 3, source_addr_npi: 0 }],
  ])("P25 the sender %s has the type of number that its caller means", async (sender, senderType, source) => {
    const [one] = await onTheWire({}, { sender, senderType });
    expect(one?.pdu.body).toMatchObject({ ...source, source_addr: sender });
  });

  it("P25 addresses are as the gateway's settings want them", async () => {
    const addresses = { recipient: { ton: 0, npi: 0 }, plusSign: true };
    await using world = await startServiceWorld([{ gateway: { addresses } }]);
    await world.send();
    // Our simulator takes digits only, as the specification has them.
    await world.smsc.waitUntil(({ submits }) => submits >= 1);
    expect(world.smsc.received()[0]?.pdu.body).toMatchObject({
      dest_addr_ton: 0,
      dest_addr_npi: 0,
      destination_addr: "+4790000001",
    });
  });

  it.each([
    ["absolute", /^\d{12}000\+$/],
    ["relative", /^0000000[01]\d{4}000R$/],
    ["none", /^$/],
  ])("P26 the validity is %s, with no tenths, and UTC", async (validityForm, form) => {
    const beforeMs = Date.now();
    const [one] = await onTheWire(
      { validityForm },
      { expiration: { $case: "validity", value: { seconds: 3_600n, nanos: 0 } } },
    );
    const validity = validityOf(one);
    expect(validity).toMatch(form);
    if (validityForm !== "absolute") return;
    const [year = 0, month = 0, ...rest] = (validity.match(/\d\d/g) ?? []).map(Number);
    const leftMs = Date.UTC(2000 + year, month - 1, ...rest.slice(0, 4)) - beforeMs;
    expect(leftMs).toBeGreaterThan(3_598_000);
    expect(leftMs).toBeLessThan(3_620_000);
  });

  it("P26 the gateway's longest validity caps it", async () => {
    const [one] = await onTheWire({ validityForm: "relative", maxValidity: "10m" }, {});
    expect(validityOf(one)).toBe("000000001000000R");
  });

  it("P28 nothing of the longest text is cut off, and what does not fit is refused with 4026", async () => {
    const text = "0123456789".repeat(200);
    const parts = await onTheWire({}, { text });
    expect(parts.map((part) => part.text).join("")).toBe(text);
    await using world = await startServiceWorld();
    const refusal = await failureOf((options) =>
      world.clients.sms.sendSms(requestOf({ text, maxSegments: 13 }), options),
    );
    expect(refusal.info.metadata["status_code"]).toBe("4026");
  });

  it("P29 P31 no part begins or ends inside an escape or a pair, seen octet by octet", async () => {
    for (const [text, unit] of [
      [`${"a".repeat(152)}€${"b".repeat(151)}[${"c".repeat(20)}`, "escape"],
      [`${"ж".repeat(66)}😀${"ж".repeat(65)}😀${"ж".repeat(9)}`, "pair"],
    ] as const) {
      const parts = await onTheWire({}, { text });
      expect(parts.map((part) => part.text).join("")).toBe(text);
      for (const { userData } of parts) {
        const body = userData.subarray(6);
        if (unit === "escape") expect(body.at(-1)).not.toBe(0x1b);
        else expect(body.readUInt16BE(body.length - 2) & 0xfc00).not.toBe(0xd800);
      }
    }
  });

  it("P30 P36 what the preview shows is what arrives, part by part", async () => {
    await using world = await startServiceWorld([{ gateway: { profile: { concatenation: "udh16" } } }]);
    for (const text of [
      LONG,
      "Привет, как дела? ".repeat(12),
      "x".repeat(160),
      "€".repeat(81),
      "Hi 😀".repeat(40),
    ]) {
      const { plans } = await world.clients.sms.previewSms({
        message: { content: { $case: "text", value: text }, recipients: ["+4790000001"], sender: "Acme" },
      });
      const before = world.smsc.received().length;
      await world.ended(await world.send({ text }));
      const arrived = world.smsc
        .received()
        .slice(before)
        .map((part) => part.text);
      expect(arrived).toEqual(plans[0]?.plan?.segments.map((segment) => segment.text));
    }
  });

  it("P32 what GSM has not is sent as UCS-2, and never as a question mark", async () => {
    const text = "Fünf `backticks` kosten 3 £ und ein ☕";
    const [one] = await onTheWire({}, { text });
    expect(one?.pdu.body.data_coding).toBe(8);
    expect(one?.text).toBe(text);
  });

  it.each([
    ["gsm", "unpacked", 0, "00627b7c"],
    ["gsm", "packed", 0, "00f19e0f"],
    ["latin1", "unpacked", 0, "4062e4f6"],
    ["ascii", "unpacked", 8, "0040006200e400f6"],
  ])(
    "P34 data_coding 0 means %s, %s, where the gateway says so",
    async (defaultAlphabet, packing, coding, octets) => {
      const [one] = await onTheWire({ profile: { defaultAlphabet, packing } }, { text: "@bäö" });
      expect(one?.userData.toString("hex")).toBe(octets);
      expect(one?.pdu.body.data_coding).toBe(coding);
    },
  );

  it("P35 long messages to one number take different references, also by different gateways", async () => {
    await using world = await startServiceWorld([{}, {}]);
    world.smsc.behave({ kind: "refuse-submit", status: 0x45, after: 3 });
    const sent = await Promise.all(Array.from({ length: 6 }, () => world.send({ text: LONG })));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    const taken = world.smscs.map((smsc) =>
      smsc.received().filter(({ commandStatus }) => commandStatus === 0),
    );
    expect(taken.map((all) => all.length)).toEqual([3, 15]);
    const references = taken.flat().map(({ part }) => part?.reference);
    expect(new Set(references).size).toBe(6);
  });

  it("P35 references are 16 bits wide where the gateway says so", async () => {
    const parts = await onTheWire({ profile: { concatenation: "udh16" } }, { text: LONG });
    for (const { userData } of parts) expect(userData.subarray(0, 3).toString("hex")).toBe("060804");
    const references = parts.map(({ userData }) => userData.readUInt16BE(3));
    expect(new Set(references).size).toBe(1);
  });
});

interface IncomingRow {
  readonly is_complete: number;
  readonly text: string;
}

/** Incoming messages in the store, which no door shows yet, with their parts in order. */
function incomingOf(world: ServiceWorld): readonly IncomingRow[] {
  const db = new DatabaseSync(world.databasePath, { readOnly: true });
  try {
    const rows = db
      .prepare(
        `SELECT is_complete, (SELECT group_concat(text, '') FROM
           (SELECT text FROM incoming_parts WHERE message_id = m.id ORDER BY sequence)) AS text
         FROM incoming_messages m ORDER BY id`,
      )
      .all();
    return rows.map((row) => ({ is_complete: Number(row["is_complete"]), text: String(row["text"]) }));
  } finally {
    db.close();
  }
}

/** The octets of one part of «part N.», after a header of these information elements. */
function partOf(sequence: number, elements: string) {
  const udh = Buffer.from(elements.replace("NN", sequence.toString(16).padStart(2, "0")), "hex");
  const userData = Buffer.concat([Buffer.from([udh.length]), udh, Buffer.from(`part ${sequence}.`)]);
  return { kind: "octets", userData, dataCoding: 0, hasUserDataHeader: true } as const;
}

describe("from handsets", () => {
  it.each([
    ["an 8-bit reference", "0003a103NN"],
    ["a 16-bit reference", "0804a1b203NN"],
    ["port numbers before the reference", "05040b8423f00003a103NN"],
    ["an unknown element between", "7f0201020003a103NN"],
  ])("P37 parts with %s make one message, in whatever order they come", async (_name, elements) => {
    await using world = await startServiceWorld();
    await world.smsc.waitUntil(({ binds }) => binds === 1);
    const address = { source: "4790000001", destination: "72555" };
    for (const sequence of [3, 1, 1, 2]) {
      const [outcome] = await world.smsc.sendFromHandset({ ...address, content: partOf(sequence, elements) });
      expect(outcome).toEqual({ kind: "acknowledged" });
    }
    expect(incomingOf(world)).toEqual([{ is_complete: 1, text: "part 1.part 2.part 3." }]);
  });

  it("P37 a long text from a handset is read whole, and a half one stays half", async () => {
    await using world = await startServiceWorld();
    await world.smsc.waitUntil(({ binds }) => binds === 1);
    const address = { source: "4790000001", destination: "72555" };
    const text = "Привет, это длинный ответ. ".repeat(6);
    await world.smsc.sendFromHandset({ ...address, content: { kind: "text", text } });
    await world.smsc.sendFromHandset({ ...address, content: partOf(2, "0003a203NN") });
    expect(incomingOf(world)).toEqual([
      { is_complete: 1, text },
      { is_complete: 0, text: "part 2." },
    ]);
  });
});

function requestOf({ text = "", ...fields }: { readonly text?: string; readonly maxSegments?: number }) {
  return SendSmsRequest.create({
    sender: "Acme",
    recipients: ["+4790000001"],
    content: { $case: "text", value: text },
    ...fields,
  });
}
