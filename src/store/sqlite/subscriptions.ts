/** Named subscriptions: a position each, moved forward by acknowledging. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../domain/ids.ts";
import type { AcknowledgeOutcome, Subscription, SubscriptionKey } from "../reports.ts";
import type { OpenRequest, PositionRequest } from "../write-steps.ts";
import { prepare } from "./statement.ts";

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

export function createReadSubscriptions(db: DatabaseSync) {
  const find = prepare<SubscriptionRow>(
    db,
    `SELECT ${columns} FROM subscriptions WHERE account_id = ? AND name = ?`,
  );
  const list = prepare<SubscriptionRow>(
    db,
    `SELECT ${columns} FROM subscriptions WHERE account_id = ? AND name > ? ORDER BY name LIMIT ?`,
  );
  return {
    readSubscription({ accountId, name }: SubscriptionKey): Subscription | undefined {
      const row = find.get(accountId, name);
      return row === undefined ? undefined : subscriptionOf(row);
    },
    readerEpochs: (keys: readonly SubscriptionKey[]) =>
      keys.map(({ accountId, name }) => find.get(accountId, name)?.reader_epoch),
    listSubscriptions({ accountId, page }: SubscriptionsQuery): readonly Subscription[] {
      return list.all(accountId, page.after ?? "", page.limit).map(subscriptionOf);
    },
  };
}

export function createWriteSubscriptions(db: DatabaseSync) {
  const { readSubscription } = createReadSubscriptions(db);
  // The time keeps the epochs of a name apart from those of one that was deleted.
  const open = prepare<SubscriptionRow>(
    db,
    `INSERT INTO subscriptions (account_id, name, position, create_time, reader_epoch) VALUES (?1, ?2, ?3, ?4, ?4)
     ON CONFLICT (account_id, name) DO UPDATE SET reader_epoch = max(reader_epoch + 1, excluded.reader_epoch)
     RETURNING ${columns}`,
  );
  const make = prepare(
    db,
    "INSERT INTO subscriptions (account_id, name, position, create_time, reader_epoch) VALUES (?1, ?2, ?3, ?4, ?4)",
  );
  const count = prepare<{ count: number }>(
    db,
    "SELECT count(*) AS count FROM (SELECT 1 FROM subscriptions WHERE account_id = ? LIMIT ?)",
  );
  const findLast = prepare<{ last: number }>(db, "SELECT last FROM report_counters WHERE account_id = ?");
  const move = prepare(
    db,
    `UPDATE subscriptions SET position = ?1, acknowledge_time = ?2
     WHERE account_id = ?3 AND name = ?4 AND position < ?1`,
  );
  const remove = prepare(db, "DELETE FROM subscriptions WHERE account_id = ? AND name = ?");
  const isFull = (accountId: AccountId, most: number) => (count.get(accountId, most)?.count ?? 0) >= most;
  return {
    /** Undefined where it is new and the account has as many as it may have. */
    openSubscription({ accountId, name, position, nowMs, most }: OpenRequest): Subscription | undefined {
      if (readSubscription({ accountId, name }) === undefined && isFull(accountId, most)) return undefined;
      const row = open.get(accountId, name, position, nowMs);
      if (row === undefined) throw new Error("the subscription is gone");
      return subscriptionOf(row);
    },
    /** Undefined as in `openSubscription`. */
    createSubscription({ accountId, name, position, nowMs, most }: OpenRequest): Subscription | undefined {
      const found = readSubscription({ accountId, name });
      if (found !== undefined || isFull(accountId, most)) return found;
      make.run(accountId, name, position, nowMs);
      return readSubscription({ accountId, name });
    },
    acknowledge({ accountId, name, position, nowMs }: PositionRequest): AcknowledgeOutcome {
      if (readSubscription({ accountId, name }) === undefined) return "unknown_subscription";
      if (position > (findLast.get(accountId)?.last ?? 0)) return "beyond_last";
      return move.run(position, nowMs, accountId, name) === 1 ? "acknowledged" : "unchanged";
    },
    deleteSubscription({ accountId, name }: SubscriptionKey): boolean {
      return remove.run(accountId, name) === 1;
    },
  };
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
