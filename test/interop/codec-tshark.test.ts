/** What the codec writes, read by Wireshark's SMPP dissector. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodePdu } from "../../src/smpp/encode-pdu.ts";
import type { PduInput } from "../../src/smpp/pdu.ts";

const SMPP_PORT = 2775;
const hasTshark = spawnSync("tshark", ["--version"]).status === 0;

/** A capture file of raw IPv4 packets, one PDU each, with TCP headers whose checksums nobody verifies. */
function captureOf(frames: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0x40000, 16);
  head.writeUInt32LE(101, 20);
  const parts = [head];
  let sequence = 1;
  for (const frame of frames) {
    const packet = Buffer.alloc(16 + 40 + frame.length);
    packet.writeUInt32LE(40 + frame.length, 8);
    packet.writeUInt32LE(40 + frame.length, 12);
    packet.writeUInt8(0x45, 16);
    packet.writeUInt16BE(40 + frame.length, 18);
    packet.writeUInt8(64, 24);
    packet.writeUInt8(6, 25);
    packet.writeUInt32BE(0x7f000001, 28);
    packet.writeUInt32BE(0x7f000001, 32);
    packet.writeUInt16BE(40_000, 36);
    packet.writeUInt16BE(SMPP_PORT, 38);
    packet.writeUInt32BE(sequence, 40);
    packet.writeUInt8(0x50, 48);
    packet.writeUInt8(0x18, 49);
    packet.writeUInt16BE(0xffff, 50);
    frame.copy(packet, 56);
    parts.push(packet);
    sequence += frame.length;
  }
  return Buffer.concat(parts);
}

function dissect(pdus: readonly PduInput[], fields: readonly string[]): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), "codec-tshark-"));
  try {
    const file = join(folder, "pdus.pcap");
    writeFileSync(file, captureOf(pdus.map((pdu) => encodePdu(pdu))));
    const wanted = fields.flatMap((field) => ["-e", field]);
    const args = [
      "-r",
      file,
      "-d",
      `tcp.port==${SMPP_PORT},smpp`,
      "-T",
      "fields",
      "-E",
      "separator=|",
      ...wanted,
    ];
    const { stdout, status, stderr } = spawnSync("tshark", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("|"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!hasTshark)("Wireshark (skipped where tshark is not installed)", () => {
  it("reads a submit_sm, its optional parameters, and an error response as they were meant", () => {
    const rows = dissect(
      [
        {
          command: "submit_sm",
          sequence_number: 5,
          body: {
            source_addr_ton: 5,
            source_addr: "Acme",
            dest_addr_ton: 1,
            dest_addr_npi: 1,
            destination_addr: "4790000001",
            esm_class: 0x40,
            registered_delivery: 1,
            data_coding: 4,
            short_message: Buffer.from("0500030102010a0b", "hex"),
          },
          tlvs: { user_message_reference: 258, sar_total_segments: 3 },
        },
        { command: "submit_sm_resp", command_status: 0x58, sequence_number: 6 },
        {
          command: "deliver_sm",
          sequence_number: 7,
          body: { esm_class: 4 },
          tlvs: { receipted_message_id: "a1f", message_state: 2, network_error_code: Buffer.from([3, 1, 2]) },
        },
      ],
      [
        "smpp.command_id",
        "smpp.command_status",
        "smpp.sequence_number",
        "smpp.source_addr",
        "smpp.destination_addr",
        "smpp.user_message_reference",
        "smpp.sar_total_segments",
        "smpp.receipted_message_id",
        "smpp.message_state",
        "_ws.malformed",
      ],
    );
    expect(rows).toEqual([
      ["0x00000004", "", "5", "Acme", "4790000001", "0x0102", "3", "", "", ""],
      ["0x80000004", "0x00000058", "6", "", "", "", "", "", "", ""],
      ["0x00000005", "", "7", "", "", "", "", "a1f", "2", ""],
    ]);
  });
});
