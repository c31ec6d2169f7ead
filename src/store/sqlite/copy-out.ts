/** A store's file as the source of a copy: its rows in the order of their keys, in pieces of bounded size. */
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { CopiedRow, CopiedTable, CopyOrigin, CopyPosition } from "../copied-tables.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { markAsCopied, markAsCopying, readCopiedMark, unmarkAsCopying } from "./copied-mark.ts";
import { migrate, planMigration } from "./migrate.ts";
import { openLine } from "./report-line.ts";
import { withOwnFile } from "./use-file.ts";

export interface CopySource {
  readonly origin: CopyOrigin;
  count(table: CopiedTable): number;
  /** The rows after `after`, with those of `columns` that the file has or can derive. */
  pieces(
    table: CopiedTable,
    columns: readonly string[],
    after: CopyPosition["after"],
  ): Generator<readonly CopiedRow[]>;
  /** The database in which its copy may have become whole, where that is not known. */
  readonly doubtfulCopy: string | undefined;
  /** Says in the file, before the database's last commit, that it may be made. */
  announce(into: string): void;
  /** That it was not. */
  withdraw(): void;
  /** From now on the file is a copy of what goes on elsewhere: a service that is started on it begins a new line of reports. */
  giveUp(into: string): void;
}

const pieceRows = 1_000;
/** Parts and traces of long messages may make a row large. */
const pieceOctets = 4 * 1024 ** 2;

/** Gives `use` the file as a service would have it; refuses with LOCKED while one runs on it. */
export async function withCopySource<Result>(
  path: string,
  isAgain: boolean,
  use: (source: CopySource) => Promise<Result>,
): Promise<Result> {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    throw new StoreUnavailableError("NO_FILE", `There is no store at ${path}; name the file to be copied.`);
  }
  return withOwnFile(path, (db, file) => {
    const mark = (planMigration(db, file).from ?? 0) > 0 ? readCopiedMark(db) : undefined;
    if (mark?.isCertain && !isAgain) throw copiedBefore(file, mark.into);
    const { storeId } = migrate(db, file, randomUUID);
    // Ids of SMSCs are sorted whole.
    db.exec("PRAGMA temp_store = FILE");
    return use(createSource(db, storeId, mark?.isCertain === false && !isAgain ? mark.into : undefined));
  });
}

/** Two services would send what waited at the first copy. */
function copiedBefore(file: string, into: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "FAILED",
    `${file} was copied into ${into} before, and its messages are sent from there; where that copy was given up, copy it with --again.`,
  );
}

/** From this schema on features raise min_reader; what is lower was asked for by a change of SQLite's own tables. */
const firstRaised = 15;

function readMinReader(db: DatabaseSync): number {
  const value = Number(db.prepare("SELECT value FROM meta WHERE key = 'min_reader'").get()?.["value"]);
  return value < firstRaised ? 0 : value;
}

function createSource(db: DatabaseSync, storeId: string, doubtfulCopy: string | undefined): CopySource {
  const line = openLine(db, storeId, randomUUID);
  const epoch = Number(db.prepare("SELECT value FROM meta WHERE key = 'epoch'").get()?.["value"]);
  return {
    origin: {
      storeId,
      epoch,
      lineId: line.id,
      minReader: readMinReader(db),
      formerLines: line.former.map(({ id, lasts }) => ({ id, lasts: Object.fromEntries(lasts) })),
    },
    doubtfulCopy,
    count: ({ table, source = table }) =>
      Number(db.prepare(`SELECT count(*) AS count FROM ${source}`).get()?.["count"]),
    *pieces(table, columns, after) {
      const statement = db.prepare(selectOf(db, table, columns, after !== undefined));
      let piece: CopiedRow[] = [];
      let octets = 0;
      for (const row of statement.iterate(...((after ?? []) as SQLInputValue[]))) {
        piece.push(row as CopiedRow);
        octets += sizeOf(row as CopiedRow);
        if (piece.length < pieceRows && octets < pieceOctets) continue;
        yield piece;
        piece = [];
        octets = 0;
      }
      if (piece.length > 0) yield piece;
    },
    announce: (into) => markAsCopying(db, into),
    withdraw: () => unmarkAsCopying(db),
    giveUp: (into) => markAsCopied(db, into),
  };
}

function selectOf(
  db: DatabaseSync,
  { table, source = table, key, derived = {} }: CopiedTable,
  columns: readonly string[],
  isContinued: boolean,
): string {
  const own = new Set(
    db
      .prepare(`SELECT * FROM ${source}`)
      .columns()
      .map(({ name }) => name),
  );
  const selected = columns.flatMap((column) => {
    const expression = derived[column];
    if (expression !== undefined) return [`${expression} AS ${column}`];
    return own.has(column) ? [column] : [];
  });
  const names = key.join(", ");
  const after = isContinued ? `WHERE (${names}) > (${key.map(() => "?").join(", ")})` : "";
  return `SELECT ${selected.join(", ")} FROM ${source} ${after} ORDER BY ${names}`;
}

function sizeOf(row: CopiedRow): number {
  let octets = 0;
  for (const value of Object.values(row)) {
    octets += typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
  }
  return octets;
}
