/**
 * The text of a delivery receipt, written and read (SMPP 3.4 appendix B). The form is the SMSC vendor's own, so reading
 * takes fields in any order, missing, misspelt or doubled, and never throws (P6).
 */
import { formatMinute, utcMoment } from "./smpp-time.ts";
import { trimPadding } from "./trim-padding.ts";

/** Fields of a receipt's text as they stand in it; undefined where one is missing. */
export interface ReceiptFields {
  readonly id: string | undefined;
  readonly sub: string | undefined;
  readonly dlvrd: string | undefined;
  readonly submitDate: string | undefined;
  readonly doneDate: string | undefined;
  readonly stat: string | undefined;
  readonly err: string | undefined;
  readonly text: string | undefined;
}

type FieldName = keyof ReceiptFields;

const FIELD_BY_NAME: ReadonlyMap<string, FieldName> = new Map([
  ["id", "id"],
  ["sub", "sub"],
  ["dlvrd", "dlvrd"],
  ["submitdate", "submitDate"],
  ["submit date", "submitDate"],
  ["submit_date", "submitDate"],
  ["donedate", "doneDate"],
  ["done date", "doneDate"],
  ["done_date", "doneDate"],
  ["stat", "stat"],
  ["err", "err"],
  ["text", "text"],
]);

function isLetterAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 0x20;
  return code >= 0x61 && code <= 0x7a;
}

/** Control characters too: texts are closed or filled up with NUL. */
function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code <= 0x20 || (code >= 0x7f && /[\s\p{Cc}]/u.test(text.charAt(at)));
}

/** Fields are kept apart by white space, semicolon, comma or bar. */
function isDelimiterAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x3b || code === 0x2c || code === 0x7c || isSpaceAt(text, at);
}

/** Where the word that ends before `end` begins: letters only. */
function wordStart(text: string, end: number): number {
  let start = end;
  while (start > 0 && isLetterAt(text, start - 1)) start--;
  return start;
}

/** The field that `text` names from `start` to `end`, where the name stands by itself. */
function fieldNamed(text: string, start: number, end: number): FieldName | undefined {
  if (start > 0 && !isDelimiterAt(text, start - 1)) return undefined;
  const name = text.slice(start, end);
  return FIELD_BY_NAME.get(name) ?? FIELD_BY_NAME.get(name.toLowerCase());
}

interface Mark {
  readonly field: FieldName;
  /** Where the value before it ends: at the delimiter. */
  readonly at: number;
  readonly valueAt: number;
}

/** The field whose name ends at a colon. */
function markAt(text: string, colon: number): Mark | undefined {
  let end = colon;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end--;
  let start = wordStart(text, end);
  let field = start === end ? undefined : fieldNamed(text, start, end);
  if (field === undefined && end - start === 4 && start > 1) {
    // "submit date" and "done_date".
    start = wordStart(text, start - 1);
    field = fieldNamed(text, start, end);
  }
  return field === undefined ? undefined : { field, at: Math.max(0, start - 1), valueAt: colon + 1 };
}

function markFrom(text: string, from: number): Mark | undefined {
  for (let colon = text.indexOf(":", from); colon >= 0; colon = text.indexOf(":", colon + 1)) {
    const mark = markAt(text, colon);
    if (mark !== undefined) return mark;
  }
  return undefined;
}

function readValue(text: string, { field, valueAt }: Mark, end: number): string {
  if (field === "text" || field === "submitDate" || field === "doneDate")
    return trimPadding(text.slice(valueAt, end));
  let from = valueAt;
  while (from < end && isSpaceAt(text, from)) from++;
  let until = from;
  while (until < end && !isDelimiterAt(text, until)) until++;
  return text.slice(from, until);
}

type Fields = Record<FieldName, string | undefined>;

function noFields(): Fields {
  return {
    id: undefined,
    sub: undefined,
    dlvrd: undefined,
    submitDate: undefined,
    doneDate: undefined,
    stat: undefined,
    err: undefined,
    text: undefined,
  };
}

/**
 * Reads the fields of a receipt. Before `text:` the first of each name counts. What follows may be the sender's own words, so a name found
 * only there counts at its last occurrence, behind them. Written by hand, since receipts are as frequent as messages: a regular expression
 * for the names took 4 of 17 KB that a message allocates on its way.
 */
export function parseReceiptText(text: string): ReceiptFields {
  const fields = noFields();
  let late: Fields | undefined;
  for (let mark = markFrom(text, 0); mark !== undefined; ) {
    const next = markFrom(text, mark.valueAt);
    const value = readValue(text, mark, next?.at ?? text.length);
    if (late === undefined) {
      fields[mark.field] ??= value;
      if (mark.field === "text") late = noFields();
    } else if (mark.field !== "text") {
      late[mark.field] = value;
    }
    mark = next;
  }
  if (late === undefined) return fields;
  for (const field of FIELD_BY_NAME.values()) fields[field] ??= late[field];
  return fields;
}

/** Writes the text as appendix B shows it; fields that are undefined are left out. */
export function buildReceiptText(fields: Partial<ReceiptFields>): string {
  const parts: readonly (readonly [string, string | undefined])[] = [
    ["id", fields.id],
    ["sub", fields.sub],
    ["dlvrd", fields.dlvrd],
    ["submit date", fields.submitDate],
    ["done date", fields.doneDate],
    ["stat", fields.stat],
    ["err", fields.err],
    ["text", fields.text],
  ];
  return parts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:${value}`)
    .join(" ");
}

/** Writes a date as receipts have it, `YYMMDDhhmm`, in UTC plus an offset. */
export function formatReceiptDate(timeMs: number, utcOffsetMinutes = 0): string {
  return formatMinute(new Date(timeMs + utcOffsetMinutes * 60_000));
}

const SHORT_YEAR = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/;
const LONG_YEAR = /^(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)(?:\D?(\d\d))?$/;

/**
 * Reads a date of a receipt: `YYMMDDhhmm` or `YYMMDDhhmmss`, or either with four digits of a year and separators. It is
 * the SMSC's local time, `utcOffsetMinutes` ahead of UTC; undefined when it is not a date.
 */
export function parseReceiptDate(text: string, utcOffsetMinutes = 0): number | undefined {
  const trimmed = trimPadding(text);
  const local = momentOf(SHORT_YEAR.exec(trimmed), 2000) ?? momentOf(LONG_YEAR.exec(trimmed), 0);
  return local === undefined ? undefined : local - utcOffsetMinutes * 60_000;
}

function momentOf(parts: RegExpExecArray | null, century: number): number | undefined {
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second = 0] = parts;
  return utcMoment(
    century + Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
}
