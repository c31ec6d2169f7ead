/**
 * How each type of field is sized, written and read: the one place that knows what an integer or a C-Octet String looks
 * like on the wire (SMPP 3.4 §3.1). Reading never throws; what is wrong is noted on the cursor.
 */
import { COMMAND_STATUS } from "./command-status.ts";
import type { Destination, Failure } from "./pdu.ts";
import type { FieldLayout } from "./pdu-layouts.ts";

/** A position in a PDU that is being read, and the first fault of each kind met on the way. */
export interface Cursor {
  readonly buffer: Buffer;
  /** The first octet behind the PDU. */
  readonly end: number;
  at: number;
  /** The status that a field cut off by the end of the PDU earns; 0 for none. */
  shortStatus: number;
  /** The status that an overlong or impossible value earns; 0 for none. */
  badStatus: number;
}

/** Sizes, writes and reads one field. Writing answers the offset behind the value and throws a RangeError on misuse. */
export interface FieldCodec {
  readonly name: string;
  readonly empty: unknown;
  sizeOf(value: unknown): number;
  write(value: unknown, buffer: Buffer, at: number): number;
  read(cursor: Cursor): unknown;
}

const LIMITS = { 1: 0xff, 2: 0xffff, 4: 0xffffffff } as const;
const EMPTY = Buffer.alloc(0);

/** Writes an unsigned big-endian integer of 1, 2 or 4 octets. */
export function writeInteger(
  name: string,
  octets: 1 | 2 | 4,
  value: unknown,
  buffer: Buffer,
  at: number,
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > LIMITS[octets]) {
    throw new RangeError(`${name}: ${String(value)} is no integer of ${octets} octets`);
  }
  if (octets === 1) buffer[at] = value;
  else if (octets === 2) buffer.writeUInt16BE(value, at);
  else buffer.writeUInt32BE(value, at);
  return at + octets;
}

/** Octets that a C-Octet String takes, with its NUL; throws when it is over `max` or cannot be written. */
export function sizeOfCstring(name: string, max: number, value: unknown): number {
  if (typeof value !== "string") throw new RangeError(`${name} is no string`);
  if (value.length >= max) throw new RangeError(`${name}: ${value.length} octets, at most ${max - 1} fit`);
  return value.length + 1;
}

/** Writes a string of at most U+00FF with its NUL. */
export function writeCstring(name: string, value: unknown, buffer: Buffer, at: number): number {
  const text = value as string;
  // Addresses and ids have 0 to 20 characters, where this loop beats a call of latin1Write by a factor of three.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0xff) throw new RangeError(`${name} holds a character that no octet carries`);
    buffer[at + i] = code;
  }
  buffer[at + text.length] = 0;
  return at + text.length + 1;
}

function readInteger(cursor: Cursor, octets: 1 | 2 | 4): number {
  const { at, buffer } = cursor;
  if (at + octets > cursor.end) {
    cursor.shortStatus ||= COMMAND_STATUS.ESME_RINVCMDLEN;
    cursor.at = cursor.end;
    return 0;
  }
  cursor.at = at + octets;
  if (octets === 1) return buffer[at] ?? 0;
  return octets === 2 ? buffer.readUInt16BE(at) : buffer.readUInt32BE(at);
}

function readCstring(cursor: Cursor, max: number, status: number): string {
  const { at, buffer, end } = cursor;
  let stop = at;
  while (stop < end && buffer[stop] !== 0) stop++;
  if (stop === end) cursor.shortStatus ||= COMMAND_STATUS.ESME_RINVCMDLEN;
  if (stop - at >= max) cursor.badStatus ||= status;
  cursor.at = stop === end ? end : stop + 1;
  return stop === at ? "" : buffer.toString("latin1", at, stop);
}

function readOctets(cursor: Cursor, max: number, status: number): Buffer {
  const length = readInteger(cursor, 1);
  const at = cursor.at;
  const stop = Math.min(at + length, cursor.end);
  if (at + length > cursor.end) cursor.shortStatus ||= status;
  if (length > max) cursor.badStatus ||= status;
  cursor.at = stop;
  return stop === at ? EMPTY : cursor.buffer.subarray(at, stop);
}

function readDestinations(cursor: Cursor): readonly Destination[] {
  const found: Destination[] = [];
  for (let left = readInteger(cursor, 1); left > 0 && cursor.shortStatus === 0; left--) {
    const flag = readInteger(cursor, 1);
    if (flag === 1) {
      found.push({
        dest_flag: 1,
        dest_addr_ton: readInteger(cursor, 1),
        dest_addr_npi: readInteger(cursor, 1),
        destination_addr: readCstring(cursor, 21, COMMAND_STATUS.ESME_RINVDSTADR),
      });
    } else if (flag === 2) {
      found.push({ dest_flag: 2, dl_name: readCstring(cursor, 21, COMMAND_STATUS.ESME_RINVDLNAME) });
    } else {
      cursor.badStatus ||= COMMAND_STATUS.ESME_RINVDESTFLAG;
      break;
    }
  }
  return found;
}

function writeDestinations(destinations: readonly Destination[], buffer: Buffer, at: number): number {
  let next = writeInteger("number_of_dests", 1, destinations.length, buffer, at);
  for (const destination of destinations) {
    buffer[next++] = destination.dest_flag;
    if (destination.dest_flag === 2) {
      next = writeCstring("dl_name", destination.dl_name, buffer, next);
      continue;
    }
    next = writeInteger("dest_addr_ton", 1, destination.dest_addr_ton, buffer, next);
    next = writeInteger("dest_addr_npi", 1, destination.dest_addr_npi, buffer, next);
    next = writeCstring("destination_addr", destination.destination_addr, buffer, next);
  }
  return next;
}

function sizeOfDestination(destination: Destination): number {
  return destination.dest_flag === 2
    ? 1 + sizeOfCstring("dl_name", 21, destination.dl_name)
    : 3 + sizeOfCstring("destination_addr", 21, destination.destination_addr);
}

function readFailures(cursor: Cursor): readonly Failure[] {
  const found: Failure[] = [];
  for (let left = readInteger(cursor, 1); left > 0 && cursor.shortStatus === 0; left--) {
    found.push({
      dest_addr_ton: readInteger(cursor, 1),
      dest_addr_npi: readInteger(cursor, 1),
      destination_addr: readCstring(cursor, 21, COMMAND_STATUS.ESME_RINVDSTADR),
      error_status_code: readInteger(cursor, 4),
    });
  }
  return found;
}

function writeFailures(failures: readonly Failure[], buffer: Buffer, at: number): number {
  let next = writeInteger("no_unsuccess", 1, failures.length, buffer, at);
  for (const failure of failures) {
    next = writeInteger("dest_addr_ton", 1, failure.dest_addr_ton, buffer, next);
    next = writeInteger("dest_addr_npi", 1, failure.dest_addr_npi, buffer, next);
    next = writeCstring("destination_addr", failure.destination_addr, buffer, next);
    next = writeInteger("error_status_code", 4, failure.error_status_code, buffer, next);
  }
  return next;
}

/** Makes the codec of one field from its layout. */
export function fieldCodec(field: FieldLayout): FieldCodec {
  const { name } = field;
  switch (field.type) {
    case "integer": {
      const { octets } = field;
      return {
        name,
        empty: 0,
        sizeOf: () => octets,
        write: (value, buffer, at) => writeInteger(name, octets, value, buffer, at),
        read: (cursor) => readInteger(cursor, octets),
      };
    }
    case "cstring": {
      const { max, status } = field;
      return {
        name,
        empty: "",
        sizeOf: (value) => sizeOfCstring(name, max, value),
        write: (value, buffer, at) => writeCstring(name, value, buffer, at),
        read: (cursor) => readCstring(cursor, max, status),
      };
    }
    case "octets": {
      const { max, status } = field;
      return {
        name,
        empty: EMPTY,
        sizeOf: (value) => {
          const { length } = value as Uint8Array;
          if (length > max) throw new RangeError(`${name}: ${length} octets, at most ${max} fit`);
          return length + 1;
        },
        write: (value, buffer, at) => {
          const octets = value as Uint8Array;
          buffer[at] = octets.length;
          buffer.set(octets, at + 1);
          return at + 1 + octets.length;
        },
        read: (cursor) => readOctets(cursor, max, status),
      };
    }
    case "destinations":
      return {
        name,
        empty: [],
        sizeOf: (value) =>
          (value as readonly Destination[]).reduce((sum, d) => sum + sizeOfDestination(d), 1),
        write: (value, buffer, at) => writeDestinations(value as readonly Destination[], buffer, at),
        read: readDestinations,
      };
    case "failures":
      return {
        name,
        empty: [],
        sizeOf: (value) =>
          (value as readonly Failure[]).reduce(
            (sum, f) => sum + 6 + sizeOfCstring("destination_addr", 21, f.destination_addr),
            1,
          ),
        write: (value, buffer, at) => writeFailures(value as readonly Failure[], buffer, at),
        read: readFailures,
      };
  }
}
