/** Moves a SQLite store into PostgreSQL: ids, numbers and hashes stay, so that cursors, keys, request ids and receipts go on. */
import { type CopiedTable, type CopyPosition, copiedTables } from "../../store/copied-tables.ts";
import { type CopyTarget, openCopyTarget } from "../../store/postgres/copy-in.ts";
import { withDatabase } from "../../store/postgres/with-database.ts";
import { type CopySource, withCopySource } from "../../store/sqlite/copy-out.ts";
import { StoreUnavailableError } from "../../store/store-unavailable-error.ts";

export interface CopyRequest {
  readonly path: string;
  readonly urls: readonly string[];
  /** Also where the file was copied before. */
  readonly isAgain: boolean;
  readonly signal: AbortSignal;
  /** Told after each piece: rows that are there, of how many. */
  readonly onRows: (done: number, total: number) => void;
  readonly onTable: (table: string, rows: number) => void;
}

export interface CopyOutcome {
  /** "stopped": by the signal; the same request goes on. */
  readonly kind: "copied" | "stopped";
  readonly rows: number;
  readonly isResumed: boolean;
}

/** Rejects with StoreUnavailableError where either store cannot be used. */
export function copyStore(request: CopyRequest): Promise<CopyOutcome> {
  return withCopySource(request.path, request.isAgain, (source) =>
    withDatabase(request.urls, "copy", async (client, name) =>
      copyAll(source, await openCopyTarget(client, name, source.origin), { ...request, name }),
    ),
  );
}

async function copyAll(
  source: CopySource,
  target: CopyTarget,
  { signal, onRows, onTable, name }: CopyRequest & { readonly name: string },
): Promise<CopyOutcome> {
  if (target.isWhole) {
    source.giveUp(name);
    return { kind: "copied", rows: 0, isResumed: true };
  }
  if (source.doubtfulCopy !== undefined && !target.isMarked) throw inDoubt(source.doubtfulCopy, name);
  const counts = new Map(copiedTables.map((table) => [table.table, source.count(table)]));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const isResumed = target.position !== undefined;
  let rows = 0;
  for (const [table, after] of remaining(target.position)) {
    for (const piece of source.pieces(table, target.columnsOf(table), after)) {
      if (signal.aborted) return { kind: "stopped", rows, isResumed };
      await target.append(table, piece);
      rows += piece.length;
      onRows(rows, total);
    }
    onTable(table.table, counts.get(table.table) ?? 0);
  }
  source.announce(name);
  try {
    await target.finish(counts);
  } catch (error) {
    // Refused by ourselves, before the commit. Whatever else went wrong, the commit may have been made.
    if (error instanceof StoreUnavailableError) source.withdraw();
    throw error;
  }
  source.giveUp(name);
  return { kind: "copied", rows, isResumed };
}

function inDoubt(before: string, name: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "FAILED",
    `The file may have been copied into ${before}, and ${name} knows nothing of it. Repeat the copy into ${before}; where that was given up, copy with --again.`,
  );
}

/** The tables that are not whole yet, each with its last row that is there. */
function remaining(position: CopyPosition | undefined): readonly [CopiedTable, CopyPosition["after"]][] {
  const reached = copiedTables.findIndex(({ table }) => table === position?.table);
  return copiedTables
    .slice(Math.max(0, reached))
    .map((table) => [table, table.table === position?.table ? position.after : undefined]);
}
