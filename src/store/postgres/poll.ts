/** What hints may have missed: looks each second at the counters of the accounts that are read here and at what waits. */
import type { AccountId, GatewayId } from "../../domain/ids.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Session } from "./session.ts";
import { statement } from "./statement.ts";

export interface Poll {
  /** The account is read here from now on. */
  watch(accountId: AccountId): void;
  /** The last report that is known here; answers whether it is news. */
  note(accountId: AccountId, last: number): boolean;
  stop(): void;
}

export interface PollOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly onReports: (accountId: AccountId, last: number) => void;
  readonly onQueue: (gatewayId: GatewayId) => void;
}

const everyMs = 1_000;
/** Accounts beyond this that were read longest ago are forgotten; whoever reads on becomes known again. */
const mostAccounts = 10_000;

const readLast = statement<{ account_id: AccountId; last: number }>(
  "poll_reports",
  "SELECT account_id, last FROM report_counters WHERE account_id = ANY($1::text[])",
);
// One jump through the index for each queue.
const readQueues = statement<{ gateway_id: GatewayId }>(
  "poll_queues",
  `WITH RECURSIVE queues AS (
     (SELECT gateway_id FROM deliveries WHERE state = 1 AND claimed_by IS NULL ORDER BY gateway_id LIMIT 1)
     UNION ALL
     SELECT (SELECT d.gateway_id FROM deliveries d
             WHERE d.state = 1 AND d.claimed_by IS NULL AND d.gateway_id > q.gateway_id ORDER BY d.gateway_id LIMIT 1)
     FROM queues q WHERE q.gateway_id IS NOT NULL
   )
   SELECT gateway_id FROM queues WHERE gateway_id IS NOT NULL`,
);
export function startPoll({ session, clock, onReports, onQueue }: PollOptions): Poll {
  const watched = new Map<AccountId, number>();
  let isLooking = false;
  const timer: Timer = clock.setInterval(() => void look(), everyMs).unref();

  function note(accountId: AccountId, last: number): boolean {
    const known = watched.get(accountId);
    if (known === undefined || last <= known) return false;
    watched.set(accountId, last);
    return true;
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const [counters, queues] = await session.use((connection) =>
        Promise.all([
          watched.size === 0 ? [] : connection.all(readLast, [...watched.keys()]),
          connection.all(readQueues),
        ]),
      );
      for (const { account_id, last } of counters) if (note(account_id, last)) onReports(account_id, last);
      for (const { gateway_id } of queues) onQueue(gateway_id);
    } catch {
      // The database is away; whoever needs it says so.
    } finally {
      isLooking = false;
    }
  }

  return {
    watch(accountId) {
      const known = watched.get(accountId);
      watched.delete(accountId);
      watched.set(accountId, known ?? 0);
      const [oldest] = watched.keys();
      if (watched.size > mostAccounts && oldest !== undefined) watched.delete(oldest);
    },
    note,
    stop: () => timer.cancel(),
  };
}
