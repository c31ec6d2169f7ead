/** PDUs to begin from: every command with random fields, and receipts and handset messages as SMSCs write them. */
import fc from "fast-check";
import { encodePdu } from "../../../../src/smpp/encode-pdu.ts";
import type { PduContent } from "../../../../src/smpp/pdu.ts";
import { anyPdu } from "../../../unit/smpp/arbitraries.ts";
import { type FuzzRun, mutate } from "./fuzz-run.ts";

const receiptTexts = [
  "id:0123456789 sub:001 dlvrd:001 submit date:2401011200 done date:240101120005 stat:DELIVRD err:000 text:Hello",
  "id:a1f stat:FAILED err:0x1B",
  "stat:UNDELIV id:7 text:id:8 stat:DELIVRD",
  "submit_date:20240101120000 done_date:2024-01-01 12:00:00 id:00042 stat:EXPIRED Err:27 Text:",
  "id: stat: err:",
];

const inbound: readonly PduContent<"deliver_sm">[] = [
  ...receiptTexts.map((text) => ({
    command: "deliver_sm" as const,
    body: { esm_class: 4, source_addr_ton: 1, source_addr: "4790000001", short_message: Buffer.from(text) },
    tlvs: { receipted_message_id: "a1f", message_state: 2, network_error_code: Buffer.from([3, 0, 27]) },
  })),
  {
    command: "deliver_sm",
    body: {
      esm_class: 4,
      data_coding: 8,
      short_message: Buffer.from("id:1 stat:DELIVRD", "utf16le").swap16(),
    },
  },
  {
    command: "deliver_sm",
    body: { esm_class: 4 },
    tlvs: { message_payload: Buffer.from(receiptTexts[0] ?? "") },
  },
  {
    command: "deliver_sm",
    body: {
      esm_class: 0x40,
      source_addr: "4790000001",
      short_message: Buffer.from("060804a1b20301ffc8", "hex"),
    },
  },
  {
    command: "deliver_sm",
    body: { data_coding: 8, short_message: Buffer.from("04220435043a04410442d83dde00", "hex") },
    tlvs: { sar_msg_ref_num: 7, sar_total_segments: 2, sar_segment_seqnum: 1 },
  },
];

/** `deliver_sm`s alone. */
export function inboundCorpus(): readonly Buffer[] {
  return inbound.map((content, i) => encodePdu({ ...content, sequence_number: i + 1 }));
}

/** `submit_sm`s alone: a short one, a part, one in TLVs, one with times. */
export function submitCorpus(): readonly Buffer[] {
  const body = { source_addr: "Acme", destination_addr: "4790000001", registered_delivery: 1 };
  const contents: readonly PduContent<"submit_sm">[] = [
    { command: "submit_sm", body: { ...body, short_message: Buffer.from("Hello") } },
    {
      command: "submit_sm",
      body: { ...body, esm_class: 0x40, short_message: Buffer.from("0500030102014869", "hex") },
    },
    {
      command: "submit_sm",
      body,
      tlvs: { message_payload: Buffer.alloc(300, 0x61), user_message_reference: 7 },
    },
    {
      command: "submit_sm",
      body: { ...body, validity_period: "300101120000000+", schedule_delivery_time: "000000000001000R" },
    },
  ];
  return contents.map((content, i) => encodePdu({ ...content, sequence_number: i + 1 }));
}

/** PDUs of every command; the seed repeats them. */
export function pduCorpus(seed: number): readonly Buffer[] {
  const any = fc.sample(anyPdu, { seed, numRuns: 150 }).map((pdu) => encodePdu(pdu));
  return [...any, ...inboundCorpus()];
}

/** A mutated PDU, whose length field is right unless `lie` strikes. */
export function mutatedPdu(corpus: readonly Buffer[], run: FuzzRun, lie = 0): Buffer {
  const octets = mutate(run.pick(corpus), run.pick(corpus), run);
  const padded = octets.length < 16 ? Buffer.concat([octets, Buffer.alloc(16 - octets.length)]) : octets;
  if (run.random() >= lie) padded.writeUInt32BE(padded.length, 0);
  return padded;
}

/** The octets in pieces of random length, as TCP may bring them. */
export function* inPieces(octets: Buffer, { below }: FuzzRun): Generator<Buffer> {
  for (let at = 0; at < octets.length; ) {
    const length = 1 + below(below(4) === 0 ? 4 : octets.length);
    yield octets.subarray(at, at + length);
    at += length;
  }
}
