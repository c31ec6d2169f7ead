/**
 * Accepting: the messages of a batch, their deliveries and their first reports. Claims at once what asks for it while nothing older waits
 * for that gateway and lane; once something is left waiting, everything after it waits too.
 */
import type { ClaimantId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import { type Acceptance, type AcceptOutcome, firstClaimNumber } from "../accepting.ts";
import { laneCodes } from "../codes.ts";
import { keepCommitOrder } from "../commit-order.ts";
import type { MessageInsert } from "../message-row.ts";
import type { DeliveryShown } from "../pending-report.ts";
import {
  type DeliveryInsert,
  deliveryRow,
  insertDeliveries,
  insertMessages,
  messageRow,
} from "./accept-rows.ts";
import type { QueueEnds } from "./queue-ends.ts";
import { type NewRequest, rememberOrFind } from "./request-ids.ts";
import { statement } from "./statement.ts";
import type { ReferenceRequest } from "./take-references.ts";
import type { Transaction } from "./transaction.ts";

const findWaiting = statement<{ gateway_id: string; lane: number }>(
  "find_waiting_queues",
  `SELECT q.gateway_id, q.lane
   FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::text[], $5::bigint[])
     AS q (gateway_id, lane, from_time, from_id, until_time)
   CROSS JOIN LATERAL (
     SELECT 1 FROM deliveries d
     WHERE d.state = 1 AND d.claimed_by IS NULL AND d.gateway_id = q.gateway_id AND d.lane = q.lane
       AND (d.available_time, d.id) >= (q.from_time, q.from_id) AND d.available_time <= q.until_time
     ORDER BY d.available_time, d.id LIMIT 1) AS found`,
);

/** What a batch of acceptances is going to write, decided but for the references. */
export interface AcceptPlan {
  readonly outcomes: readonly AcceptOutcome[];
  /** References that the claims need; `finish` takes them in this order. */
  readonly references: readonly ReferenceRequest[];
  /** Sends the rows. */
  finish(references: readonly number[]): Promise<unknown>;
}

export interface AcceptOptions {
  readonly mayClaim: (claimant: ClaimantId) => boolean;
  readonly monotonicMs: number;
}

export async function planAccept(
  tx: Transaction,
  queueEnds: QueueEnds,
  entries: readonly Acceptance[],
  options: AcceptOptions,
): Promise<AcceptPlan> {
  const known = await findKnown(tx, entries);
  const fresh = entries.filter((_, index) => known[index] === undefined);
  const available = new Map<Acceptance, number>();
  for (const entry of fresh) {
    const lane = laneCodes[entry.message.lane];
    const end = keepCommitOrder(tx.laneEnds[lane], entry.message);
    tx.laneEnds[lane] = end;
    available.set(entry, end.availableTimeMs);
  }
  const waiting = await findWaitingQueues(tx, queueEnds, fresh, options);

  const messages: MessageInsert[] = [];
  const deliveries: DeliveryInsert[] = [];
  const references: ReferenceRequest[] = [];
  const referenced: { readonly row: DeliveryInsert; readonly claim: Claimed }[] = [];
  const outcomes = entries.map((entry, index): AcceptOutcome => {
    const before = known[index];
    if (before !== undefined) return before;
    const { message, counted } = entry;
    if (counted !== undefined) tx.counts.add(counted, message.acceptTimeMs);
    const availableTimeMs = available.get(entry) ?? message.acceptTimeMs;
    const messageValues = messageRow(entry);
    messages.push(messageValues);
    const isFollowed = tx.followed.has(message.accountId);
    const claimed: Claimed[] = [];
    for (const delivery of entry.deliveries) {
      const { admission } = delivery;
      const row = deliveryRow(messageValues, delivery, availableTimeMs);
      deliveries.push(row);
      if (admission.kind === "queued") {
        const queue = queueName(admission.gatewayId, message.lane);
        if (delivery.wantsClaim && options.mayClaim(entry.claimant) && !waiting.has(queue)) {
          row.claimed_by = entry.claimant;
          row.claim_number = firstClaimNumber;
          const claim: Claimed = { id: delivery.id, reference: undefined };
          claimed.push(claim);
          tx.claimed.push({ id: delivery.id, claimNumber: firstClaimNumber });
          if (admission.segmentCount > 1) {
            const { sender, acceptTimeMs: nowMs } = message;
            references.push({ sender: sender.address, recipient: delivery.recipient, nowMs });
            referenced.push({ row, claim });
          }
        } else {
          waiting.add(queue);
          tx.wokenQueues.add(admission.gatewayId);
          queueEnds.include(admission.gatewayId, laneCodes[message.lane], {
            availableTimeMs,
            id: delivery.id,
          });
        }
      }
      tx.reports.push({
        accountId: message.accountId,
        deliveryId: delivery.id,
        state: admission.kind === "queued" ? "QUEUED" : "REJECTED",
        timeMs: message.acceptTimeMs,
        shown: isFollowed ? shownOf(row) : undefined,
      });
    }
    return { kind: "accepted", claimed };
  });

  return {
    outcomes,
    references,
    finish(taken) {
      referenced.forEach(({ row, claim }, index) => {
        row.reference = taken[index] ?? null;
        claim.reference = taken[index];
      });
      if (messages.length === 0) return Promise.resolve();
      return Promise.all([
        insertMessages(tx.connection, messages),
        insertDeliveries(tx.connection, deliveries),
      ]);
    },
  };
}

/** What the first report of a delivery shows of it. */
function shownOf({ recipient, gateway_id, segment_count, code, reason }: DeliveryInsert): DeliveryShown {
  const attempt = { attempt_segment_count: null, submit_time: null, done_time: null, parts: null };
  return { recipient, gateway_id, segment_count, code, reason, ...attempt };
}

interface Claimed {
  readonly id: DeliveryId;
  reference: number | undefined;
}

/** For each entry what its request id stands for, where that is known; else undefined. */
async function findKnown(
  { connection }: Transaction,
  entries: readonly Acceptance[],
): Promise<readonly (AcceptOutcome | undefined)[]> {
  const firsts = new Map<string, { readonly entry: Acceptance; readonly request: NewRequest }>();
  for (const entry of entries) {
    const { message, request } = entry;
    const key = requestKey(entry);
    if (request === undefined || key === undefined || firsts.has(key)) continue;
    const { id: messageId, accountId, acceptTimeMs: timeMs } = message;
    firsts.set(key, { entry, request: { ...request, accountId, messageId, timeMs } });
  }
  if (firsts.size === 0) return [];
  const asked = [...firsts.values()];
  const before = await rememberOrFind(
    connection,
    asked.map(({ request }) => request),
  );
  const answers = new Map([...firsts.keys()].map((key, index) => [key, before[index]]));
  return entries.map((entry): AcceptOutcome | undefined => {
    const key = requestKey(entry);
    const first = key === undefined ? undefined : firsts.get(key);
    if (key === undefined || first === undefined) return undefined;
    const known = answers.get(key);
    if (known !== undefined) return { kind: "known", ...known };
    // Of twins in one batch the first is the one that is written.
    const { messageId, hash } = first.request;
    return first.entry === entry ? undefined : { kind: "known", messageId, hash };
  });
}

function requestKey({ message, request }: Acceptance): string | undefined {
  return request === undefined ? undefined : `${message.accountId}\n${request.id}`;
}

/** The queues in which something available waits; a claim in the accepting transaction must not overtake it. */
async function findWaitingQueues(
  { connection, laneEnds }: Transaction,
  queueEnds: QueueEnds,
  entries: readonly Acceptance[],
  { mayClaim, monotonicMs }: AcceptOptions,
): Promise<Set<string>> {
  const queues = new Map<string, { readonly gatewayId: GatewayId; readonly lane: number }>();
  for (const { message, deliveries, claimant } of entries) {
    if (!mayClaim(claimant)) continue;
    for (const { wantsClaim, admission } of deliveries) {
      if (!wantsClaim || admission.kind !== "queued") continue;
      const { gatewayId } = admission;
      queues.set(queueName(gatewayId, message.lane), { gatewayId, lane: laneCodes[message.lane] });
    }
  }
  if (queues.size === 0) return new Set();
  const asked = [...queues.values()];
  const starts = asked.map(({ gatewayId, lane }) => queueEnds.startOf(gatewayId, lane, monotonicMs));
  const rows = await connection.all(
    findWaiting,
    asked.map(({ gatewayId }) => gatewayId),
    asked.map(({ lane }) => lane),
    starts.map(({ availableTimeMs }) => availableTimeMs),
    starts.map(({ id }) => id),
    asked.map(({ lane }) => laneEnds[lane]?.availableTimeMs ?? 0),
  );
  const found = new Set(rows.map(({ gateway_id, lane }) => `${lane} ${gateway_id}`));
  return new Set(
    [...queues].flatMap(([name, { gatewayId, lane }]) => (found.has(`${lane} ${gatewayId}`) ? [name] : [])),
  );
}

function queueName(gatewayId: GatewayId, lane: Message["lane"]): string {
  return `${lane} ${gatewayId}`;
}
