/**
 * Turns a plan into the octets of each submit_sm once the concatenation reference is known. Every part of a message
 * takes this one path, so that all carry the same coding (P34).
 */
import { encodeSeptets } from "./gsm7.ts";
import type { EncodingProfile, MessagePlan, Segment, WirePart } from "./message-plan.ts";
import { fillBitsAfter, packSeptets } from "./pack-septets.ts";
import { septetTable } from "./septet-table.ts";
import { encodeUcs2 } from "./ucs2.ts";
import {
  buildHeader,
  CONCATENATION_8,
  CONCATENATION_16,
  type InformationElement,
  LOCKING_SHIFT,
  parseHeader,
  SINGLE_SHIFT,
} from "./udh.ts";

const noOctets = new Uint8Array(0);

/** How many parts `renderParts` makes of a plan. */
export function countParts(plan: MessagePlan): number {
  return plan.concatenation === "payload" ? 1 : plan.segments.length;
}

/**
 * The parts of a plan in order. `reference` ties the parts of a long message together: its low 8 bits with "udh8", its
 * low 16 with "udh16" and "sar"; a single segment and a message_payload have none. The profile must be the one that
 * the plan was made for.
 */
export function renderParts(
  plan: MessagePlan,
  profile: EncodingProfile,
  reference: number,
): readonly WirePart[] {
  const dataCoding = profile.dataCoding[plan.encoding];
  if (plan.concatenation === "payload") {
    return [renderPayload(plan, profile, dataCoding)];
  }
  const total = plan.segments.length;
  const ownElements = plan.udh.length === 0 ? [] : (parseHeader(plan.udh)?.elements ?? []);
  const shifts = shiftElements(plan);
  return plan.segments.map((segment, index) => {
    const concatenation = concatenationElements(plan, reference, total, index + 1);
    const header = buildHeader([...concatenation, ...shifts, ...ownElements]);
    const body = encodeBody(segment, plan, profile, fillBitsAfter(header.length));
    return {
      dataCoding,
      hasUserDataHeader: header.length > 0,
      shortMessage: header.length === 0 ? body : concatenate([header, body]),
      messagePayload: undefined,
      sar:
        plan.concatenation === "sar"
          ? { reference: reference & 0xffff, total, sequence: index + 1 }
          : undefined,
    };
  });
}

function renderPayload(plan: MessagePlan, profile: EncodingProfile, dataCoding: number): WirePart {
  const whole: Segment = {
    text: plan.segments.map((segment) => segment.text).join(""),
    data: concatenate(plan.segments.map((segment) => segment.data)),
    unitsUsed: 0,
    unitsLeft: 0,
  };
  return {
    dataCoding,
    hasUserDataHeader: false,
    shortMessage: noOctets,
    messagePayload: encodeBody(whole, plan, profile, 0),
    sar: undefined,
  };
}

function concatenationElements(
  plan: MessagePlan,
  reference: number,
  total: number,
  sequence: number,
): readonly InformationElement[] {
  switch (plan.concatenation) {
    case "udh8":
      return [{ id: CONCATENATION_8, data: Uint8Array.of(reference, total, sequence) }];
    case "udh16":
      return [{ id: CONCATENATION_16, data: Uint8Array.of(reference >> 8, reference, total, sequence) }];
    default:
      return [];
  }
}

function shiftElements(plan: MessagePlan): readonly InformationElement[] {
  const elements: InformationElement[] = [];
  if (plan.singleShift !== undefined) {
    elements.push({ id: SINGLE_SHIFT, data: Uint8Array.of(plan.singleShift) });
  }
  if (plan.lockingShift !== undefined) {
    elements.push({ id: LOCKING_SHIFT, data: Uint8Array.of(plan.lockingShift) });
  }
  return elements;
}

function encodeBody(
  segment: Segment,
  plan: MessagePlan,
  profile: EncodingProfile,
  fillBits: number,
): Uint8Array {
  switch (plan.encoding) {
    case "binary":
      return segment.data;
    case "ucs2":
      return encodeUcs2(segment.text);
    case "gsm7": {
      if (profile.defaultAlphabet !== "gsm") return encodeSingleOctets(segment.text);
      const septets = encodeSeptets(segment.text, septetTable(plan.lockingShift, plan.singleShift));
      if (septets === undefined) throw new RangeError("the plan holds a character that its alphabet lacks");
      return profile.packing === "packed" ? packSeptets(septets, fillBits) : septets;
    }
  }
}

/** Latin-1 or ASCII: the code points are the octets, and the SMSC makes septets of them. */
function encodeSingleOctets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
