/**
 * The types of encoding: what a gateway can carry, what the caller asks for, and the plan that follows from both. A plan
 * is a pure function of (content, options, profile); the wire octets come later, when a reference is known.
 */

/** National languages with shift tables, numbered as in 3GPP TS 23.038 §6.2.1.2.4 (1 Turkish … 13 Urdu). */
export type NationalLanguage = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13;

/** How the parts of a long message are tied together on the wire. */
export type Concatenation = "udh8" | "udh16" | "sar" | "payload";

/** What one gateway can carry. Two gateways with equal profiles get equal plans. */
export interface EncodingProfile {
  /** What data_coding 0 means at this SMSC; segment budgets stay those of the air interface (P34). */
  readonly defaultAlphabet: "gsm" | "latin1" | "ascii";
  /** Whether 7-bit text is sent one septet an octet, or packed. */
  readonly packing: "unpacked" | "packed";
  /** data_coding octets by encoding; defaults 0x00, 0x08 and 0x04. */
  readonly dataCoding: { readonly gsm7: number; readonly ucs2: number; readonly binary: number };
  readonly supportsUcs2: boolean;
  readonly supportsBinary: boolean;
  readonly singleShiftLanguages: readonly NationalLanguage[];
  readonly lockingShiftLanguages: readonly NationalLanguage[];
  readonly concatenation: Concatenation;
  /** Most segments the gateway takes for one message. */
  readonly maxSegments: number;
}

export type Encoding = "gsm7" | "ucs2" | "binary";

/** What a message carries: text, or octets with an optional user data header (its length octet first). */
export type Content =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly data: Uint8Array; readonly udh: Uint8Array };

export interface PlanOptions {
  /** "auto" takes the cheapest that fits; "gsm7" or "ucs2" insist. */
  readonly encoding: "auto" | "gsm7" | "ucs2";
  readonly transliterate: boolean;
  /** Most segments the caller wants, 1 to 255. */
  readonly maxSegments: number;
}

/** A character that the default alphabet lacks, at its UTF-16 offset in the text. */
export interface ForcingCharacter {
  readonly character: string;
  readonly offset: number;
}

/** A replacement made by transliteration, at its UTF-16 offset in the original text. */
export interface Substitution {
  readonly offset: number;
  readonly from: string;
  readonly to: string;
}

export interface Segment {
  /** The text of this part; empty for binary. */
  readonly text: string;
  /** The octets of this part for binary; empty for text. */
  readonly data: Uint8Array;
  /** Septets, UTF-16 code units or octets used, without header. */
  readonly unitsUsed: number;
  /** Units that would still fit into this part. */
  readonly unitsLeft: number;
}

export interface MessagePlan {
  readonly encoding: Encoding;
  readonly singleShift: NationalLanguage | undefined;
  readonly lockingShift: NationalLanguage | undefined;
  /** How the segments are tied; a single segment has none. */
  readonly concatenation: Concatenation | undefined;
  readonly segments: readonly Segment[];
  /** What makes the default alphabet impossible, in text order; empty where it is used. */
  readonly forcingCharacters: readonly ForcingCharacter[];
  /** What transliteration changed; empty when it was not asked for or not used. */
  readonly substitutions: readonly Substitution[];
  /** For binary content, the caller's own user data header, repeated in every part; else empty. */
  readonly udh: Uint8Array;
}

export type PlanResult =
  | { readonly kind: "planned"; readonly plan: MessagePlan }
  /** The content needs more segments than options or profile allow. */
  | {
      readonly kind: "too_many_segments";
      readonly segmentCount: number;
      readonly limit: number;
      readonly limitedBy: "request" | "gateway";
    }
  /**
   * The profile or the demanded encoding cannot carry the content, or its own header is malformed, leaves no room, or
   * numbers a part although the data needs several.
   */
  | {
      readonly kind: "not_encodable";
      readonly reason: "ENCODING_NOT_SUPPORTED" | "CHARACTER_NOT_IN_ALPHABET" | "INVALID_USER_DATA_HEADER";
      readonly forcingCharacters: readonly ForcingCharacter[];
    };

/** One part as it goes on the wire: the fields of a submit_sm that depend on the content. */
export interface WirePart {
  readonly dataCoding: number;
  /** Sets the UDHI bit (0x40) of esm_class. */
  readonly hasUserDataHeader: boolean;
  /** short_message; empty when messagePayload is set. */
  readonly shortMessage: Uint8Array;
  readonly messagePayload: Uint8Array | undefined;
  readonly sar: { readonly reference: number; readonly total: number; readonly sequence: number } | undefined;
}
