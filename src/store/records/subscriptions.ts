/** Named subscriptions: a position each, moved forward by acknowledging, and the epoch of whoever reads it now. */
import type { AccountId } from "../../domain/ids.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

export interface Subscription {
  readonly name: string;
  /** Number of the last acknowledged report. */
  readonly position: number;
  readonly createTimeMs: number;
  readonly acknowledgeTimeMs: number | undefined;
  /** Of the reader that opened it last: higher than of all before it, also of a subscription of that name that was deleted. */
  readonly readerEpoch: number;
}

export interface SubscriptionKey {
  readonly accountId: AccountId;
  readonly name: string;
}

export type AcknowledgeOutcome = "acknowledged" | "unchanged" | "beyond_last" | "unknown_subscription";

interface SubscriptionRow {
  readonly name: string;
  readonly position: number;
  readonly create_time: number;
  readonly acknowledge_time: number | null;
  readonly reader_epoch: number;
}

/** Readers that one statement looks at. */
const epochsAtOnce = 50;
const unlimited = 2 ** 31 - 1;

const columns = "name, position, create_time, acknowledge_time, reader_epoch";
const find = sql<SubscriptionRow>(
  "find_subscription",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 AND name = $2`,
);
const list = sql<SubscriptionRow>(
  "list_subscriptions",
  `SELECT ${columns} FROM subscriptions WHERE account_id = $1 AND name > $2 ORDER BY name LIMIT $3`,
);
// The time keeps the epochs of a name apart from those of one that was deleted.
const open = sql<SubscriptionRow>(
  "open_subscription",
  `INSERT INTO subscriptions AS s (account_id, name, position, create_time, reader_epoch) VALUES ($1, $2, $3, $4, $4)
   ON CONFLICT (account_id, name) DO UPDATE SET reader_epoch =
     CASE WHEN s.reader_epoch < excluded.reader_epoch THEN excluded.reader_epoch ELSE s.reader_epoch + 1 END
   RETURNING ${columns}`,
);
const make = sql(
  "make_subscription",
  `INSERT INTO subscriptions (account_id, name, position, create_time, reader_epoch) VALUES ($1, $2, $3, $4, $4)
   ON CONFLICT (account_id, name) DO NOTHING`,
);
const asked = Array.from({ length: epochsAtOnce }, (_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(", ");
const findEpochs = sql<{ account_id: AccountId; name: string; reader_epoch: number }>(
  "find_reader_epochs",
  `WITH asked (account_id, name) AS (VALUES ${asked})
   SELECT s.account_id, s.name, s.reader_epoch
   FROM asked JOIN subscriptions s ON s.account_id = asked.account_id AND s.name = asked.name`,
);
const count = sql<{ count: number }>(
  "count_subscriptions",
  "SELECT count(*) AS count FROM (SELECT 1 FROM subscriptions WHERE account_id = $1 LIMIT $2) AS counted",
);
const findLast = sql<{ last: number }>(
  "find_last_report",
  "SELECT last FROM report_counters WHERE account_id = $1",
);
const move = sql(
  "move_subscription",
  `UPDATE subscriptions SET position = $1, acknowledge_time = $2
   WHERE account_id = $3 AND name = $4 AND position < $1`,
);
const remove = sql("delete_subscription", "DELETE FROM subscriptions WHERE account_id = $1 AND name = $2");

export function* readSubscription(accountId: AccountId, name: string): Step<Subscription | undefined> {
  const row = yield* first(find, accountId, name);
  return row === undefined ? undefined : subscriptionOf(row);
}

/** By name, those after one; undefined for the first. */
export function* listSubscriptions(
  accountId: AccountId,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Step<readonly Subscription[]> {
  return (yield* all(list, accountId, after ?? "", limit)).map(subscriptionOf);
}

/** Who reads each of them now, in the order asked; undefined where it is gone. */
export function* readerEpochs(keys: readonly SubscriptionKey[]): Step<readonly (number | undefined)[]> {
  const keyOf = (accountId: string, name: string) => `${accountId}\u0000${name}`;
  const epochs = new Map<string, number>();
  for (let from = 0; from < keys.length; from += epochsAtOnce) {
    const values = keys.slice(from, from + epochsAtOnce).flatMap(({ accountId, name }) => [accountId, name]);
    const padding = new Array<string>(2 * epochsAtOnce - values.length).fill("");
    for (const row of yield* all(findEpochs, ...values, ...padding)) {
      epochs.set(keyOf(row.account_id, row.name), row.reader_epoch);
    }
  }
  return keys.map(({ accountId, name }) => epochs.get(keyOf(accountId, name)));
}

/**
 * The subscription, made at `initialPosition` where it is new, with an epoch for this reader. QUOTA_EXCEEDED where it is new and the
 * account has `most` already; two replicas at once may make one more.
 */
export function* openSubscription(
  accountId: AccountId,
  name: string,
  initialPosition: number,
  nowMs: number,
  most: number = unlimited,
): Step<Subscription | Refusal> {
  const isNew = (yield* first(find, accountId, name)) === undefined;
  if (isNew && (yield* isFull(accountId, most))) return tooMany(accountId);
  const row = yield* first(open, accountId, name, initialPosition, nowMs);
  if (row === undefined) throw new RangeError("the subscription is gone");
  return subscriptionOf(row);
}

/** The subscription as it stands, made where it is new as by `openSubscription`, and whoever reads it reads on. */
export function* createSubscription(
  accountId: AccountId,
  name: string,
  initialPosition: number,
  nowMs: number,
  most: number = unlimited,
): Step<Subscription | Refusal> {
  const found = yield* readSubscription(accountId, name);
  if (found !== undefined) return found;
  if (yield* isFull(accountId, most)) return tooMany(accountId);
  yield* run(make, accountId, name, initialPosition, nowMs);
  const made = yield* readSubscription(accountId, name);
  if (made === undefined) throw new RangeError("the subscription is gone");
  return made;
}

export function* acknowledge(
  accountId: AccountId,
  name: string,
  position: number,
  nowMs: number,
): Step<AcknowledgeOutcome> {
  if ((yield* first(find, accountId, name)) === undefined) return "unknown_subscription";
  if (position > ((yield* first(findLast, accountId))?.last ?? 0)) return "beyond_last";
  return (yield* run(move, position, nowMs, accountId, name)) === 1 ? "acknowledged" : "unchanged";
}

export function* deleteSubscription(accountId: AccountId, name: string): Step<boolean> {
  return (yield* run(remove, accountId, name)) === 1;
}

function* isFull(accountId: AccountId, most: number): Step<boolean> {
  return ((yield* first(count, accountId, most))?.count ?? 0) >= most;
}

function tooMany(accountId: AccountId): Refusal {
  const description = "The account has too many subscriptions; delete one.";
  return { refusal: "QUOTA_EXCEEDED", details: { quota: { subject: `account ${accountId}`, description } } };
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    name: row.name,
    position: row.position,
    createTimeMs: row.create_time,
    acknowledgeTimeMs: row.acknowledge_time ?? undefined,
    readerEpoch: row.reader_epoch,
  };
}
