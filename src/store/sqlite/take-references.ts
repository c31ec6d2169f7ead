/** Concatenation references by (sender as shown, recipient), counted up across gateways and wrapping at 16 bits (P35). */
import type { DatabaseSync } from "node:sqlite";
import { firstReference } from "../concat-reference.ts";
import { prepare } from "./statement.ts";

export type TakeReference = (sender: string, recipient: string, nowMs: number) => number;

/** Pairs of one recipient that a new one keeps away from. */
const mostOthers = 254;

export function createTakeReference(db: DatabaseSync, random: () => number): TakeReference {
  // As `referenceAfter` of concat-reference.ts by one step.
  const takeNext = prepare<{ reference: number }>(
    db,
    `UPDATE concat_references SET time = ?,
       reference = CASE reference & 255 WHEN 255 THEN (reference + 2) & 65535 ELSE reference + 1 END
     WHERE recipient = ? AND sender = ? RETURNING reference`,
  );
  const findOthers = prepare<{ reference: number }>(
    db,
    `SELECT reference FROM concat_references WHERE recipient = ? LIMIT ${mostOthers}`,
  );
  const begin = prepare(
    db,
    "INSERT INTO concat_references (recipient, sender, reference, time) VALUES (?, ?, ?, ?)",
  );
  return (sender, recipient, nowMs) => {
    const next = takeNext.get(nowMs, recipient, sender);
    if (next !== undefined) return next.reference;
    const others = new Set(findOthers.all(recipient).map(({ reference }) => reference));
    const first = firstReference(others, random);
    begin.run(recipient, sender, first, nowMs);
    return first;
  };
}
