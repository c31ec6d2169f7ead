/**
 * National language shift tables as data (3GPP TS 23.038 annex A), in the form of gsm7-alphabet.ts.
 */
import type { NationalLanguage } from "./message-plan.ts";

/** Tables that replace the default alphabet (annex A.3). */
export const LOCKING_SHIFT_TABLES: Readonly<Partial<Record<NationalLanguage, string>>> = {};

/** Tables that replace the extension table (annex A.2). */
export const SINGLE_SHIFT_TABLES: Readonly<Partial<Record<NationalLanguage, string>>> = {};
