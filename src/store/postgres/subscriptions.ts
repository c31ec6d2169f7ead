/** Named report subscriptions: a position each, moved forward by acknowledging. */
import type { AccountId } from "../../domain/ids.ts";
import type { AcknowledgeOutcome, Subscription } from "../reports.ts";
import { packText, unpackText } from "./pack-text.ts";
import { type Connection, first, statement } from "./statement.ts";
import { StepError } from "./store-error.ts";

interface SubscriptionRow {
  readonly name: string;
  readonly position: number;
  readonly create_time: number;
  readonly acknowledge_time: number | null;
}

export interface SubscriptionKey {
  readonly accountId: AccountId;
  readonly name: string;
}

export type PositionRequest = SubscriptionKey & { readonly position: number; readonly nowMs: number };

const columns = "name, position, create_time, acknowledge_time";
const find = statement<SubscriptionRow>(
  "find_subscription",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 AND name = $2`,
);
const list = statement<SubscriptionRow>(
  "list_subscriptions",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 ORDER BY name`,
);
const insert = statement(
  "insert_subscription",
  `INSERT INTO subscriptions (account_id, name, position, create_time) VALUES ($1, $2, $3, $4)
   ON CONFLICT (account_id, name) DO NOTHING`,
);
const findLast = statement<{ last: number }>(
  "find_last_report",
  "SELECT last FROM report_counters WHERE account_id = $1",
);
const move = statement(
  "move_subscription",
  `UPDATE subscriptions SET position = $1, acknowledge_time = $2
   WHERE account_id = $3 AND name = $4 AND position < $1`,
);
const remove = statement(
  "delete_subscription",
  "DELETE FROM subscriptions WHERE account_id = $1 AND name = $2",
);

export async function readSubscription(
  connection: Connection,
  { accountId, name }: SubscriptionKey,
): Promise<Subscription | undefined> {
  const row = first(await connection.all(find, accountId, packText(name)));
  return row === undefined ? undefined : subscriptionOf(row);
}

export async function listSubscriptions(
  connection: Connection,
  accountId: AccountId,
): Promise<readonly Subscription[]> {
  return (await connection.all(list, accountId)).map(subscriptionOf);
}

export async function openSubscription(
  connection: Connection,
  { accountId, name, position, nowMs }: PositionRequest,
): Promise<Subscription> {
  await connection.run(insert, accountId, packText(name), position, nowMs);
  const subscription = await readSubscription(connection, { accountId, name });
  if (subscription === undefined) throw new StepError("the subscription is gone");
  return subscription;
}

export async function acknowledge(
  connection: Connection,
  { accountId, name, position, nowMs }: PositionRequest,
): Promise<AcknowledgeOutcome> {
  if ((await readSubscription(connection, { accountId, name })) === undefined) return "unknown_subscription";
  if (position > (first(await connection.all(findLast, accountId))?.last ?? 0)) return "beyond_last";
  const changed = await connection.run(move, position, nowMs, accountId, packText(name));
  return changed === 1 ? "acknowledged" : "unchanged";
}

export async function deleteSubscription(
  connection: Connection,
  { accountId, name }: SubscriptionKey,
): Promise<boolean> {
  return (await connection.run(remove, accountId, packText(name))) === 1;
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    name: unpackText(row.name),
    position: row.position,
    createTimeMs: row.create_time,
    acknowledgeTimeMs: row.acknowledge_time ?? undefined,
  };
}
