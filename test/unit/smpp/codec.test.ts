import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMAND_STATUS, commandStatusName } from "../../../src/smpp/command-status.ts";
import { type DecodeResult, decodePdu } from "../../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import type { Pdu, PduOf } from "../../../src/smpp/pdu.ts";
import { type CommandName, PDU_LAYOUTS } from "../../../src/smpp/pdu-layouts.ts";
import { TLVS } from "../../../src/smpp/tlvs.ts";
import { anyPdu } from "./arbitraries.ts";

function octets(...hex: readonly string[]): Buffer {
  return Buffer.from(hex.join("").replaceAll(" ", ""), "hex");
}

function decoded<C extends CommandName>(command: C, frame: Buffer): PduOf<C> {
  const result = decodePdu(frame);
  if (result.kind !== "pdu") throw new Error(`malformed: ${JSON.stringify(result)}`);
  expect(result.pdu.command).toBe(command);
  return result.pdu as Pdu as PduOf<C>;
}

/** bind_transmitter as laid out in SMPP 3.4 §4.1.1: "SMPP3TEST", "secret08", "SUBMIT1". */
const BIND_TRANSMITTER = octets(
  "0000002f 00000002 00000000 00000001",
  "534d50503354455354 00",
  "7365637265743038 00",
  "5355424d495431 00",
  "34 01 01 00",
);

/** submit_sm (§4.4.1) with the short message "Hi" and user_message_reference 7. */
const SUBMIT_SM = octets(
  "00000037 00000004 00000000 00000002",
  "00",
  "05 00 41636d65 00",
  "01 01 34373930303030303031 00",
  "40 00 01",
  "00 00",
  "01 00 08 00",
  "02 4869",
  "0204 0002 0007",
);

describe("the PDU codec", () => {
  it("reads and writes a bind_transmitter octet by octet", () => {
    const pdu = decoded("bind_transmitter", BIND_TRANSMITTER);
    expect(pdu).toMatchObject({
      command_status: 0,
      sequence_number: 1,
      body: {
        system_id: "SMPP3TEST",
        password: "secret08",
        system_type: "SUBMIT1",
        interface_version: 0x34,
        addr_ton: 1,
        addr_npi: 1,
        address_range: "",
      },
    });
    expect(encodePdu(pdu)).toEqual(BIND_TRANSMITTER);
  });

  it("reads and writes a submit_sm with an optional parameter", () => {
    const pdu = decoded("submit_sm", SUBMIT_SM);
    expect(pdu.body).toEqual({
      service_type: "",
      source_addr_ton: 5,
      source_addr_npi: 0,
      source_addr: "Acme",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: "4790000001",
      esm_class: 0x40,
      protocol_id: 0,
      priority_flag: 1,
      schedule_delivery_time: "",
      validity_period: "",
      registered_delivery: 1,
      replace_if_present_flag: 0,
      data_coding: 8,
      sm_default_msg_id: 0,
      short_message: Buffer.from("Hi"),
    });
    expect(pdu.tlvs).toEqual({ user_message_reference: 7 });
    expect(encodePdu(pdu)).toEqual(SUBMIT_SM);
  });

  it("writes headers without a body for unbind, enquire_link and generic_nack", () => {
    expect(encodePdu({ command: "enquire_link", sequence_number: 3 })).toEqual(
      octets("00000010 00000015 00000000 00000003"),
    );
    expect(encodePdu({ command: "unbind_resp", sequence_number: 4 })).toEqual(
      octets("00000010 80000006 00000000 00000004"),
    );
    expect(encodePdu({ command: "generic_nack", command_status: 3, sequence_number: 0x7fffffff })).toEqual(
      octets("00000010 80000000 00000003 7fffffff"),
    );
  });

  it("writes an error response without a body and an accepting one with its message_id", () => {
    expect(encodePdu({ command: "submit_sm_resp", command_status: 0x58, sequence_number: 5 })).toEqual(
      octets("00000010 80000004 00000058 00000005"),
    );
    expect(encodePdu({ command: "submit_sm_resp", sequence_number: 5, body: { message_id: "a1F" } })).toEqual(
      octets("00000014 80000004 00000000 00000005 613146 00"),
    );
  });

  it("reads responses that lack their body, whole or in part, whatever their status", () => {
    expect(decoded("submit_sm_resp", octets("00000010 80000004 00000058 00000005"))).toMatchObject({
      command_status: 0x58,
      body: { message_id: "" },
    });
    expect(decoded("submit_sm_resp", octets("00000010 80000004 00000000 00000005")).body.message_id).toBe("");
    expect(
      decoded("submit_sm_resp", octets("00000012 80000004 00000000 00000005 3132")).body.message_id,
    ).toBe("12");
    expect(decoded("query_sm_resp", octets("00000012 80000003 00000000 00000005 3100")).body).toEqual({
      message_id: "1",
      final_date: "",
      message_state: 0,
      error_code: 0,
    });
  });

  it("reads the destinations of submit_multi and the failures of its response", () => {
    const dest_address = [
      { dest_flag: 1, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "4790000001" },
      { dest_flag: 2, dl_name: "friends" },
    ] as const;
    const request = encodePdu({ command: "submit_multi", sequence_number: 9, body: { dest_address } });
    expect(request.subarray(16, 39)).toEqual(
      octets("00 00 00 00 02 01 01 01 34373930303030303031 00 02 667269"),
    );
    expect(decoded("submit_multi", request).body.dest_address).toEqual(dest_address);
    const unsuccess_sme = [
      { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "47", error_status_code: 0x0b },
    ];
    const response = encodePdu({ command: "submit_multi_resp", sequence_number: 9, body: { unsuccess_sme } });
    expect(decoded("submit_multi_resp", response).body.unsuccess_sme).toEqual(unsuccess_sme);
  });

  it("has the command ids of the specification, each response 0x80000000 above its request", () => {
    const layouts: Readonly<Record<string, { readonly id: number }>> = PDU_LAYOUTS;
    const requests = Object.keys(layouts).filter((name) => `${name}_resp` in layouts);
    expect(requests).toHaveLength(12);
    for (const name of requests) {
      expect(layouts[`${name}_resp`]?.id).toBe((layouts[name]?.id ?? 0) + 0x80000000);
    }
    expect(Object.values(layouts).map(({ id }) => id & 0x7fffffff)).toContain(0x103);
    expect(new Set(Object.values(layouts).map(({ id }) => id)).size).toBe(27);
  });

  it("has each optional parameter of SMPP 3.4 once", () => {
    const tags = Object.values(TLVS).map(({ tag }) => tag);
    expect(tags).toHaveLength(44);
    expect(new Set(tags).size).toBe(44);
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
  });

  it("names statuses and shows unnamed ones in hex", () => {
    expect(commandStatusName(0x14)).toBe("ESME_RMSGQFUL");
    expect(commandStatusName(0x40a)).toBe("0x0000040A");
    expect(Object.keys(COMMAND_STATUS)).toHaveLength(48);
  });

  it("keeps unknown, repeated and misshapen optional parameters raw", () => {
    const frame = encodePdu({
      command: "deliver_sm",
      sequence_number: 1,
      tlvs: { message_state: 2 },
      rawTlvs: [
        { tag: 0x1401, value: Buffer.from("x") },
        { tag: TLVS.message_state.tag, value: octets("05") },
        { tag: TLVS.source_port.tag, value: octets("05") },
      ],
    });
    const pdu = decoded("deliver_sm", frame);
    expect(pdu.tlvs).toEqual({ message_state: 2 });
    expect(pdu.rawTlvs.map(({ tag }) => tag)).toEqual([0x1401, 0x427, 0x20a]);
    expect(encodePdu(pdu)).toEqual(frame);
  });

  it("tolerates a receipted_message_id without its NUL", () => {
    const frame = encodePdu({
      command: "deliver_sm",
      sequence_number: 1,
      rawTlvs: [{ tag: 0x1e, value: Buffer.from("abc") }],
    });
    expect(decoded("deliver_sm", frame).tlvs).toEqual({ receipted_message_id: "abc" });
  });

  it("refuses to write what does not fit, naming the field", () => {
    const sequence_number = 1;
    const submit = "submit_sm";
    expect(() =>
      encodePdu({ command: submit, sequence_number, body: { source_addr: "123456789012345678901" } }),
    ).toThrow(/source_addr: 21 octets, at most 20/);
    expect(() => encodePdu({ command: submit, sequence_number, body: { service_type: "a\0b" } })).toThrow(
      /service_type/,
    );
    expect(() => encodePdu({ command: submit, sequence_number, body: { source_addr: "Łódź" } })).toThrow(
      /source_addr/,
    );
    expect(() => encodePdu({ command: submit, sequence_number, body: { esm_class: 256 } })).toThrow(
      /esm_class/,
    );
    expect(() =>
      encodePdu({ command: submit, sequence_number, body: { short_message: Buffer.alloc(255) } }),
    ).toThrow(/short_message: 255 octets, at most 254/);
    expect(() => encodePdu({ command: submit, sequence_number, tlvs: { source_port: 65536 } })).toThrow(
      /source_port/,
    );
    expect(() =>
      encodePdu({ command: submit, sequence_number, tlvs: { network_error_code: Buffer.alloc(2) } }),
    ).toThrow(/network_error_code/);
  });
});

describe("what cannot be read", () => {
  function malformed(frame: Buffer): Exclude<DecodeResult, { kind: "pdu" }> {
    const result = decodePdu(frame);
    if (result.kind !== "malformed") throw new Error("it was read");
    return result;
  }

  it("an unknown request earns generic_nack with ESME_RINVCMDID and its own sequence number", () => {
    expect(malformed(octets("00000010 00000099 00000000 00000007"))).toMatchObject({
      answer: "generic_nack",
      command_status: 0x03,
      sequence_number: 7,
    });
  });

  it("an unknown response earns nothing", () => {
    expect(malformed(octets("00000010 80000099 00000000 00000007")).answer).toBeUndefined();
  });

  it("a body that ends early earns generic_nack with ESME_RINVCMDLEN", () => {
    expect(malformed(octets("00000014 00000004 00000000 00000007 00 05 00 41"))).toMatchObject({
      answer: "generic_nack",
      command_status: 0x02,
      sequence_number: 7,
    });
  });

  it("an overlong field earns the response of its command with the status of that field", () => {
    const frame = Buffer.concat([
      octets("00000000 00000004 00000000 00000008 00 01 01"),
      Buffer.from("123456789012345678901\0"),
      octets("01 01 3437 00 00 00 00 00 00 00 00 00 00 00"),
    ]);
    frame.writeUInt32BE(frame.length, 0);
    expect(malformed(frame)).toMatchObject({
      answer: "submit_sm_resp",
      command_status: 0x0a,
      sequence_number: 8,
    });
    frame.writeUInt32BE(0x05, 4);
    expect(decoded("deliver_sm", frame).body.source_addr).toBe("123456789012345678901");
  });

  it("a broken tail of optional parameters refuses a submit_sm but not a receipt", () => {
    const frame = Buffer.concat([
      encodePdu({ command: "submit_sm", sequence_number: 4 }),
      octets("0427 0002 05"),
    ]);
    frame.writeUInt32BE(frame.length, 0);
    expect(malformed(frame)).toMatchObject({ answer: "submit_sm_resp", command_status: 0xc0 });
    frame.writeUInt32BE(0x05, 4);
    expect(decoded("deliver_sm", frame).tlvs).toEqual({});
  });

  it("a frame whose length field lies earns ESME_RINVCMDLEN", () => {
    expect(malformed(octets("00000011 00000015 00000000 00000007"))).toMatchObject({ command_status: 0x02 });
    expect(malformed(octets("00000010"))).toMatchObject({ answer: "generic_nack", sequence_number: 0 });
  });
});

describe("properties of the codec", () => {
  it("what is written is read back, and written again octet by octet", () => {
    fc.assert(
      fc.property(anyPdu, (pdu) => {
        const frame = encodePdu(pdu);
        expect(frame.readUInt32BE(0)).toBe(frame.length);
        const result = decodePdu(frame);
        expect(result).toEqual({ kind: "pdu", pdu });
        if (result.kind === "pdu") expect(encodePdu(result.pdu)).toEqual(frame);
      }),
      { numRuns: 1_000 },
    );
  });

  it("P19 never throws on random octets, and always says how to answer them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const result = decodePdu(Buffer.from(noise));
        expect(["pdu", "malformed"]).toContain(result.kind);
      }),
      { numRuns: 3_000 },
    );
  });

  it("P19 never throws on mutated and truncated PDUs, and reads nothing beyond them", () => {
    const mutation = fc.record({ at: fc.nat(), octet: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(anyPdu, fc.array(mutation, { maxLength: 6 }), fc.nat(), (pdu, mutations, cut) => {
        const whole = encodePdu(pdu);
        for (const { at, octet } of mutations) whole[8 + (at % (whole.length - 8))] = octet;
        const frame = Buffer.from(whole.subarray(0, 16 + (cut % (whole.length - 15))));
        frame.writeUInt32BE(frame.length, 0);
        const result = decodePdu(frame);
        if (result.kind === "malformed") {
          expect(result.command_status).toBeGreaterThan(0);
          expect(result.sequence_number).toBe(frame.readUInt32BE(12));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
