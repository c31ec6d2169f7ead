/** The rows of a CSV file: its header, its cells, and a fingerprint of them all. */
import { createHash } from "node:crypto";
import { CsvError, parse } from "csv-parse";
import { CliFailure, usageFault } from "../context.ts";
import type { RereadableFile } from "./spool-input.ts";

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
export async function* rowsOf({ read, name }: RereadableFile): AsyncGenerator<Row> {
  const parser = parse({ bom: true, columns: checkedHead, skip_empty_lines: true, trim: true, info: true });
  const source = read();
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const entry of source.pipe(parser)) {
      const { record, info } = entry as { record: Record<string, string>; info: { lines: number } };
      const given = (column: string) => (record[column] === "" ? undefined : record[column]);
      yield {
        line: info.lines,
        recipient: record["recipient"] ?? "",
        text: given("text"),
        sender: given("sender"),
        reference: given("reference"),
      };
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    if (error instanceof CsvError) throw usageFault(`${name} is not a CSV file: ${error.message}`);
    throw usageFault(`${name} cannot be read (${error instanceof Error ? error.message : error}).`);
  } finally {
    source.destroy();
  }
}

function checkedHead(head: readonly string[]): string[] {
  const names = head.map((name) => name.trim().toLowerCase());
  if (!names.includes("recipient")) {
    const other = [";", "\t"].find((separator) => head.length === 1 && names[0]?.includes(separator));
    const hint =
      other === undefined
        ? ""
        : ` Its columns seem to be parted by ${other === ";" ? "semicolons" : "tabs"}; commas are wanted.`;
    throw usageFault(`The CSV file's head line must name the column recipient.${hint}`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usageFault(`The CSV file has the column ${twice} twice.`);
  const unknown = names.find((name) => !columns.has(name));
  if (unknown !== undefined) {
    throw usageFault(`The CSV file has the column ${unknown}; known are ${[...columns].join(", ")}.`);
  }
  return names;
}
