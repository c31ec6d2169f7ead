/** Random PDUs that fit their layouts, made from the same tables that the codec interprets. */
import fc from "fast-check";
import type { PduInput } from "../../../src/smpp/pdu.ts";
import { type CommandName, type FieldLayout, PDU_LAYOUTS } from "../../../src/smpp/pdu-layouts.ts";
import { TLVS, type TlvLayout } from "../../../src/smpp/tlvs.ts";

function octetText(max: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: 0, maxLength: max - 1, min: 1 } as fc.IntArrayConstraints)
    .map((octets) => Buffer.from(octets.map((octet) => octet || 1)).toString("latin1"));
}

function octets(min: number, max: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: min, maxLength: Math.min(max, 600) }).map((value) => Buffer.from(value));
}

const u8 = fc.integer({ min: 0, max: 255 });

function fieldValue(field: FieldLayout): fc.Arbitrary<unknown> {
  switch (field.type) {
    case "integer":
      return fc.integer({ min: 0, max: 2 ** (8 * field.octets) - 1 });
    case "cstring":
      return octetText(field.max);
    case "octets":
      return octets(0, field.max);
    case "destinations":
      return fc.array(
        fc.oneof(
          fc.record({
            dest_flag: fc.constant(1),
            dest_addr_ton: u8,
            dest_addr_npi: u8,
            destination_addr: octetText(21),
          }),
          fc.record({ dest_flag: fc.constant(2), dl_name: octetText(21) }),
        ),
        { maxLength: 5 },
      );
    case "failures":
      return fc.array(
        fc.record({
          dest_addr_ton: u8,
          dest_addr_npi: u8,
          destination_addr: octetText(21),
          error_status_code: fc.integer({ min: 0, max: 0xffffffff }),
        }),
        { maxLength: 5 },
      );
  }
}

function tlvValue(layout: TlvLayout): fc.Arbitrary<unknown> {
  switch (layout.type) {
    case "integer":
      return fc.integer({ min: 0, max: 2 ** (8 * layout.octets) - 1 });
    case "cstring":
      return octetText(layout.max);
    case "octets":
      return octets(layout.min, layout.max);
    case "flag":
      return fc.constant(true);
  }
}

const tlvs = fc.record(
  Object.fromEntries(Object.entries(TLVS).map(([name, layout]) => [name, tlvValue(layout)])),
  { requiredKeys: [] },
);
const unknownTlvs = fc.array(
  fc.record({ tag: fc.integer({ min: 0x1400, max: 0x3fff }), value: octets(0, 40) }),
  {
    maxLength: 3,
  },
);

/** Any command with every field set, some optional parameters, and some that nobody knows. */
export const anyPdu: fc.Arbitrary<PduInput> = fc
  .constantFrom(...(Object.keys(PDU_LAYOUTS) as CommandName[]))
  .chain((command) =>
    fc.record({
      command: fc.constant(command),
      command_status: fc.integer({ min: 0, max: 0xffffffff }),
      sequence_number: fc.integer({ min: 1, max: 0x7fffffff }),
      body: fc.record(
        Object.fromEntries(
          (PDU_LAYOUTS[command].fields as readonly FieldLayout[]).map((field) => [
            field.name,
            fieldValue(field),
          ]),
        ),
      ),
      tlvs,
      rawTlvs: unknownTlvs,
    }),
  ) as fc.Arbitrary<PduInput>;
