/**
 * Plans binary content: octets, with a user data header of the caller's own that is repeated in every part.
 */
import type {
  Concatenation,
  EncodingProfile,
  MessagePlan,
  PlanOptions,
  PlanResult,
  Segment,
} from "./message-plan.ts";
import { concatenationOctets, segmentBudget, USER_DATA_OCTETS } from "./segment-budget.ts";
import { refuseTooMany } from "./segment-limit.ts";
import { parseHeader, type UserDataHeader } from "./udh.ts";

/** Plans octets and their header (its length octet first; empty for none). */
export function planBinary(
  data: Uint8Array,
  udh: Uint8Array,
  options: PlanOptions,
  profile: EncodingProfile,
): PlanResult {
  if (!profile.supportsBinary) return refuse("ENCODING_NOT_SUPPORTED");
  const header = udh.length === 0 ? undefined : parseHeader(udh);
  if (udh.length > 0 && !isWholeHeader(header, udh)) return refuse("INVALID_USER_DATA_HEADER");
  const singleBudget = USER_DATA_OCTETS - udh.length;
  if (data.length <= singleBudget) {
    return { kind: "planned", plan: binaryPlan(data, udh, [0], singleBudget, undefined) };
  }
  // A header that already numbers its part cannot be split further.
  if (header?.part !== undefined) return refuse("INVALID_USER_DATA_HEADER");
  const concatenation = concatenationBeside(udh, profile.concatenation);
  const ownElementOctets = udh.length === 0 ? 0 : udh.length - 1;
  const partBudget = segmentBudget("binary", ownElementOctets + concatenationOctets(concatenation));
  if (partBudget <= 0) return refuse("INVALID_USER_DATA_HEADER");
  const segmentCount = Math.ceil(data.length / partBudget);
  const tooMany = refuseTooMany(segmentCount, options, profile);
  if (tooMany !== undefined) return tooMany;
  const starts = Array.from({ length: segmentCount }, (_, index) => index * partBudget);
  return { kind: "planned", plan: binaryPlan(data, udh, starts, partBudget, concatenation) };
}

/** SAR and message_payload go without a header; where the caller brings one, the parts are tied in it. */
function concatenationBeside(udh: Uint8Array, concatenation: Concatenation): Concatenation {
  const isHeaderless = concatenation === "sar" || concatenation === "payload";
  return udh.length > 0 && isHeaderless ? "udh16" : concatenation;
}

function isWholeHeader(header: UserDataHeader | undefined, udh: Uint8Array): boolean {
  return header?.lengthOctets === udh.length && udh.length <= USER_DATA_OCTETS;
}

function binaryPlan(
  data: Uint8Array,
  udh: Uint8Array,
  starts: readonly number[],
  budget: number,
  concatenation: Concatenation | undefined,
): MessagePlan {
  const segments: readonly Segment[] = starts.map((start) => {
    const octets = data.subarray(start, start + budget);
    return { text: "", data: octets, unitsUsed: octets.length, unitsLeft: budget - octets.length };
  });
  return {
    encoding: "binary",
    singleShift: undefined,
    lockingShift: undefined,
    concatenation,
    segments,
    forcingCharacters: [],
    substitutions: [],
    udh,
  };
}

function refuse(reason: "ENCODING_NOT_SUPPORTED" | "INVALID_USER_DATA_HEADER"): PlanResult {
  return { kind: "not_encodable", reason, forcingCharacters: [] };
}
