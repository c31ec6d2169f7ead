/**
 * Messages from handsets: a single part is complete at once; the parts of one message are gathered by distinct sequence numbers in any
 * order (P37). A part that comes again, because our answer was lost, is taken for the known one.
 */
import type { DatabaseSync } from "node:sqlite";
import { readOptOut } from "../../domain/opt-out.ts";
import type { IncomingPart } from "../../domain/receipt.ts";
import { takeOptOut as takeOptOutStep } from "../records/opt-outs.ts";
import type { StoredIncoming } from "../settling.ts";
import { bindSteps } from "./drive-step.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** Handsets reuse references; parts further apart than this belong to different messages. */
const gatherMs = 24 * 3_600_000;

export function createRecordIncoming(db: DatabaseSync, newId: (timeMs: number) => string) {
  const insertMessage = prepare(
    db,
    `INSERT INTO incoming_messages (id, gateway_id, sender, recipient, reference, part_count, is_complete, arrival_time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertPart = prepare(
    db,
    `INSERT INTO incoming_parts (message_id, sequence, data_coding, text, data, udh, arrival_time)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const findLatest = prepare<{ id: string; is_complete: number }>(
    db,
    `SELECT id, is_complete FROM incoming_messages
     WHERE gateway_id = ? AND sender = ? AND recipient = ? AND reference = ? AND part_count = ? AND arrival_time > ?
     ORDER BY id DESC LIMIT 1`,
  );
  const findPart = prepare<{ data: Uint8Array }>(
    db,
    "SELECT data FROM incoming_parts WHERE message_id = ? AND sequence = ?",
  );
  const countParts = prepare<{ count: number }>(
    db,
    "SELECT count(*) AS count FROM incoming_parts WHERE message_id = ?",
  );
  const complete = prepare(db, "UPDATE incoming_messages SET is_complete = 1 WHERE id = ?");

  function begin(part: IncomingPart): string {
    const { concatenation } = part;
    const id = newId(part.arrivalTimeMs);
    insertMessage.run(
      id,
      part.gatewayId,
      part.from,
      part.to,
      concatenation?.reference ?? null,
      concatenation?.total ?? 1,
      concatenation === undefined ? 1 : 0,
      part.arrivalTimeMs,
    );
    return id;
  }

  function add(id: string, sequence: number, part: IncomingPart): void {
    const { dataCoding, text, data, udh, arrivalTimeMs } = part;
    insertPart.run(id, sequence, dataCoding, text ?? null, data, udh, arrivalTimeMs);
  }

  const { takeOptOut } = bindSteps(db, { takeOptOut: takeOptOutStep });

  return function recordIncoming(_tx: Transaction, part: IncomingPart): StoredIncoming {
    const stored = store(part);
    const optedOut = readOptOut(part) === undefined ? [] : takeOptOut([part]);
    return optedOut.length === 0 ? stored : { ...stored, optedOut };
  };

  function store(part: IncomingPart): StoredIncoming {
    const { concatenation } = part;
    if (concatenation === undefined) {
      const id = begin(part);
      add(id, 1, part);
      return { id, isComplete: true };
    }
    const { reference, total, sequence } = concatenation;
    const earliestMs = part.arrivalTimeMs - gatherMs;
    const latest = findLatest.get(part.gatewayId, part.from, part.to, reference, total, earliestMs);
    const known = latest === undefined ? undefined : findPart.get(latest.id, sequence);
    if (latest !== undefined && known !== undefined && Buffer.compare(known.data, part.data) === 0) {
      return { id: latest.id, isComplete: latest.is_complete === 1 };
    }
    const isOpen = latest !== undefined && latest.is_complete === 0 && known === undefined;
    const id = isOpen ? latest.id : begin(part);
    add(id, sequence, part);
    const isComplete = countParts.get(id)?.count === total;
    if (isComplete) complete.run(id);
    return { id, isComplete };
  }
}
