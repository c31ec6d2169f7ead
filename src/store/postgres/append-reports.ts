/**
 * The last statement of a writing transaction: advances the counters of the accounts concerned, in account order, and inserts their
 * reports with consecutive numbers. The counters stay locked until the commit, so that number order is commit order.
 */
import type { AccountId, MessageId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import {
  type AppendedReports,
  createFreshRows,
  type FollowedAccounts,
  type FreshReports,
  type MessageShown,
  messagesOf,
} from "../fresh-reports.ts";
import type { PendingReport } from "../pending-report.ts";
import { unpackOptional } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

interface Advanced {
  readonly account_id: AccountId;
  readonly last: number;
  readonly previous_time: number | null;
}

// Times never go back within an account, so that a start time is found by bisection.
const advance = (counts: string) => `INSERT INTO report_counters AS c (account_id, last, last_time) ${counts}
     ON CONFLICT (account_id) DO UPDATE SET last = c.last + excluded.last,
       last_time = greatest(c.last_time, excluded.last_time), previous_time = c.last_time
     RETURNING c.account_id, c.last, c.previous_time`;

const append = statement<Advanced>(
  "append_reports",
  `WITH advanced AS (
     ${advance(`SELECT account_id, count, latest FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (account_id, count, latest)
     ORDER BY account_id COLLATE "C"`)}
   ), written AS (
     INSERT INTO reports (account_id, number, time, state, delivery_id)
     SELECT a.account_id, a.last - r.back, greatest(r.time, a.previous_time), r.state, r.delivery_id
     FROM (
       SELECT account_id, ($5::bigint[])[place::integer] AS back, ($6::bigint[])[place::integer] AS time,
         ($7::smallint[])[place::integer] AS state, delivery_id
       FROM unnest($4::text[], $8::text[]) WITH ORDINALITY AS u (account_id, delivery_id, place)) AS r
     JOIN advanced a ON a.account_id = r.account_id
   )
   SELECT account_id, last, previous_time FROM advanced`,
);

/** Of one account, as most batches are: one array is unnested, and no row looks for its counter. */
const appendToOne = statement<Advanced>(
  "append_reports_to_one",
  `WITH advanced AS (
     ${advance("VALUES ($1, $2::bigint, $3::bigint)")}
   ), written AS (
     INSERT INTO reports (account_id, number, time, state, delivery_id)
     SELECT a.account_id, a.last - $2::bigint + r.place, greatest(($4::bigint[])[r.place::integer], a.previous_time),
       ($5::smallint[])[r.place::integer], r.delivery_id
     FROM advanced a CROSS JOIN unnest($6::text[]) WITH ORDINALITY AS r (delivery_id, place)
   )
   SELECT account_id, last, previous_time FROM advanced`,
);

/** Sent with the reports where they are followed: what they show of their messages. */
const findMessages = statement<MessageShown & { readonly id: MessageId }>(
  "find_messages_shown",
  "SELECT id, client_reference, metadata, accept_time, sender FROM messages WHERE account_id = $1 AND id = ANY($2::text[])",
);

export async function appendReports(
  connection: Connection,
  pending: readonly PendingReport[],
  followed: FollowedAccounts,
): Promise<AppendedReports> {
  if (pending.length === 0) return [];
  const byAccount = Map.groupBy(pending, ({ accountId }) => accountId);
  const atHand: Promise<AtHand>[] = [];
  for (const [accountId, reports] of byAccount) {
    if (!followed.has(accountId)) continue;
    const mask = followed.maskOf(accountId);
    const ids = messagesOf(reports, mask);
    if (ids !== undefined) atHand.push(findAtHand(connection, accountId, mask, ids));
  }
  const [answered, ...found] = await Promise.all([send(connection, byAccount), ...atHand]);
  return answered.map((advanced) => {
    const { account_id: accountId, last } = advanced;
    const known = found.find((one) => one.accountId === accountId);
    if (known === undefined) return { accountId, last };
    return { accountId, last, fresh: freshOf(advanced, byAccount.get(accountId) ?? [], known) };
  });
}

/** What is at hand of an account's new reports. */
interface AtHand {
  readonly accountId: AccountId;
  readonly mask: number;
  readonly messages: ReadonlyMap<MessageId, MessageShown>;
}

async function findAtHand(
  connection: Connection,
  accountId: AccountId,
  mask: number,
  ids: ReadonlySet<MessageId>,
): Promise<AtHand> {
  const rows = ids.size === 0 ? [] : await connection.all(findMessages, accountId, [...ids]);
  const messages = rows.map(
    (row) => [row.id, { ...row, client_reference: unpackOptional(row.client_reference) }] as const,
  );
  return { accountId, mask, messages: new Map(messages) };
}

function freshOf(
  { last, previous_time }: Advanced,
  reports: readonly PendingReport[],
  { mask, messages }: AtHand,
): FreshReports | undefined {
  const first = last - reports.length + 1;
  const rows = createFreshRows(first, mask, messages);
  let timeMs = previous_time ?? 0;
  reports.forEach((report, index) => {
    timeMs = Math.max(timeMs, report.timeMs);
    rows.add(report, first + index, timeMs);
  });
  return rows.end();
}

function send(
  connection: Connection,
  byAccount: ReadonlyMap<AccountId, readonly PendingReport[]>,
): Promise<Advanced[]> {
  const accounts: string[] = [];
  const counts: number[] = [];
  const latest: number[] = [];
  const rows = { accounts: [] as string[], backs: [] as number[], times: [] as number[] };
  const states: number[] = [];
  const ids: string[] = [];
  for (const [accountId, reports] of byAccount) {
    let timeMs = 0;
    reports.forEach((report, index) => {
      timeMs = Math.max(timeMs, report.timeMs);
      rows.accounts.push(accountId);
      rows.backs.push(reports.length - 1 - index);
      rows.times.push(timeMs);
      states.push(stateCodes[report.state]);
      ids.push(report.deliveryId);
    });
    accounts.push(accountId);
    counts.push(reports.length);
    latest.push(timeMs);
  }
  const [accountId = "", ...others] = accounts;
  if (others.length === 0) {
    return connection.all(appendToOne, accountId, ids.length, latest[0] ?? 0, rows.times, states, ids);
  }
  const values = [accounts, counts, latest, rows.accounts, rows.backs, rows.times, states, ids];
  return connection.all(append, ...values);
}
