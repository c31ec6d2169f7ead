/** What the running service writes to an SMSC and answers it, read by Wireshark's dissectors for SMPP and for short messages. */
import { expect, it } from "vitest";
import { DeliveryState } from "../../src/gen/smsrelay/v1/delivery.ts";
import { createFramer } from "../../src/smpp/framer.ts";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { describeWithPackage } from "../support/debian-package.ts";
import { type SendFields, startServiceWorld } from "../support/service-world.ts";
import { startTcpRelay } from "../support/tcp-relay.ts";
import { type CapturedPdu, dissect, examine, hasTshark } from "./support/wireshark.ts";

const LONG = "A long text that needs several parts. ".repeat(10);
const LONG_UCS2 = "Привет, это длинный текст. ".repeat(6);
const TURKISH = "ığüş Şehir İstanbul ";

/** Sends one message through a gateway with these settings and answers every PDU that passed, from bind to unbind. */
async function capture(
  gateway: Readonly<Record<string, unknown>>,
  fields: SendFields,
): Promise<readonly CapturedPdu[]> {
  await using parts = new AsyncDisposableStack();
  const smsc = await startSimulator({ port: 0, receiptDelayMs: 5 });
  parts.defer(() => smsc.stop({ abruptly: true }));
  const pdus: CapturedPdu[] = [];
  const framers = { client: createFramer(), server: createFramer() };
  const relay = await startTcpRelay(smsc.port, (octets, isFromClient) => {
    framers[isFromClient ? "client" : "server"].push(octets, (frame) => {
      pdus.push({ octets: Buffer.from(frame), isFromClient });
    });
  });
  parts.defer(() => relay.stop());
  const world = await startServiceWorld([{ port: relay.port, gateway }]);
  try {
    expect(await world.ended(await world.send(fields))).toMatchObject({
      state: DeliveryState.DELIVERY_STATE_DELIVERED,
    });
  } finally {
    await world[Symbol.asyncDispose]();
  }
  return pdus;
}

const submitsOf = (pdus: readonly CapturedPdu[]) =>
  pdus.filter(({ octets }) => Buffer.from(octets).readUInt32BE(4) === 0x04);

describeWithPackage("tshark", hasTshark, "Wireshark, of what the service writes,", () => {
  it.each([
    ["UDH with 8-bit references", "udh8", LONG, "IE: Concatenated short messages, 8-bit reference number"],
    ["UDH with 16-bit references", "udh16", LONG, "IE: Concatenated short message, 16-bit reference number"],
    ["UDH and UCS-2", "udh8", LONG_UCS2, "Data coding: UCS2"],
  ])("reads parts by %s and puts them together", async (_name, concatenation, text, sign) => {
    const pdus = await capture({ profile: { concatenation } }, { text });
    const { shown, complaints } = examine(pdus);
    expect(complaints).toEqual([]);
    expect(shown).toContain(sign);
    expect(shown).toContain("[Short Message fragment count: 3]");
  });

  it("reads SAR parameters, three together", async () => {
    const pdus = await capture({ profile: { concatenation: "sar" } }, { text: LONG });
    expect(examine(pdus).complaints).toEqual([]);
    const rows = dissect(submitsOf(pdus), [
      "smpp.sar_msg_ref_num",
      "smpp.sar_total_segments",
      "smpp.sar_segment_seqnum",
      "smpp.message_text",
    ]);
    expect(rows.map((row) => [row["smpp.sar_total_segments"], row["smpp.sar_segment_seqnum"]])).toEqual([
      ["3", "1"],
      ["3", "2"],
      ["3", "3"],
    ]);
    expect(new Set(rows.map((row) => row["smpp.sar_msg_ref_num"])).size).toBe(1);
    expect(rows.map((row) => row["smpp.message_text"]).join("")).toBe(LONG);
  });

  it("reads message_payload beside an empty short_message", async () => {
    const pdus = await capture({ profile: { concatenation: "payload" } }, { text: LONG });
    expect(examine(pdus).complaints).toEqual([]);
    const [row] = dissect(submitsOf(pdus), ["smpp.sm_length", "smpp.message_payload"]);
    expect(row?.["smpp.sm_length"]).toBe("0");
    expect(Buffer.from((row?.["smpp.message_payload"] ?? "").replaceAll(":", ""), "hex").toString()).toBe(
      LONG,
    );
  });

  it.each([
    [
      "single shift",
      { singleShiftLanguages: [1] },
      TURKISH.repeat(3),
      ["Language (Single Shift): Turkish (1)"],
    ],
    [
      "single shift in several parts",
      { singleShiftLanguages: [1] },
      TURKISH.repeat(14),
      ["Language (Single Shift): Turkish (1)", "[Short Message fragment count:"],
    ],
    [
      "locking shift",
      { lockingShiftLanguages: [1] },
      "ığüşığüşığüş".repeat(8),
      ["Language (Locking Shift): Turkish (1)"],
    ],
    [
      "both shifts",
      { singleShiftLanguages: [3], lockingShiftLanguages: [3] },
      "çãõáéíóúâêôàç".repeat(9),
      ["Portuguese (3)"],
    ],
  ])("reads a shift table's header: %s", async (_name, languages, text, signs) => {
    const pdus = await capture({ profile: languages }, { text });
    const { shown, complaints } = examine(pdus);
    expect(complaints).toEqual([]);
    for (const sign of signs) expect(shown).toContain(sign);
    expect(shown).toContain("Data coding: SMSC default alphabet (0x00)");
  });

  it("reads our user_message_reference, and our answers to receipts that carry TLVs", async () => {
    const pdus = await capture({ echoesUserMessageReference: true }, { text: LONG });
    expect(examine(pdus).complaints).toEqual([]);
    const references = dissect(submitsOf(pdus), ["smpp.user_message_reference"]).map(
      (row) => Object.values(row)[0],
    );
    expect(new Set(references).size).toBe(3);
    expect(references).not.toContain("");
    const rows = dissect(pdus, ["smpp.command_id", "smpp.command_status", "smpp.receipted_message_id"]);
    expect(rows.filter((row) => row["smpp.receipted_message_id"] !== "")).toHaveLength(3);
    const answers = rows.filter((row) => row["smpp.command_id"] === "0x80000005");
    expect(answers.map((row) => row["smpp.command_status"])).toEqual([
      "0x00000000",
      "0x00000000",
      "0x00000000",
    ]);
  });

  it.each([
    ["gsm", "unpacked", "gsm7", "Hello @ £ Ä Ö € [x]"],
    ["gsm", "packed", "gsm7-packed", "Hello @ £ Ä Ö € [x]"],
    ["latin1", "unpacked", "iso-8859-1", "Grüße @ la façade"],
    ["gsm", "unpacked", "gsm7", "Привет ☕"],
  ] as const)(
    "reads a short text in %s, %s, as it was meant",
    async (defaultAlphabet, packing, alphabet, text) => {
      const pdus = await capture({ profile: { defaultAlphabet, packing } }, { text });
      expect(examine(pdus).complaints).toEqual([]);
      expect(dissect(submitsOf(pdus), ["smpp.message_text"], alphabet)).toEqual([
        { "smpp.message_text": text },
      ]);
    },
  );

  it("reads binary content with the caller's own header", async () => {
    const binary = { data: Buffer.from("00ff7f80", "hex"), udh: Buffer.from("05043e803e81", "hex") };
    const pdus = await capture({}, { content: { $case: "binary", value: binary } });
    const { shown, complaints } = examine(pdus);
    expect(complaints).toEqual([]);
    expect(shown).toContain("Data coding: Octet unspecified (8-bit binary) (0x04)");
    expect(shown).toContain("IE: Application port addressing scheme, 16 bit address");
  });

  it("reads the whole session: bind, submit, receipt, unbind, each with its answer", async () => {
    const pdus = await capture({}, {});
    const commands = dissect(pdus, ["smpp.command_id"]).map((row) => row["smpp.command_id"]);
    expect(commands.toSorted()).toEqual([
      "0x00000004",
      "0x00000005",
      "0x00000006",
      "0x00000009",
      "0x80000004",
      "0x80000005",
      "0x80000006",
      "0x80000009",
    ]);
    expect(examine(pdus).complaints).toEqual([]);
  });

  it("complains about a PDU that is cut off", () => {
    const octets = Buffer.from("0000001600000004000000000000000100", "hex");
    const cut = Buffer.concat([octets, Buffer.from("05004163", "hex"), Buffer.alloc(1)]);
    cut.writeUInt32BE(cut.length, 0);
    expect(examine([{ octets: cut, isFromClient: true }]).complaints).not.toEqual([]);
  });
});
