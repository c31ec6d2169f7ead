/**
 * What replicas tell each other, so that nobody waits for the next poll: accounts with new reports, queues with waiting rows, news of
 * sessions and gateways. Hints go out after the commit, at most one a channel every 20 ms, from a connection of their own, and may be
 * lost without harm.
 */
import type pg from "pg";
import type { AccountId, GatewayId } from "../../domain/ids.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Session } from "./session.ts";
import { statement } from "./statement.ts";

export interface Hints {
  reports(accounts: readonly { readonly accountId: AccountId; readonly last: number }[]): void;
  queues(gateways: readonly GatewayId[]): void;
  /** Sessions were given up, or the state of a gateway has changed. */
  sessions(): void;
  /** Listens on this connection from now on. */
  listen(client: pg.Client): void;
  /** Sends what waits, and nothing more: others still hear of what was released on leaving. */
  close(): Promise<void>;
}

export interface HintsOptions {
  readonly replicaId: string;
  readonly session: Session;
  readonly clock: Clock;
  readonly onReports: (accountId: AccountId, last: number) => void;
  /** Undefined: some queue, whichever. */
  readonly onQueue: (gatewayId: GatewayId | undefined) => void;
  readonly onSessions: () => void;
}

const everyMs = 20;
/** PostgreSQL takes payloads below 8,000 octets. */
const mostOctets = 7_900;
const channels = {
  reports: "sms_relay_reports",
  queues: "sms_relay_queues",
  sessions: "sms_relay_sessions",
} as const;

const notify = statement("notify", "SELECT pg_notify($1, $2)");

export function createHints({
  replicaId,
  session,
  clock,
  onReports,
  onQueue,
  onSessions,
}: HintsOptions): Hints {
  const accounts = new Map<string, number>();
  const gateways = new Set<string>();
  let hasSessionNews = false;
  let timer: Timer | undefined;
  let isClosed = false;

  const hasNews = () => accounts.size > 0 || gateways.size > 0 || hasSessionNews;

  function schedule(): void {
    if (isClosed || timer !== undefined) return;
    timer = clock
      .setTimeout(() => {
        // Until the server has taken them the next ones gather.
        void send().finally(() => {
          timer = undefined;
          if (hasNews()) schedule();
        });
      }, everyMs)
      .unref();
  }

  async function send(): Promise<void> {
    const messages: [string, string][] = [];
    if (accounts.size > 0) messages.push([channels.reports, pack([...accounts], [])]);
    if (gateways.size > 0) messages.push([channels.queues, pack([...gateways], [])]);
    if (hasSessionNews) messages.push([channels.sessions, pack([], [])]);
    accounts.clear();
    gateways.clear();
    hasSessionNews = false;
    await session
      .use((connection) =>
        Promise.all(messages.map(([channel, payload]) => connection.run(notify, channel, payload))),
      )
      // Polling makes up for it.
      .catch(() => undefined);
  }

  /** The entries, or `otherwise` where they are too many for one payload. */
  function pack(entries: readonly unknown[], otherwise: readonly unknown[]): string {
    const payload = JSON.stringify([replicaId, entries]);
    return Buffer.byteLength(payload) <= mostOctets ? payload : JSON.stringify([replicaId, otherwise]);
  }

  function take({ channel, payload }: pg.Notification): void {
    const [from, entries] = parse(payload);
    if (from === replicaId) return;
    if (channel === channels.sessions) {
      onSessions();
      return;
    }
    if (channel === channels.queues) {
      if (entries.length === 0) onQueue(undefined);
      for (const entry of entries) if (typeof entry === "string") onQueue(entry as GatewayId);
      return;
    }
    for (const entry of entries) {
      if (!Array.isArray(entry)) continue;
      const [accountId, last] = entry as unknown[];
      if (typeof accountId === "string" && typeof last === "number") onReports(accountId as AccountId, last);
    }
  }

  return {
    reports(appended) {
      for (const { accountId, last } of appended) accounts.set(accountId, last);
      if (appended.length > 0) schedule();
    },
    queues(woken) {
      for (const gatewayId of woken) gateways.add(gatewayId);
      if (woken.length > 0) schedule();
    },
    sessions() {
      hasSessionNews = true;
      schedule();
    },
    listen(client) {
      client.on("notification", take);
      const listens = Object.values(channels).map((channel) => `LISTEN ${channel}`);
      client.query(listens.join("; ")).catch(() => undefined);
    },
    async close() {
      isClosed = true;
      timer?.cancel();
      if (hasNews()) await send();
    },
  };
}

/** Anybody may notify on a channel; what is not ours reads as an empty hint. */
function parse(payload: string | undefined): readonly [unknown, readonly unknown[]] {
  try {
    const message: unknown = JSON.parse(payload ?? "");
    if (!Array.isArray(message)) return [undefined, []];
    const [from, entries] = message as unknown[];
    return [from, Array.isArray(entries) ? (entries as unknown[]) : []];
  } catch {
    return [undefined, []];
  }
}
