/**
 * What a data_coding octet says about the user data: the values that SMPP names (SMPP 3.4 §5.2.19), and above them
 * the groups of 3GPP TS 23.038 §4 with message classes and waiting indications.
 */

/**
 * "default" is the SMSC's own alphabet, "gsm7" the GSM alphabet whatever the SMSC's is; the names of further
 * character sets are labels of the WHATWG Encoding Standard.
 */
export type DataCoding =
  | "default"
  | "gsm7"
  | "ascii"
  | "latin1"
  | "ucs2"
  | "binary"
  | "shift_jis"
  | "iso-8859-5"
  | "iso-8859-8"
  | "iso-2022-jp"
  | "euc-kr";

const SMPP_VALUES: Readonly<Record<number, DataCoding>> = {
  0: "default",
  1: "ascii",
  2: "binary",
  3: "latin1",
  4: "binary",
  5: "shift_jis",
  6: "iso-8859-5",
  7: "iso-8859-8",
  8: "ucs2",
  10: "iso-2022-jp",
  14: "euc-kr",
};

/** Bit 5 of the general groups: the text is compressed (3GPP TS 23.042), which nobody sends and we do not read. */
const COMPRESSED = 0x20;

/** The coding that an octet names, or undefined where it is compressed or means no character set that we read. */
export function dataCodingOf(octet: number): DataCoding | undefined {
  if (octet < 0x10) return SMPP_VALUES[octet];
  const group = octet >> 4;
  if (group <= 0x7) return (octet & COMPRESSED) === 0 ? alphabetOf((octet >> 2) & 0x3) : undefined;
  if (group === 0xe) return "ucs2";
  if (group === 0xf) return (octet & 0x4) === 0 ? "gsm7" : "binary";
  // Waiting indications (0xC, 0xD), and reserved groups, which are to be read as the GSM alphabet.
  return "gsm7";
}

function alphabetOf(bits: number): DataCoding {
  if (bits === 1) return "binary";
  return bits === 2 ? "ucs2" : "gsm7";
}
