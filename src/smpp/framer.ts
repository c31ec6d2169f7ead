/**
 * Cuts a stream of octets into PDUs by their command_length (SMPP 3.4 §3.2). A PDU inside one chunk is a view of it; one
 * that spans chunks is copied once, into a buffer of its own length.
 */
import { HEADER_OCTETS } from "./encode-pdu.ts";

/** The longest PDU taken by default: the 64 KiB that a message_payload may hold, and room for the fields around it. */
export const DEFAULT_MAX_PDU_OCTETS = 65_536 + 1_024;

/** A command_length that no PDU can have: there is no telling where the next one starts, so the stream is lost (P19). */
export interface FramingFault {
  readonly kind: "impossible-length";
  readonly command_length: number;
}

export interface Framer {
  /**
   * Takes the next octets and hands each PDU that they complete to `onFrame`. Answers the fault that ended the stream;
   * after one, whatever comes is ignored and the same fault is answered.
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): FramingFault | undefined;
  /** Octets that wait for the rest of their PDU. */
  readonly heldOctets: number;
}

/** Makes a framer that refuses PDUs over `maxOctets`. */
export function createFramer(maxOctets = DEFAULT_MAX_PDU_OCTETS): Framer {
  const lengthOctets = Buffer.alloc(4);
  let lengthHeld = 0;
  let partial: Buffer | undefined;
  let filled = 0;
  let fault: FramingFault | undefined;

  /** Completes the PDU begun in earlier chunks; answers how many octets of this one it took. */
  function completeHeld(chunk: Buffer, onFrame: (frame: Buffer) => void): number {
    let at = 0;
    if (partial === undefined) {
      while (lengthHeld < 4 && at < chunk.length) lengthOctets[lengthHeld++] = chunk[at++] ?? 0;
      if (lengthHeld < 4) return at;
      const length = lengthOctets.readUInt32BE(0);
      if (isImpossible(length)) return at;
      partial = Buffer.allocUnsafe(length);
      lengthOctets.copy(partial, 0);
      filled = 4;
      lengthHeld = 0;
    }
    const taken = chunk.copy(partial, filled, at, at + partial.length - filled);
    filled += taken;
    if (filled === partial.length) {
      const frame = partial;
      partial = undefined;
      filled = 0;
      onFrame(frame);
    }
    return at + taken;
  }

  function isImpossible(length: number): boolean {
    if (length >= HEADER_OCTETS && length <= maxOctets) return false;
    fault = { kind: "impossible-length", command_length: length };
    return true;
  }

  return {
    push(chunk, onFrame) {
      if (fault !== undefined) return fault;
      let at = partial !== undefined || lengthHeld > 0 ? completeHeld(chunk, onFrame) : 0;
      while (fault === undefined && chunk.length - at >= 4) {
        const length = chunk.readUInt32BE(at);
        if (isImpossible(length)) break;
        if (chunk.length - at < length) {
          partial = Buffer.allocUnsafe(length);
          filled = chunk.copy(partial, 0, at);
          return undefined;
        }
        onFrame(chunk.subarray(at, at + length));
        at += length;
      }
      if (fault === undefined && partial === undefined) {
        while (at < chunk.length) lengthOctets[lengthHeld++] = chunk[at++] ?? 0;
      }
      return fault;
    },
    get heldOctets() {
      return partial === undefined ? lengthHeld : filled;
    },
  };
}
