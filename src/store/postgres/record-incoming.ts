/**
 * Messages from handsets: a single part is complete at once; the parts of one message are gathered by distinct sequence numbers in any
 * order (P37). A part that comes again, because our answer was lost, is taken for the known one.
 */
import type { IncomingPart } from "../../domain/receipt.ts";
import type { StoredIncoming } from "../settling.ts";
import { packOptional, packText } from "./pack-text.ts";
import { first, statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** Handsets reuse references; parts further apart than this belong to different messages. */
const gatherMs = 24 * 3_600_000;

const insertMessage = statement(
  "insert_incoming_message",
  `INSERT INTO incoming_messages (id, gateway_id, sender, recipient, reference, part_count, is_complete, arrival_time)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);
const insertPart = statement(
  "insert_incoming_part",
  `INSERT INTO incoming_parts (message_id, sequence, data_coding, text, data, udh, arrival_time)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);
const lockGathering = statement(
  "lock_gathering",
  `INSERT INTO incoming_gatherings (gateway_id, sender, recipient, reference, part_count, time)
   VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (gateway_id, sender, recipient, reference, part_count) DO UPDATE SET time = excluded.time`,
);
const findLatest = statement<{ id: string; is_complete: number }>(
  "find_latest_incoming",
  `SELECT id, is_complete FROM incoming_messages
   WHERE gateway_id = $1 AND sender = $2 AND recipient = $3 AND reference = $4 AND part_count = $5 AND arrival_time > $6
   ORDER BY id DESC LIMIT 1`,
);
const findPart = statement<{ data: Uint8Array }>(
  "find_incoming_part",
  "SELECT data FROM incoming_parts WHERE message_id = $1 AND sequence = $2",
);
const countParts = statement<{ count: number }>(
  "count_incoming_parts",
  "SELECT count(*) AS count FROM incoming_parts WHERE message_id = $1",
);
const complete = statement("complete_incoming", "UPDATE incoming_messages SET is_complete = 1 WHERE id = $1");

export type NewIncomingId = (timeMs: number) => string;

export async function recordIncoming(
  tx: Transaction,
  newId: NewIncomingId,
  part: IncomingPart,
): Promise<StoredIncoming> {
  const { connection } = tx;
  const { concatenation } = part;
  if (concatenation === undefined) {
    const id = await begin(tx, newId, part);
    await add(tx, id, 1, part);
    return { id, isComplete: true };
  }
  const { reference, total, sequence } = concatenation;
  const key = [part.gatewayId, packText(part.from), packText(part.to), reference, total] as const;
  await connection.run(lockGathering, ...key, part.arrivalTimeMs);
  const latest = first(await connection.all(findLatest, ...key, part.arrivalTimeMs - gatherMs));
  const known = latest && first(await connection.all(findPart, latest.id, sequence));
  if (latest !== undefined && known !== undefined && Buffer.compare(known.data, part.data) === 0) {
    return { id: latest.id, isComplete: latest.is_complete === 1 };
  }
  const isOpen = latest !== undefined && latest.is_complete === 0 && known === undefined;
  const id = isOpen ? latest.id : await begin(tx, newId, part);
  await add(tx, id, sequence, part);
  const isComplete = first(await connection.all(countParts, id))?.count === total;
  if (isComplete) await connection.run(complete, id);
  return { id, isComplete };
}

async function begin({ connection }: Transaction, newId: NewIncomingId, part: IncomingPart): Promise<string> {
  const { concatenation } = part;
  const id = newId(part.arrivalTimeMs);
  await connection.run(
    insertMessage,
    id,
    part.gatewayId,
    packText(part.from),
    packText(part.to),
    concatenation?.reference ?? null,
    concatenation?.total ?? 1,
    concatenation === undefined ? 1 : 0,
    part.arrivalTimeMs,
  );
  return id;
}

async function add(
  { connection }: Transaction,
  id: string,
  sequence: number,
  part: IncomingPart,
): Promise<void> {
  const { dataCoding, text, data, udh, arrivalTimeMs } = part;
  await connection.run(insertPart, id, sequence, dataCoding, packOptional(text), data, udh, arrivalTimeMs);
}
