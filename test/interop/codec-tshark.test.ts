/** What the codec writes, read by Wireshark's SMPP dissector. */
import { expect, it } from "vitest";
import { encodePdu } from "../../src/smpp/encode-pdu.ts";
import type { PduInput } from "../../src/smpp/pdu.ts";
import { describeWithPackage } from "../support/debian-package.ts";
import { dissect, examine, hasTshark } from "./support/wireshark.ts";

describeWithPackage("tshark", hasTshark, "Wireshark", () => {
  it("reads a submit_sm, its optional parameters, and an error response as they were meant", () => {
    const pdus: readonly PduInput[] = [
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
    ];
    const captured = pdus.map((pdu) => ({
      octets: encodePdu(pdu),
      isFromClient: pdu.command === "submit_sm",
    }));
    const fields = [
      "smpp.command_id",
      "smpp.command_status",
      "smpp.sequence_number",
      "smpp.source_addr",
      "smpp.destination_addr",
      "smpp.user_message_reference",
      "smpp.sar_total_segments",
      "smpp.receipted_message_id",
      "smpp.message_state",
    ];
    expect(dissect(captured, fields).map((row) => Object.values(row))).toEqual([
      ["0x00000004", "", "5", "Acme", "4790000001", "0x0102", "3", "", ""],
      ["0x80000004", "0x00000058", "6", "", "", "", "", "", ""],
      ["0x00000005", "", "7", "", "", "", "", "a1f", "2"],
    ]);
    expect(examine(captured).complaints).toEqual([]);
  });
});
