/**
 * The profile that a preview uses when no gateway is named: what every network carries.
 */
import type { EncodingProfile } from "./message-plan.ts";

/** Default alphabet and UCS-2, an 8-bit reference, no shift tables, and no limit beyond the caller's own. */
export const baselineProfile: EncodingProfile = {
  defaultAlphabet: "gsm",
  packing: "unpacked",
  dataCoding: { gsm7: 0x00, ucs2: 0x08, binary: 0x04 },
  supportsUcs2: true,
  supportsBinary: true,
  singleShiftLanguages: [],
  lockingShiftLanguages: [],
  concatenation: "udh8",
  maxSegments: 255,
};
