/** Rows of a CSV file of suppressed numbers: each is checked before any is sent. */
import { parseE164 } from "../../domain/phone-number.ts";
import { Suppression } from "../../gen/smsrelay/v1/account.ts";
import { ContentCategory } from "../../gen/smsrelay/v1/message.ts";
import { usageFault } from "../context.ts";
import { type CsvRecord, csvRecords } from "../input/csv-records.ts";
import type { RereadableFile } from "../input/spool-input.ts";

export const categories = {
  informational: ContentCategory.CONTENT_CATEGORY_INFORMATIONAL,
  advertisement: ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT,
} as const;
export type CategoryWord = keyof typeof categories;

export const head = ["recipient", "content_categories", "expire_time", "source"] as const;
const columns: ReadonlySet<string> = new Set(head);

export interface SuppressionRow {
  readonly line: number;
  readonly suppression: Suppression;
}

/** Faults that are told one by one. */
const mostTold = 20;

/** How many rows there are; every fault of the file ends the command, with its line and the rule. */
export async function checkRows(source: RereadableFile, nowMs: number): Promise<number> {
  const told: string[] = [];
  let faults = 0;
  let count = 0;
  for await (const record of csvRecords(source, columns)) {
    count += 1;
    for (const fault of faultsOf(record, nowMs)) {
      faults += 1;
      if (told.length < mostTold) told.push(`  line ${record.line}: ${fault}`);
    }
  }
  if (count === 0) throw usageFault(`${source.name} has no rows.`);
  if (faults === 0) return count;
  const more = faults > told.length ? [`  … and ${faults - told.length} more faults`] : [];
  throw usageFault([`${source.name} has faults, and nothing was changed:`, ...told, ...more].join("\n"));
}

/** The rows of a file that was checked, from a line on. */
export async function* rowsFrom(source: RereadableFile, fromLine: number): AsyncGenerator<SuppressionRow> {
  for await (const { line, given } of csvRecords(source, columns)) {
    if (line < fromLine) continue;
    const expireTime = given("expire_time");
    const suppression = Suppression.create({
      recipient: given("recipient") ?? "",
      contentCategories: wordsOf(given).map((word) => categories[word as CategoryWord]),
      expireTime: expireTime === undefined ? undefined : new Date(expireTime),
    });
    yield { line, suppression };
  }
}

function faultsOf({ given }: CsvRecord, nowMs: number): readonly string[] {
  const faults: string[] = [];
  if (parseE164(given("recipient") ?? "") === undefined)
    faults.push("recipient: must be + and 7 to 15 digits");
  if (!wordsOf(given).every((word) => word in categories))
    faults.push("content_categories: must be of INFORMATIONAL and ADVERTISEMENT, with blanks between");
  const expireTime = given("expire_time");
  if (expireTime !== undefined && !(Date.parse(expireTime) > nowMs))
    faults.push("expire_time: must be a time to come, such as 2027-01-31T08:00:00Z");
  return faults;
}

function wordsOf(given: CsvRecord["given"]): readonly string[] {
  return given("content_categories")?.toLowerCase().split(/\s+/) ?? [];
}
