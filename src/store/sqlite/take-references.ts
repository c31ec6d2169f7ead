/** Concatenation references by (sender as shown, recipient), counted up across gateways and wrapping at 16 bits (P35). */
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "./statement.ts";

export type TakeReference = (sender: string, recipient: string, nowMs: number) => number;

export function createTakeReference(db: DatabaseSync): TakeReference {
  const take = prepare<{ reference: number }>(
    db,
    `INSERT INTO concat_references (recipient, sender, reference, time) VALUES (?, ?, 0, ?)
     ON CONFLICT (recipient, sender) DO UPDATE SET reference = (reference + 1) & 65535, time = excluded.time
     RETURNING reference`,
  );
  return (sender, recipient, nowMs) => {
    const row = take.get(recipient, sender, nowMs);
    if (row === undefined) throw new Error("no reference was given");
    return row.reference;
  };
}
