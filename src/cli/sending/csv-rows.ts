/** The rows of a CSV file: its header, its cells, and a fingerprint of them all. */
import { createHash } from "node:crypto";
import { usageFault } from "../context.ts";
import { csvRecords } from "../input/csv-records.ts";
import type { RereadableFile } from "../input/spool-input.ts";

/** One row with its line in the file; what is undefined comes from the command. */
export interface Row {
  readonly line: number;
  readonly recipient: string;
  readonly text: string | undefined;
  readonly sender: string | undefined;
  readonly reference: string | undefined;
}

const columns = new Set(["recipient", "text", "sender", "reference"]);

/** Rows that are kept to compare others with, so that no file fills the memory. */
const mostCompared = 100_000;

/** Reads the file once before anything is sent: finds its faults, its length, its digest, and the lines that repeat an earlier one. */
export async function surveyRows(
  source: RereadableFile,
  text: string | undefined,
  sender: string | undefined,
) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([text ?? null, sender ?? null]));
  let rowCount = 0;
  const seen = new Set<string>();
  let repeatedCount = 0;
  let firstRepeated: number | undefined;
  for await (const row of rowsOf(source)) {
    if (row.text === undefined && text === undefined)
      throw usageFault(`Line ${row.line} has no text, and the command gives none.`);
    hash.update(JSON.stringify([row.recipient, row.text ?? null, row.sender ?? null, row.reference ?? null]));
    rowCount++;
    const identity = JSON.stringify([row.recipient, row.text ?? "", row.sender ?? ""]);
    if (seen.has(identity)) {
      repeatedCount++;
      firstRepeated ??= row.line;
    } else if (seen.size < mostCompared) seen.add(identity);
  }
  if (rowCount === 0) throw usageFault(`${source.name} has no rows.`);
  return { rowCount, digest: hash.digest("hex"), repeatedCount, firstRepeated };
}

/** Each row in turn; a file that is not such a CSV is a usage fault. */
export async function* rowsOf(source: RereadableFile): AsyncGenerator<Row> {
  for await (const { line, given } of csvRecords(source, columns))
    yield {
      line,
      recipient: given("recipient") ?? "",
      text: given("text"),
      sender: given("sender"),
      reference: given("reference"),
    };
}
