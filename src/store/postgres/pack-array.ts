/**
 * Arrays in PostgreSQL's binary format. `pg` writes arrays as text, with quotes and escapes: for a row of 17 columns that cost 10 µs here
 * and 10.7 µs at the server, and in binary 3.7 and 9.8 (batches of 500).
 */

export type Scalar = string | number | boolean | null | Uint8Array;

/** Types of elements by the name that a statement casts to, with their number in `pg_type`. */
const elementOids = { smallint: 21, integer: 23, bigint: 20, text: 25, bytea: 17 } as const;

export type ElementType = keyof typeof elementOids;

const integerOctets = { smallint: 2, integer: 4, bigint: 8 } as const;

const headerOctets = 20;
const wordOctets = 4;
const nullLength = -1;
const twoTo32 = 2 ** 32;

/** The element types of a statement's parameters by their number, as it casts them: `$1::text[]`. */
export function elementTypesOf(text: string): ReadonlyMap<number, ElementType> {
  const types = new Map<number, ElementType>();
  for (const [, number, type] of text.matchAll(/\$(\d+)::(smallint|integer|bigint|text|bytea)\[\]/g)) {
    types.set(Number(number), type as ElementType);
  }
  return types;
}

/** One dimension, from 1. */
export function packArray(type: ElementType, values: readonly Scalar[]): Buffer {
  const packed = Buffer.allocUnsafe(headerOctets + mostOctets(type, values));
  let at = headerOctets;
  let hasNull = 0;
  for (const value of values) {
    const start = at + wordOctets;
    let octets = nullLength;
    if (value === null) hasNull = 1;
    else if (typeof value === "string") octets = packed.write(value, start);
    else if (value instanceof Uint8Array) {
      packed.set(value, start);
      octets = value.length;
    } else octets = writeInteger(packed, start, type, Number(value));
    packed.writeInt32BE(octets, at);
    at = start + Math.max(0, octets);
  }
  packed.writeInt32BE(values.length > 0 ? 1 : 0, 0);
  packed.writeInt32BE(hasNull, 4);
  packed.writeInt32BE(elementOids[type], 8);
  packed.writeInt32BE(values.length, 12);
  packed.writeInt32BE(1, 16);
  // An array without elements has no dimension.
  return packed.subarray(0, values.length > 0 ? at : headerOctets - 2 * wordOctets);
}

function mostOctets(type: ElementType, values: readonly Scalar[]): number {
  if (type !== "text" && type !== "bytea") return values.length * (wordOctets + integerOctets[type]);
  let octets = values.length * wordOctets;
  // A UTF-16 code unit becomes at most three octets.
  for (const value of values) {
    if (typeof value === "string") octets += value.length * 3;
    else if (value instanceof Uint8Array) octets += value.length;
  }
  return octets;
}

function writeInteger(packed: Buffer, at: number, type: ElementType, value: number): number {
  switch (type) {
    case "smallint":
      packed.writeInt16BE(value, at);
      return 2;
    case "integer":
      packed.writeInt32BE(value, at);
      return 4;
    default:
      packed.writeInt32BE(Math.floor(value / twoTo32), at);
      packed.writeUInt32BE(value >>> 0, at + 4);
      return 8;
  }
}
