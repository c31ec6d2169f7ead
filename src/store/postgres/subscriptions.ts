/** Named subscriptions: a position each, moved forward by acknowledging. */
import type { AccountId } from "../../domain/ids.ts";
import type { AcknowledgeOutcome, Subscription, SubscriptionKey } from "../reports.ts";
import type { OpenRequest, PositionRequest } from "../write-steps.ts";
import { packText, unpackText } from "./pack-text.ts";
import { type Connection, first, statement } from "./statement.ts";
import { StepError } from "./store-error.ts";

interface SubscriptionRow {
  readonly name: string;
  readonly position: number;
  readonly create_time: number;
  readonly acknowledge_time: number | null;
  readonly reader_epoch: number;
}

export interface SubscriptionsQuery {
  readonly accountId: AccountId;
  readonly page: { readonly after: string | undefined; readonly limit: number };
}

const columns = "name, position, create_time, acknowledge_time, reader_epoch";
const find = statement<SubscriptionRow>(
  "find_subscription",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 AND name = $2`,
);
const list = statement<SubscriptionRow>(
  "list_subscriptions",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 AND name > $2 ORDER BY name LIMIT $3`,
);
// The time keeps the epochs of a name apart from those of one that was deleted.
const open = statement<SubscriptionRow>(
  "open_subscription",
  `INSERT INTO subscriptions AS s (account_id, name, position, create_time, reader_epoch) VALUES ($1, $2, $3, $4, $4)
   ON CONFLICT (account_id, name) DO UPDATE SET reader_epoch = greatest(s.reader_epoch + 1, excluded.reader_epoch)
   RETURNING ${columns}`,
);
const make = statement(
  "make_subscription",
  `INSERT INTO subscriptions (account_id, name, position, create_time, reader_epoch) VALUES ($1, $2, $3, $4, $4)
   ON CONFLICT (account_id, name) DO NOTHING`,
);
const findEpochs = statement<{ account_id: AccountId; name: string; reader_epoch: number }>(
  "find_reader_epochs",
  `SELECT s.account_id, s.name, s.reader_epoch
   FROM unnest($1::text[], $2::text[]) AS k (account_id, name)
   JOIN subscriptions s ON s.account_id = k.account_id AND s.name = k.name`,
);
const count = statement<{ count: number }>(
  "count_subscriptions",
  "SELECT count(*) AS count FROM (SELECT 1 FROM subscriptions WHERE account_id = $1 LIMIT $2) AS counted",
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
  { accountId, page }: SubscriptionsQuery,
): Promise<readonly Subscription[]> {
  const after = page.after === undefined ? "" : packText(page.after);
  return (await connection.all(list, accountId, after, page.limit)).map(subscriptionOf);
}

/** Two replicas at once may make one more. */
async function isFull(connection: Connection, accountId: AccountId, most: number): Promise<boolean> {
  return (first(await connection.all(count, accountId, most))?.count ?? 0) >= most;
}

/** Undefined where it is new and the account has as many as it may have. */
export async function openSubscription(
  connection: Connection,
  { accountId, name, position, nowMs, most }: OpenRequest,
): Promise<Subscription | undefined> {
  const isNew = (await readSubscription(connection, { accountId, name })) === undefined;
  if (isNew && (await isFull(connection, accountId, most))) return undefined;
  const row = first(await connection.all(open, accountId, packText(name), position, nowMs));
  if (row === undefined) throw new StepError("the subscription is gone");
  return subscriptionOf(row);
}

/** Undefined as in `openSubscription`. */
export async function createSubscription(
  connection: Connection,
  { accountId, name, position, nowMs, most }: OpenRequest,
): Promise<Subscription | undefined> {
  const found = await readSubscription(connection, { accountId, name });
  if (found !== undefined || (await isFull(connection, accountId, most))) return found;
  await connection.run(make, accountId, packText(name), position, nowMs);
  return readSubscription(connection, { accountId, name });
}

export async function readerEpochs(
  connection: Connection,
  keys: readonly SubscriptionKey[],
): Promise<readonly (number | undefined)[]> {
  const keyOf = (accountId: string, packed: string) => `${accountId}\u0000${packed}`;
  const names = keys.map(({ name }) => packText(name));
  const rows = await connection.all(
    findEpochs,
    keys.map(({ accountId }) => accountId),
    names,
  );
  const epochs = new Map(rows.map((row) => [keyOf(row.account_id, row.name), row.reader_epoch]));
  return keys.map(({ accountId }, index) => epochs.get(keyOf(accountId, names[index] ?? "")));
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
    readerEpoch: row.reader_epoch,
  };
}
