/**
 * Claiming the waiting deliveries of a gateway's queue, by lane, in the order (available_time, id). Rows that another replica is
 * claiming are passed over, so that nobody waits; where to start reading is remembered (queue-ends.ts). What it meets past its
 * validity it ends, so that nothing is passed over twice.
 */
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import { messageIdOf } from "../../domain/ids.ts";
import type { DeliveryWork, E164, Lane, Message } from "../../domain/message.ts";
import { lanes } from "../../domain/message.ts";
import type { Claim, ClaimRequest } from "../accepting.ts";
import { laneCodes } from "../codes.ts";
import { parseProgress } from "../delivery-progress.ts";
import {
  type ContentRow,
  contentColumns,
  contentOf,
  type MessageRow,
  messageColumns,
  messageOf,
} from "../message-row.ts";
import { nothingOverdue, type Overdue } from "../state-counts.ts";
import { endOverdue } from "./end-overdue.ts";
import { lockDeliveries } from "./load-rows.ts";
import { plainContent, plainMessage } from "./plain-message.ts";
import type { QueueEnds, QueueKey } from "./queue-ends.ts";
import { first, statement } from "./statement.ts";
import { StepError } from "./store-error.ts";
import type { ReferenceRequest } from "./take-references.ts";
import type { Transaction } from "./transaction.ts";
import { sendRows } from "./write-rows.ts";

interface ClaimedRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly recipient: E164;
  readonly country: string | null;
  readonly segment_count: number;
  readonly reference: number | null;
  readonly progress: string | null;
  readonly available_time: number;
  readonly claim_number: number;
  readonly expire_time: number;
}

const claimRows = statement<ClaimedRow>(
  "claim_rows",
  `WITH picked AS (
     SELECT id FROM deliveries
     WHERE state = 1 AND claimed_by IS NULL AND gateway_id = $1 AND lane = $2
       AND (available_time, id) >= ($3::bigint, $4::text) AND available_time <= $5
     ORDER BY available_time, id LIMIT $6 FOR UPDATE SKIP LOCKED
   )
   UPDATE deliveries AS d SET claimed_by = $7, claim_number = d.claim_number + 1 FROM picked WHERE d.id = picked.id
   RETURNING d.id, d.account_id, d.recipient, d.country, d.segment_count, d.reference, d.progress, d.available_time,
     d.claim_number, d.expire_time`,
);
const setReferences = statement(
  "set_references",
  `UPDATE deliveries AS d SET reference = r.reference
   FROM unnest($1::text[], $2::integer[]) AS r (id, reference) WHERE d.id = r.id`,
);
const findMessages = statement<MessageRow & ContentRow>(
  "find_claimed_messages",
  `SELECT ${messageColumns}, ${contentColumns} FROM messages
   WHERE (account_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
);
const findNext = statement<{ available_time: number }>(
  "find_next_available",
  `SELECT available_time FROM deliveries
   WHERE state = 1 AND claimed_by IS NULL AND gateway_id = $1 AND lane = $2
     AND (available_time, id) >= ($3::bigint, $4::text)
   ORDER BY available_time, id LIMIT 1`,
);

/** How often a claim reads on behind rows that it has to end, before it leaves the rest to the next one and to the expirer. */
const mostRounds = 8;

export interface ClaimPlan {
  readonly references: readonly ReferenceRequest[];
  /** Writes the references and answers the claim. */
  finish(references: readonly number[]): Promise<Claim>;
}

export async function planClaim(
  tx: Transaction,
  queueEnds: QueueEnds,
  request: ClaimRequest,
  monotonicMs: number,
): Promise<ClaimPlan> {
  const { claimant, gatewayId, limits, nowMs } = request;
  const overdueMs = request.keepsOverdue === true ? Number.NEGATIVE_INFINITY : nowMs;
  const queues = lanes.map((lane) => {
    const code = laneCodes[lane];
    const start = queueEnds.startOf(gatewayId, code, monotonicMs);
    // What commit order moved a little into the future (accept.ts) is available already.
    const availableMs = Math.max(nowMs, tx.laneEnds[code]?.availableTimeMs ?? 0);
    return { lane, code, start, availableMs };
  });
  const claimed = await Promise.all(
    queues.map(async ({ lane, code, start, availableMs }) => {
      const limit = limits[lane];
      if (limit <= 0) return [];
      const { availableTimeMs, id } = start;
      let from: readonly [number, string] = [availableTimeMs, id];
      const taken: ClaimedRow[] = [];
      let free = limit;
      for (let round = 1; ; round += 1) {
        const asked = free;
        const values = [gatewayId, code, ...from, availableMs, asked, claimant] as const;
        const found = (await tx.connection.all(claimRows, ...values)).sort(byKey);
        for (const row of found) if (row.expire_time > overdueMs) free -= 1;
        taken.push(...found);
        const last = found.at(-1);
        if (last === undefined || free === 0 || found.length < asked || round === mostRounds) return taken;
        from = [last.available_time, last.id];
      }
    }),
  );
  const taken = claimed.flat();
  const overdue = await endOverdueRows(tx, taken, overdueMs, nowMs);
  const rows = taken.filter(({ expire_time }) => expire_time > overdueMs);
  for (const { id, claim_number: claimNumber } of rows) tx.claimed.push({ id, claimNumber });
  const from = queues.map((queue, index) => nextStart(queue, claimed[index] ?? [], limits));
  queues.forEach(({ code }, index) => {
    const last = claimed[index]?.at(-1);
    if (last === undefined) return;
    tx.queueMoves.push({ gatewayId, lane: code, key: { availableTimeMs: last.available_time, id: last.id } });
  });
  const [messages, nextAvailableTimeMs] = await Promise.all([
    readMessages(tx, rows),
    readNext(
      tx,
      gatewayId,
      queues.map(({ code }, index) => ({ code, from: from[index] as QueueKey })),
    ),
  ]);
  const lacking = rows.filter((row) => row.segment_count > 1 && row.reference === null);
  return {
    references: lacking.map((row) => ({
      sender: messages.get(messageIdOf(row.id))?.sender.address ?? "",
      recipient: row.recipient,
      nowMs,
    })),
    async finish(references) {
      const taken = new Map(lacking.map(({ id }, index) => [id, references[index]]));
      if (lacking.length > 0) {
        await tx.connection.run(
          setReferences,
          lacking.map(({ id }) => id),
          references,
        );
      }
      return {
        messages: [...messages.values()],
        deliveries: rows.map((row) => workOf(row, taken.get(row.id))),
        overdue,
        nextAvailableTimeMs,
      };
    },
  };
}

/** They were claimed with the others, and so are this transaction's. */
async function endOverdueRows(
  tx: Transaction,
  taken: readonly ClaimedRow[],
  overdueMs: number,
  nowMs: number,
): Promise<Overdue> {
  const ids = taken.flatMap(({ id, expire_time }) => (expire_time <= overdueMs ? [id] : []));
  if (ids.length === 0) return nothingOverdue;
  const overdue = await endOverdue(tx, await tx.connection.all(lockDeliveries, ids), nowMs);
  sendRows(tx);
  return overdue;
}

function byKey(left: ClaimedRow, right: ClaimedRow): number {
  return left.available_time - right.available_time || (left.id < right.id ? -1 : 1);
}

/** From where the next waiting row is looked for: what was just read and taken is passed over. */
function nextStart(
  {
    lane,
    start,
    availableMs,
  }: { readonly lane: Lane; readonly start: QueueKey; readonly availableMs: number },
  claimed: readonly ClaimedRow[],
  limits: ClaimRequest["limits"],
): QueueKey {
  if (limits[lane] <= 0) return start;
  const last = claimed.at(-1);
  if (last !== undefined && claimed.length >= limits[lane]) {
    return { availableTimeMs: last.available_time, id: last.id };
  }
  return { availableTimeMs: availableMs + 1, id: "" };
}

async function readMessages(
  { connection }: Transaction,
  rows: readonly ClaimedRow[],
): Promise<ReadonlyMap<string, Message>> {
  const messages = new Map<string, Message>();
  if (rows.length === 0) return messages;
  const accounts = new Map<string, AccountId>();
  for (const { id, account_id } of rows) accounts.set(messageIdOf(id), account_id);
  const found = await connection.all(findMessages, [...accounts.values()], [...accounts.keys()]);
  const byId = new Map<string, MessageRow & ContentRow>(found.map((row) => [row.id, row]));
  // In the order of the deliveries.
  for (const id of accounts.keys()) {
    const row = byId.get(id);
    if (row === undefined) throw new StepError("a waiting delivery has no message");
    messages.set(id, {
      ...messageOf(plainMessage(row)),
      content: contentOf({ ...row, ...plainContent(row) }),
    });
  }
  return messages;
}

async function readNext(
  { connection }: Transaction,
  gatewayId: string,
  queues: readonly { readonly code: number; readonly from: QueueKey }[],
): Promise<number | undefined> {
  const found = await Promise.all(
    queues.map(async ({ code, from: { availableTimeMs, id } }) =>
      first(await connection.all(findNext, gatewayId, code, availableTimeMs, id)),
    ),
  );
  const times = found.flatMap((row) => (row === undefined ? [] : [row.available_time]));
  return times.length === 0 ? undefined : Math.min(...times);
}

function workOf(row: ClaimedRow, taken: number | undefined): DeliveryWork {
  return {
    id: row.id,
    claimNumber: row.claim_number,
    recipient: row.recipient,
    country: row.country ?? undefined,
    progress: parseProgress(row.progress),
    reference: row.reference ?? taken,
  };
}
