/** The records of a CSV file whose head line names its columns, each with its line. */
import { CsvError, parse } from "csv-parse";
import { CliFailure, usageFault } from "../context.ts";
import type { RereadableFile } from "./spool-input.ts";

export interface CsvRecord {
  readonly line: number;
  /** A cell's text; undefined where it is empty or the column is absent. */
  readonly given: (column: string) => string | undefined;
}

/** Each record in turn; a file that is not such a CSV, or has other columns than these, is a usage fault, and so is one without the required column. */
export async function* csvRecords(
  { read, name }: RereadableFile,
  columns: ReadonlySet<string>,
  required = "recipient",
): AsyncGenerator<CsvRecord> {
  const checked = (head: readonly string[]) => checkedHead(head, columns, required);
  const parser = parse({ bom: true, columns: checked, skip_empty_lines: true, trim: true, info: true });
  const source = read();
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const entry of source.pipe(parser)) {
      const { record, info } = entry as { record: Record<string, string>; info: { lines: number } };
      yield {
        line: info.lines,
        given: (column) => (record[column] === "" ? undefined : record[column]),
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

function checkedHead(head: readonly string[], columns: ReadonlySet<string>, required: string): string[] {
  const names = head.map((name) => name.trim().toLowerCase());
  if (!names.includes(required)) {
    const other = [";", "\t"].find((separator) => head.length === 1 && names[0]?.includes(separator));
    const hint =
      other === undefined
        ? ""
        : ` Its columns seem to be parted by ${other === ";" ? "semicolons" : "tabs"}; commas are wanted.`;
    throw usageFault(`The CSV file's head line must name the column ${required}.${hint}`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usageFault(`The CSV file has the column ${twice} twice.`);
  const unknown = names.find((name) => !columns.has(name));
  if (unknown !== undefined) {
    throw usageFault(`The CSV file has the column ${unknown}; known are ${[...columns].join(", ")}.`);
  }
  return names;
}
