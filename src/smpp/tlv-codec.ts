/** Writes and reads optional parameters (SMPP 3.4 §3.2.4.1). What is not understood stays raw and travels on unchanged. */
import { sizeOfCstring, writeCstring, writeInteger } from "./field-codecs.ts";
import { type RawTlv, TLVS, type TlvLayout, type Tlvs } from "./tlvs.ts";

interface NamedTlv {
  readonly name: string;
  readonly layout: TlvLayout;
}

const LAYOUT_BY_NAME: Readonly<Record<string, TlvLayout>> = TLVS;
const BY_TAG: ReadonlyMap<number, NamedTlv> = new Map(
  Object.entries(TLVS).map(([name, layout]) => [layout.tag, { name, layout }]),
);
const NO_TLVS: Tlvs = Object.freeze({});
const NO_RAW: readonly RawTlv[] = Object.freeze([]);

function layoutOf(name: string): TlvLayout {
  const layout = Object.hasOwn(LAYOUT_BY_NAME, name) ? LAYOUT_BY_NAME[name] : undefined;
  if (layout === undefined) throw new RangeError(`${name} is no optional parameter of SMPP 3.4`);
  return layout;
}

function sizeOfValue(name: string, layout: TlvLayout, value: unknown): number {
  switch (layout.type) {
    case "integer":
      return layout.octets;
    case "cstring":
      return sizeOfCstring(name, layout.max, value);
    case "flag":
      return 0;
    case "octets": {
      const { length } = value as Uint8Array;
      if (length < layout.min || length > layout.max) {
        throw new RangeError(`${name}: ${length} octets, ${layout.min} to ${layout.max} fit`);
      }
      return length;
    }
  }
}

/** Octets that the optional parameters take on the wire; throws a RangeError when one cannot be written. */
export function sizeOfTlvs(
  tlvs: Readonly<Record<string, unknown>> | undefined,
  raw: readonly { readonly value: Uint8Array }[] | undefined,
): number {
  let size = 0;
  if (tlvs !== undefined) {
    for (const name in tlvs) {
      const value = tlvs[name];
      if (value !== undefined) size += 4 + sizeOfValue(name, layoutOf(name), value);
    }
  }
  if (raw !== undefined) {
    for (const { value } of raw) {
      if (value.length > 0xffff) throw new RangeError(`an optional parameter of ${value.length} octets`);
      size += 4 + value.length;
    }
  }
  return size;
}

function writeOne(name: string, layout: TlvLayout, value: unknown, buffer: Buffer, at: number): number {
  buffer.writeUInt16BE(layout.tag, at);
  buffer.writeUInt16BE(sizeOfValue(name, layout, value), at + 2);
  const next = at + 4;
  switch (layout.type) {
    case "integer":
      return writeInteger(name, layout.octets, value, buffer, next);
    case "cstring":
      return writeCstring(name, value, buffer, next);
    case "flag":
      return next;
    case "octets": {
      const octets = value as Uint8Array;
      buffer.set(octets, next);
      return next + octets.length;
    }
  }
}

/** Writes the optional parameters and answers the offset behind them. */
export function writeTlvs(
  tlvs: Readonly<Record<string, unknown>> | undefined,
  raw: readonly { readonly tag: number; readonly value: Uint8Array }[] | undefined,
  buffer: Buffer,
  at: number,
): number {
  let next = at;
  if (tlvs !== undefined) {
    for (const name in tlvs) {
      const value = tlvs[name];
      if (value !== undefined) next = writeOne(name, layoutOf(name), value, buffer, next);
    }
  }
  if (raw !== undefined) {
    for (const { tag, value } of raw) {
      writeInteger("tag", 2, tag, buffer, next);
      buffer.writeUInt16BE(value.length, next + 2);
      buffer.set(value, next + 4);
      next += 4 + value.length;
    }
  }
  return next;
}

/** The value of a parameter, or undefined when its length is not the type's. */
function readValue(layout: TlvLayout, value: Buffer): unknown {
  switch (layout.type) {
    case "integer":
      return value.length === layout.octets ? value.readUIntBE(0, layout.octets) : undefined;
    case "cstring": {
      const nul = value.indexOf(0);
      return value.toString("latin1", 0, nul === -1 ? value.length : nul);
    }
    case "flag":
      return value.length === 0 ? true : undefined;
    case "octets":
      return value.length >= layout.min && value.length <= layout.max ? value : undefined;
  }
}

/** What `readTlvs` found; `broken` when the octets ended inside a parameter. */
export interface TlvReading {
  readonly tlvs: Tlvs;
  readonly raw: readonly RawTlv[];
  readonly broken: boolean;
}

const NONE: TlvReading = { tlvs: NO_TLVS, raw: NO_RAW, broken: false };

/** Reads parameters up to `end`. The first of each known tag counts; repeated, unknown and misshapen ones stay raw. */
export function readTlvs(buffer: Buffer, from: number, end: number): TlvReading {
  if (from === end) return NONE;
  const known: Record<string, unknown> = {};
  const raw: RawTlv[] = [];
  let at = from;
  while (at + 4 <= end) {
    const tag = buffer.readUInt16BE(at);
    const stop = at + 4 + buffer.readUInt16BE(at + 2);
    if (stop > end) break;
    const octets = buffer.subarray(at + 4, stop);
    const entry = BY_TAG.get(tag);
    const value = entry === undefined || entry.name in known ? undefined : readValue(entry.layout, octets);
    if (entry === undefined || value === undefined) raw.push({ tag, value: octets });
    else known[entry.name] = value;
    at = stop;
  }
  return { tlvs: known as Tlvs, raw, broken: at !== end };
}
