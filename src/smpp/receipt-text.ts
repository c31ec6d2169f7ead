/**
 * The text of a delivery receipt, written and read (SMPP 3.4 appendix B). The form is the SMSC vendor's own, so reading
 * takes fields in any order, missing, misspelt or doubled, and never throws (P6).
 */
import { utcMoment } from "./smpp-time.ts";

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

const NAME = /(?:^|[\s;,|])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)[ \t]*:/gi;

const FIELD_BY_NAME: Readonly<Record<string, FieldName>> = {
  id: "id",
  sub: "sub",
  dlvrd: "dlvrd",
  submitdate: "submitDate",
  donedate: "doneDate",
  stat: "stat",
  err: "err",
  text: "text",
};

interface Found {
  readonly field: FieldName;
  readonly value: string;
}

function fieldsIn(text: string): readonly Found[] {
  const marks = [...text.matchAll(NAME)];
  return marks.map((mark, i) => {
    const field = FIELD_BY_NAME[(mark[1] ?? "").toLowerCase().replace(/[ _]/, "")] ?? "text";
    const value = text.slice(mark.index + mark[0].length, marks[i + 1]?.index).trim();
    const isFree = field === "text" || field === "submitDate" || field === "doneDate";
    return { field, value: isFree ? value : (value.split(/[\s;,|]/, 1)[0] ?? "") };
  });
}

/**
 * Reads the fields of a receipt. Before `text:` the first of each name counts. What follows may be the sender's own
 * words, so a name found only there counts where it stands last, behind them.
 */
export function parseReceiptText(text: string): ReceiptFields {
  const found = fieldsIn(text);
  const textAt = found.findIndex(({ field }) => field === "text");
  const before = textAt === -1 ? found : found.slice(0, textAt);
  const after = textAt === -1 ? [] : found.slice(textAt + 1);
  const pick = (name: FieldName): string | undefined =>
    (before.find(({ field }) => field === name) ?? after.findLast(({ field }) => field === name))?.value;
  return {
    id: pick("id"),
    sub: pick("sub"),
    dlvrd: pick("dlvrd"),
    submitDate: pick("submitDate"),
    doneDate: pick("doneDate"),
    stat: pick("stat"),
    err: pick("err"),
    text: found[textAt]?.value,
  };
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
  const iso = new Date(timeMs + utcOffsetMinutes * 60_000).toISOString();
  return iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10) + iso.slice(11, 13) + iso.slice(14, 16);
}

const SHORT_YEAR = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/;
const LONG_YEAR = /^(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)(?:\D?(\d\d))?$/;

/**
 * Reads a date of a receipt: `YYMMDDhhmm` or `YYMMDDhhmmss`, or either with four digits of a year and separators. It is
 * the SMSC's local time, `utcOffsetMinutes` ahead of UTC; undefined when it is no date.
 */
export function parseReceiptDate(text: string, utcOffsetMinutes = 0): number | undefined {
  for (const [form, century] of [
    [SHORT_YEAR, 2000],
    [LONG_YEAR, 0],
  ] as const) {
    const parts = form.exec(text.trim());
    if (parts === null) continue;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
      .slice(1)
      .map((part) => Number(part ?? 0));
    const local = utcMoment(century + year, month, day, hour, minute, second);
    if (local !== undefined) return local - utcOffsetMinutes * 60_000;
  }
  return undefined;
}
