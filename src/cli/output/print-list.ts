/** Prints what a command lists: a table for people, with `--json` a line each for programs. */
import type { CliContext } from "../context.ts";
import { tableText } from "./output.ts";
import { type MessageType, protobufJson } from "./protobuf-json.ts";

export interface Listing<Entry> {
  /** The type's name in the contract, and its encoder. */
  readonly name: string;
  readonly type: MessageType<Entry>;
  readonly head: readonly string[];
  readonly rowsOf: (entry: Entry) => readonly (readonly string[])[];
  /** Said where there is nothing. */
  readonly none: string;
}

export async function printList<Entry>(
  found: readonly (Entry | undefined)[],
  { name, type, head, rowsOf, none }: Listing<Entry>,
  { json }: { readonly json?: boolean },
  { out }: Pick<CliContext, "out">,
): Promise<void> {
  const entries = found.filter((entry) => entry !== undefined);
  if (json === true) {
    const lineOf = await protobufJson(name, type);
    for (const entry of entries) out(lineOf(entry));
  } else out(entries.length === 0 ? none : tableText(head, entries.flatMap(rowsOf)));
}
