/**
 * One connection that is opened when it is needed and again after it broke, used by one caller at a time; and a pool of them. While
 * the database is away callers are refused at once, and only every now and then one of them looks again.
 */
import type pg from "pg";
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";
import { type Connection, connectionOf } from "./statement.ts";
import { isConnectionKept, storeAway, storeErrorOf } from "./store-error.ts";

export interface Session {
  /** Waits for its turn. Rejects with SERVICE_UNAVAILABLE where the database is away. */
  use<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result>;
  /** Calls that run or wait. */
  readonly pending: number;
  /** Waits for its calls and closes; harmless when repeated. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly open: () => Promise<pg.Client>;
  readonly clock: Clock;
  /** Whether an open connection may still be used; without it, as long as it stands. */
  readonly isCurrent?: (client: pg.Client) => boolean;
  /** Told when the connection is made anew or is gone. */
  readonly onChange?: (client: pg.Client | undefined) => void;
}

const lookAgainMs = 250;

export function createSession({ open, clock, isCurrent, onChange }: SessionOptions): Session {
  let client: pg.Client | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let pending = 0;
  let awaySinceMs: number | undefined;
  let awayCause: unknown;
  let isClosed = false;

  function drop(broken: pg.Client): void {
    if (client !== broken) return;
    client = undefined;
    onChange?.(undefined);
    broken.end().catch(() => undefined);
  }

  async function connected(): Promise<pg.Client> {
    if (client !== undefined && isCurrent?.(client) === false) drop(client);
    if (client !== undefined) return client;
    if (awaySinceMs !== undefined && clock.monotonic() - awaySinceMs < lookAgainMs)
      throw storeAway(awayCause);
    try {
      const opened = await open();
      opened.once("end", () => drop(opened));
      opened.once("error", () => drop(opened));
      client = opened;
      awaySinceMs = undefined;
      onChange?.(opened);
      return opened;
    } catch (error) {
      awaySinceMs = clock.monotonic();
      awayCause = error;
      throw storeAway(error);
    }
  }

  async function perform<Result>(body: (connection: Connection) => Promise<Result>): Promise<Result> {
    const current = await connected();
    try {
      return await body(connectionOf(current));
    } catch (error) {
      const known = storeErrorOf(error);
      const isAway = known instanceof SmsError && known.code === "SERVICE_UNAVAILABLE";
      if (isAway && !isConnectionKept(error)) drop(current);
      throw error;
    }
  }

  return {
    use(body) {
      if (isClosed) return Promise.reject(new SmsError("SERVICE_UNAVAILABLE", "The store is closed."));
      pending += 1;
      const turn = last.then(() => perform(body));
      last = turn.then(
        () => {
          pending -= 1;
        },
        () => {
          pending -= 1;
        },
      );
      return turn;
    },
    get pending() {
      return pending;
    },
    async close() {
      isClosed = true;
      await last;
      const open = client;
      client = undefined;
      await open?.end().catch(() => undefined);
    },
  };
}

/** Several sessions; each call goes to the one with the fewest before it. */
export function createSessionPool(count: number, options: SessionOptions): Session {
  const sessions = Array.from({ length: Math.max(1, count) }, () => createSession(options));
  return {
    use(body) {
      // With none idle the first is as good as any: all are as busy.
      const [next] = sessions.toSorted((left, right) => left.pending - right.pending);
      return next === undefined ? Promise.reject(storeAway()) : next.use(body);
    },
    get pending() {
      return sessions.reduce((sum, session) => sum + session.pending, 0);
    },
    async close() {
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}
