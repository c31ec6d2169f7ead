/**
 * Erases bodies and deletes messages some time after their last delivery became final. A mark by stage and account walks through the
 * messages in the order of their ids; one that is not due when the mark passes it is noted with the time to come back. So no row is
 * looked at again and again, and accepting keeps no index for it. A step takes many messages with a few statements.
 */
import type { AccountId, MessageId } from "../../domain/ids.ts";
import { afterLateCommits } from "../clean-again.ts";
import type { CleanRequest } from "../cleaning.ts";
import { keysOf } from "../status-rows.ts";
import { deleteStage, type EndedMessage, eraseStage, type Stage } from "./clean-stages.ts";
import type { CleanStep } from "./clean-step.ts";
import { type Connection, statement } from "./statement.ts";

interface Candidate {
  readonly account_id: AccountId;
  readonly id: MessageId;
  /** Of a message that is noted; undefined where the mark has come to it. */
  readonly due_time?: number;
}

const recheckMs = 3_600_000;

export const cleanMessages: readonly CleanStep[] = [eraseStage, deleteStage]
  .flatMap((stage) => [stage, afterLateCommits(stage)])
  .map((stage) => (connection, request) => cleanStage(stage, connection, request));

const findLate = statement<Candidate>(
  "find_late_messages",
  `SELECT account_id, message_id AS id, due_time FROM late_messages
   WHERE stage = $1 AND due_time <= $2 ORDER BY due_time, account_id, message_id LIMIT $3`,
);
// The first message behind the mark tells whether an account has anything due: one look into the index for each.
const findNext = statement<Candidate & { readonly accept_time: number }>(
  "find_messages_to_clean",
  `SELECT m.account_id, m.id, m.accept_time FROM (
     SELECT c.account_id, coalesce(k.message_id, '') AS mark
     FROM report_counters c LEFT JOIN cleaning_marks k ON k.stage = $1 AND k.account_id = c.account_id) AS a
   CROSS JOIN LATERAL (
     SELECT account_id, id, accept_time FROM messages
     WHERE account_id = a.account_id AND id > a.mark ORDER BY id LIMIT $3) AS m
   WHERE (
     SELECT f.accept_time FROM messages f WHERE f.account_id = a.account_id AND f.id > a.mark ORDER BY f.id LIMIT 1
   ) <= $2
   ORDER BY m.account_id, m.id LIMIT $3`,
);
const findEnds = statement<{ delivery_count: number; open: number; last: number | null }>(
  "find_message_ends",
  `SELECT e.delivery_count, e.open, e.last FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (from_id, until_id, place)
   CROSS JOIN LATERAL (
     SELECT count(*) AS delivery_count, count(*) - count(final_time) AS open, max(final_time) AS last
     FROM deliveries WHERE id >= k.from_id AND id < k.until_id) AS e
   ORDER BY k.place`,
);
const forgetLate = statement(
  "forget_late_messages",
  `DELETE FROM late_messages AS l USING unnest($2::bigint[], $3::text[], $4::text[]) AS k (due_time, account_id, message_id)
   WHERE l.stage = $1 AND l.due_time = k.due_time AND l.account_id = k.account_id AND l.message_id = k.message_id`,
);
const noteLate = statement(
  "note_late_messages",
  `INSERT INTO late_messages (stage, due_time, account_id, message_id)
   SELECT $1, due_time, account_id, message_id
   FROM unnest($2::bigint[], $3::text[], $4::text[]) AS k (due_time, account_id, message_id)
   ON CONFLICT (stage, due_time, account_id, message_id) DO NOTHING`,
);
const setMarks = statement(
  "set_cleaning_marks",
  `INSERT INTO cleaning_marks (stage, account_id, message_id)
   SELECT $1, account_id, message_id FROM unnest($2::text[], $3::text[]) AS k (account_id, message_id)
   ON CONFLICT (stage, account_id) DO UPDATE SET message_id = excluded.message_id`,
);

async function cleanStage(
  stage: Stage,
  connection: Connection,
  { nowMs, retention, limit }: CleanRequest,
): ReturnType<CleanStep> {
  if (stage.isWanted?.(retention) === false) return undefined;
  const ageMs = stage.age(retention);
  const most = Math.ceil(limit / stage.rowsOf({ deliveryCount: 1 }));
  const candidates = await findCandidates(stage, connection, nowMs, ageMs, most);
  if (candidates.length === 0) return undefined;
  const keys = candidates.map(({ id }) => keysOf(id));
  const accounts = [...new Set(candidates.map(({ account_id }) => account_id))];
  const [ends, isFree] = await Promise.all([
    connection.all(
      findEnds,
      keys.map(([from]) => from),
      keys.map(([, until]) => until),
    ),
    stage.findFree(connection, accounts),
  ]);

  /** When to come back to a message that cannot go now; undefined where it can. */
  const lateUntil = (message: EndedMessage, open: number): number | undefined => {
    const { lastFinalMs } = message;
    if (open > 0) return nowMs + recheckMs;
    if (lastFinalMs === null) return undefined;
    if (lastFinalMs + ageMs > nowMs) return lastFinalMs + ageMs;
    return isFree(message) ? undefined : nowMs + recheckMs;
  };

  const going: EndedMessage[] = [];
  const late: (Candidate & { readonly due_time: number })[] = [];
  const passed: Candidate[] = [];
  let room = limit;
  let tooLarge: EndedMessage | undefined;
  for (const [index, candidate] of candidates.entries()) {
    const {
      delivery_count: deliveryCount,
      open,
      last,
    } = ends[index] ?? { delivery_count: 0, open: 0, last: null };
    const message = { account_id: candidate.account_id, id: candidate.id, deliveryCount, lastFinalMs: last };
    const laterMs = lateUntil(message, open);
    if (laterMs !== undefined) late.push({ ...message, due_time: laterMs });
    else {
      room -= stage.rowsOf(message);
      if (room < 0) {
        if (going.length === 0) tooLarge = message;
        break;
      }
      going.push(message);
    }
    passed.push(candidate);
  }
  const [acted, partly] = await Promise.all([
    going.length === 0 ? 0 : stage.act(connection, going),
    tooLarge === undefined ? 0 : stage.actPartly(connection, tooLarge, limit),
    moveOn(stage, connection, passed, late),
  ]);
  return { rows: acted + partly, hasMore: true };
}

/** At most `most` messages that may be due: those whose time has come, and those behind the marks. */
async function findCandidates(
  stage: Stage,
  connection: Connection,
  nowMs: number,
  ageMs: number,
  most: number,
): Promise<readonly Candidate[]> {
  const late = await connection.all(findLate, stage.name, nowMs, most);
  if (late.length >= most) return late;
  const young = new Set<AccountId>();
  const next = (await connection.all(findNext, stage.name, nowMs - ageMs, most - late.length)).filter(
    ({ account_id, accept_time }) => {
      // A mark does not pass what is too young, nor anything behind it.
      if (accept_time + ageMs > nowMs) young.add(account_id);
      return !young.has(account_id);
    },
  );
  return [...late, ...next];
}

/** Sets the marks behind what was passed, and notes what cannot go yet. */
async function moveOn(
  { name }: Stage,
  connection: Connection,
  passed: readonly Candidate[],
  late: readonly Required<Candidate>[],
): Promise<void> {
  const sent: Promise<unknown>[] = [];
  const columns = (candidates: readonly Required<Candidate>[]) =>
    [
      candidates.map(({ due_time }) => due_time),
      candidates.map(({ account_id }) => account_id),
      candidates.map(({ id }) => id),
    ] as const;
  const noted = passed.filter(
    (candidate): candidate is Required<Candidate> => candidate.due_time !== undefined,
  );
  if (noted.length > 0) sent.push(connection.run(forgetLate, name, ...columns(noted)));
  if (late.length > 0) sent.push(connection.run(noteLate, name, ...columns(late)));
  const marks = new Map<AccountId, MessageId>();
  for (const { account_id, id, due_time } of passed) if (due_time === undefined) marks.set(account_id, id);
  if (marks.size > 0) sent.push(connection.run(setMarks, name, [...marks.keys()], [...marks.values()]));
  await Promise.all(sent);
}
