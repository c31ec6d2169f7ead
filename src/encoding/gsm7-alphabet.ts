/**
 * The GSM 7-bit default alphabet and its extension table as data (3GPP TS 23.038 §6.2.1 and §6.2.1.1).
 * National tables have the same form; what interprets them is in septet-table.ts.
 */

/** Marks a code that stands for no character; U+00B7 is in none of the alphabets. */
export const HOLE = "·";

/** The escape to the extension table, or to a national single shift table. */
export const ESCAPE = 0x1b;

/** 128 characters in code order; 0x1B is the escape and stands for no character. */
export const DEFAULT_ALPHABET =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  "Δ_ΦΓΛΩΠΨΣΘΞ·ÆæßÉ" +
  " !\"#¤%&'()*+,-./" +
  "0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNO" +
  "PQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmno" +
  "pqrstuvwxyzäöñüà";

/** 128 characters in code order, reached through the escape; 0x0A is a page break. */
export const DEFAULT_EXTENSION =
  "··········\f·····" +
  "····^···········" +
  "········{}·····\\" +
  "············[~]·" +
  "|···············" +
  "················" +
  "·····€··········" +
  "················";
