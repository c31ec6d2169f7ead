/**
 * Reads user data back: messages and receipts that arrive, and what the simulator is sent. It never throws, whatever
 * the octets are.
 */
import { type DataCoding, dataCodingOf } from "./data-coding.ts";
import { decodeSeptets } from "./gsm7.ts";
import type { EncodingProfile } from "./message-plan.ts";
import { fillBitsAfter, unpackSeptets } from "./pack-septets.ts";
import { septetTable } from "./septet-table.ts";
import { decodeUcs2 } from "./ucs2.ts";
import { parseHeader, type UserDataHeader } from "./udh.ts";

/** Settings of the gateway that the user data came through. */
export type DecodingProfile = Pick<EncodingProfile, "defaultAlphabet" | "packing" | "dataCoding">;

/** User data as a submit_sm or deliver_sm carries it: short_message, or message_payload. */
export interface ReceivedPart {
  readonly userData: Uint8Array;
  readonly dataCoding: number;
  /** The UDHI bit (0x40) of esm_class. */
  readonly hasUserDataHeader: boolean;
}

export type DecodedPart =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly coding: DataCoding;
      readonly header: UserDataHeader | undefined;
    }
  | { readonly kind: "binary"; readonly data: Uint8Array; readonly header: UserDataHeader | undefined }
  /** The octets, untouched: the header's lengths contradict them, or nothing here reads the coding. */
  | {
      readonly kind: "undecodable";
      readonly reason: "MALFORMED_HEADER" | "UNSUPPORTED_CODING";
      readonly data: Uint8Array;
    };

/**
 * Decodes one part. The gateway's own data_coding octets take precedence over the standard's, and data_coding 0 means the
 * gateway's default alphabet (P34). What a character set lacks shows as U+FFFD, in GSM text as a space.
 */
export function decodePart(part: ReceivedPart, profile: DecodingProfile): DecodedPart {
  const header = part.hasUserDataHeader ? parseHeader(part.userData) : undefined;
  if (part.hasUserDataHeader && header === undefined) {
    return { kind: "undecodable", reason: "MALFORMED_HEADER", data: part.userData };
  }
  const coding = codingAt(part.dataCoding & 0xff, profile);
  const body = part.userData.subarray(header?.lengthOctets ?? 0);
  switch (coding) {
    case undefined:
      return { kind: "undecodable", reason: "UNSUPPORTED_CODING", data: part.userData };
    case "binary":
      return { kind: "binary", data: body, header };
    case "gsm7":
      return { kind: "text", text: decodeGsm7(body, header, profile), coding, header };
    case "ucs2":
      return { kind: "text", text: decodeUcs2(body), coding, header };
    case "ascii":
      return { kind: "text", text: decodeBelow(body, 0x80), coding, header };
    case "latin1":
      return { kind: "text", text: decodeBelow(body, 0x100), coding, header };
    case "default":
      return { kind: "text", text: decodeDefault(body, header, profile), coding, header };
    default:
      return { kind: "text", text: new TextDecoder(coding).decode(body), coding, header };
  }
}

function codingAt(octet: number, profile: DecodingProfile): DataCoding | undefined {
  if (octet === profile.dataCoding.gsm7) return "default";
  if (octet === profile.dataCoding.ucs2) return "ucs2";
  if (octet === profile.dataCoding.binary) return "binary";
  return dataCodingOf(octet);
}

function decodeDefault(
  body: Uint8Array,
  header: UserDataHeader | undefined,
  profile: DecodingProfile,
): string {
  switch (profile.defaultAlphabet) {
    case "gsm":
      return decodeGsm7(body, header, profile);
    case "latin1":
      return decodeBelow(body, 0x100);
    case "ascii":
      return decodeBelow(body, 0x80);
  }
}

function decodeGsm7(body: Uint8Array, header: UserDataHeader | undefined, profile: DecodingProfile): string {
  const septets =
    profile.packing === "packed" ? unpackSeptets(body, fillBitsAfter(header?.lengthOctets ?? 0)) : body;
  return decodeSeptets(septets, septetTable(header?.lockingShift, header?.singleShift));
}

/** A character set whose octets are code points below `end`. */
function decodeBelow(octets: Uint8Array, end: number): string {
  let text = "";
  for (const octet of octets) text += octet < end ? String.fromCharCode(octet) : "\uFFFD";
  return text;
}
