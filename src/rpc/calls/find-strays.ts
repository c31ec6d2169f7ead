/**
 * Finds what the decoder of a request would drop in silence: fields that this contract does not know, known ones in another wire type, a
 * message that occurs twice (protobuf merges them, the generated decoders take the last), and everything behind a broken tag. One walk over
 * tags and lengths finds them, and decodes nothing.
 */
import { WireType } from "@bufbuild/protobuf/wire";
import type { MessageShape } from "./request-shapes.ts";

/** Something in a request that would have been ignored. */
export interface Stray {
  /** Names from the outside in; an unknown field has its number. */
  readonly field: string;
  readonly rule: string;
}

/** More are not listed: all are refused together. */
const mostStrays = 32;
const none: readonly Stray[] = [];

/** In the order of their places; each place once. Octets that are cut off somewhere are a stray too. */
export function findStrays(octets: Uint8Array, shape: MessageShape): readonly Stray[] {
  // Nothing is made on the usual way.
  if (isWhole(octets, 0, octets.length, shape)) return none;
  const strays = new Map<string, Stray>();
  collect(octets, 0, octets.length, shape, "", strays);
  return [...strays.values()];
}

/** Whether every field in this range is known and whole. */
function isWhole(octets: Uint8Array, start: number, end: number, shape: MessageShape): boolean {
  let at = start;
  // Bits of the single messages that stand in it, by number modulo 32; where two meet, the slow walk tells.
  let seen = 0;
  while (at < end) {
    let tag = octets[at++] as number;
    if (tag > 0x7f) {
      // Two octets reach to field 2,047; further ones are left to the slow walk, as everything that is not usual.
      const next = octets[at++];
      if (next === undefined || next > 0x7f || next === 0 || at > end) return false;
      tag = (tag & 0x7f) | (next << 7);
    }
    const field = shape[tag >>> 3];
    if (field === undefined || (tag & 7) !== field.wireType) return false;
    switch (field.wireType) {
      case WireType.LengthDelimited: {
        let length = octets[at++] as number;
        for (let shift = 7; at <= end && (octets[at - 1] as number) > 0x7f; shift += 7) {
          if (shift > 28) return false;
          length = (length & (2 ** shift - 1)) + ((octets[at++] as number) & 0x7f) * 2 ** shift;
        }
        if (at + length > end) return false;
        if (field.message !== undefined) {
          if (!field.isRepeated) {
            const bit = 1 << (tag >>> 3);
            if (seen & bit) return false;
            seen |= bit;
          }
          if (!isWhole(octets, at, at + length, field.message)) return false;
        }
        at += length;
        break;
      }
      case WireType.Varint: {
        const first = at;
        while (at < end && (octets[at] as number) > 0x7f) at++;
        if (++at > end || at - first > 10) return false;
        break;
      }
      case WireType.Bit64:
        at += 8;
        break;
      default:
        at += 4;
    }
  }
  return at === end;
}

/** The slow walk, of requests that are going to be refused. */
function collect(
  octets: Uint8Array,
  start: number,
  end: number,
  shape: MessageShape,
  path: string,
  strays: Map<string, Stray>,
): void {
  const add = (field: string, rule: string) => {
    if (strays.size < mostStrays) strays.set(field, { field, rule });
  };
  const whole = path.slice(0, -1) || "request";
  const seen = new Set<number>();
  let at = start;
  /** Undefined where it does not end in this range or is longer than ten octets. */
  const varint = (): number | undefined => {
    let value = 0;
    for (let index = 0; index < 10 && at < end; index++) {
      const octet = octets[at++] as number;
      value += (octet & 0x7f) * 2 ** (7 * index);
      if (octet <= 0x7f) return value;
    }
    return undefined;
  };
  while (at < end) {
    const tag = varint();
    const number = tag === undefined ? 0 : Math.floor(tag / 8);
    const wireType = tag === undefined ? 0 : tag % 8;
    if (tag === undefined || tag > 0xffff_ffff || number === 0) {
      add(whole, "has a broken tag");
      return;
    }
    const field = shape[number];
    const isPacked = wireType === WireType.LengthDelimited && field?.mayBePacked === true;
    if (field === undefined)
      add(`${path}${number}`, `field number ${number} is not known here and would do nothing`);
    else if (wireType !== field.wireType && !isPacked)
      add(`${path}${field.name}`, "has the wire type of another field");
    if (field?.message !== undefined && !field.isRepeated) {
      if (seen.has(number)) add(`${path}${field.name}`, "stands twice");
      seen.add(number);
    }
    let length: number | undefined;
    switch (wireType) {
      case WireType.Varint:
        length = varint() === undefined ? undefined : 0;
        break;
      case WireType.Bit64:
        length = 8;
        break;
      case WireType.Bit32:
        length = 4;
        break;
      case WireType.LengthDelimited:
        length = varint();
        break;
      default: {
        add(whole, "has a broken tag");
        return;
      }
    }
    if (length === undefined || at + length > end) {
      add(whole, "is cut off");
      return;
    }
    if (field?.message !== undefined && wireType === WireType.LengthDelimited)
      collect(octets, at, at + length, field.message, `${path}${field.name}.`, strays);
    at += length;
  }
}
