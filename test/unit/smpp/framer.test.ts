import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import { createFramer, DEFAULT_MAX_PDU_OCTETS } from "../../../src/smpp/framer.ts";
import { anyPdu } from "./arbitraries.ts";

function framesOf(chunks: readonly Buffer[], framer = createFramer()): Buffer[] {
  const frames: Buffer[] = [];
  for (const chunk of chunks) framer.push(chunk, (frame) => frames.push(Buffer.from(frame)));
  return frames;
}

function header(commandLength: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt32BE(commandLength, 0);
  buffer.writeUInt32BE(0x15, 4);
  return buffer;
}

describe("the framer", () => {
  it("finds the same PDUs however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(anyPdu, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 20 }),
        (pdus, sizes) => {
          const whole = pdus.map((pdu) => encodePdu(pdu));
          const stream = Buffer.concat(whole);
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            chunks.push(stream.subarray(at, at + size));
            at += size;
          }
          const framer = createFramer();
          expect(framesOf(chunks, framer)).toEqual(whole);
          expect(framer.heldOctets).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("takes a stream octet by octet", () => {
    const frame = encodePdu({ command: "submit_sm_resp", sequence_number: 1, body: { message_id: "1" } });
    const octets = Array.from(Buffer.concat([frame, frame]), (octet) => Buffer.from([octet]));
    expect(framesOf(octets)).toEqual([frame, frame]);
  });

  it.each([0, 1, 15, DEFAULT_MAX_PDU_OCTETS + 1, 0x7fffffff, 0xffffffff])(
    "P19 ends the stream at a command_length of %i, after the PDUs before it",
    (command_length) => {
      for (const cut of [0, 2, 10, 17, 18, 19]) {
        const framer = createFramer();
        const stream = Buffer.concat([header(16), header(command_length), header(16)]);
        const frames: Buffer[] = [];
        const keep = (frame: Buffer) => void frames.push(frame);
        framer.push(stream.subarray(0, cut), keep);
        const fault = framer.push(stream.subarray(cut), keep);
        expect(fault).toEqual({ kind: "impossible-length", command_length });
        expect(frames).toHaveLength(1);
        expect(framer.push(header(16), keep)).toEqual(fault);
        expect(frames).toHaveLength(1);
      }
    },
  );

  it("holds no more than the one PDU that is incomplete", () => {
    const framer = createFramer(1_000);
    const long = header(1_000);
    framer.push(long, () => {});
    for (let i = 0; i < 98; i++) framer.push(Buffer.alloc(10), () => {});
    expect(framer.heldOctets).toBe(996);
    const frames: number[] = [];
    framer.push(Buffer.alloc(4), (frame) => frames.push(frame.length));
    expect(frames).toEqual([1_000]);
    expect(framer.heldOctets).toBe(0);
  });
});
