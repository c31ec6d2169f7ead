/**
 * The lease of this replica, on which everything that it has claimed depends. It is renewed each second by the database's clock and watched
 * here by a monotonic one, so that a process that was frozen knows before it writes to a socket.
 */
import type { ClaimantId } from "../../domain/ids.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { ClockReading } from "../../observability/data-clock.ts";
import { Listeners } from "../../observability/listeners.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Session } from "./session.ts";
import { first, statement } from "./statement.ts";

export interface Lease {
  /** Begins with the claimant that joining gave; `sentMs` is when joining was asked for, by the monotonic clock. */
  hold(claimant: ClaimantId, sentMs: number): void;
  readonly claimant: ClaimantId | undefined;
  isHeld(): boolean;
  /** Whether claims under this name are worth making: not while the lease is in doubt. Before joining they are the caller's affair. */
  mayClaim(name: ClaimantId): boolean;
  /** Told when the replica was found dead: what it had claimed is others', and it has to join again. */
  onLost(listener: () => void): () => void;
  renew(): Promise<void>;
  /** Ends the lease, so that others need not wait for it. */
  end(): Promise<void>;
}

export interface LeaseOptions {
  readonly replicaId: string;
  readonly leaseMs: number;
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told with each renewal what the database's clock shows. */
  readonly onTime?: ((reading: ClockReading) => void) | undefined;
}

const renewEveryMs = 1_000;

const renewLease = statement<{ time_ms: number }>(
  "renew_lease",
  `UPDATE replicas SET lease_until = clock_timestamp() + $3 * interval '1 millisecond',
     held_since = CASE WHEN lease_until > clock_timestamp() + $3 / 2 * interval '1 millisecond'
       THEN held_since ELSE clock_timestamp() END
   WHERE id = $1 AND epoch = $2 AND NOT is_dead
   RETURNING extract(epoch FROM clock_timestamp())::float8 * 1000 AS time_ms`,
);
const endLease = statement(
  "end_lease",
  "UPDATE replicas SET lease_until = clock_timestamp(), is_dead = true WHERE id = $1 AND epoch = $2",
);

/**
 * The condition under which a replica may judge the leases of others, for the statement that judges: its own was renewed for a whole lease
 * time, each time before half of it had passed. So the database has answered all that time, and whoever lives had several tries. Decided
 * outside the statement it would be out of date where the database hangs in between, and so would any clock but the statement's.
 */
export function mayJudge(replicaId: string, epoch: string, leaseMs: string): string {
  return `EXISTS (SELECT 1 FROM replicas AS own WHERE own.id = ${replicaId} AND own.epoch = ${epoch} AND NOT own.is_dead
    AND own.held_since <= statement_timestamp() - ${leaseMs} * interval '1 millisecond'
    AND own.lease_until > statement_timestamp() + ${leaseMs} / 2 * interval '1 millisecond')`;
}

/** Until when a lease that was asked for at `sentMs` may be relied on, by the monotonic clock: a margin less than it is given. */
export function heldUntil(sentMs: number, leaseMs: number): number {
  return sentMs + leaseMs - Math.min(1_000, leaseMs / 5);
}

/** The epoch in the name under which a replica claims. */
export function epochOf(claimant: ClaimantId): number {
  return Number(claimant.slice(claimant.lastIndexOf(".") + 1));
}

export function createLease({ replicaId, leaseMs, session, clock, log, onTime }: LeaseOptions): Lease {
  const listeners = new Listeners("lease lost", log);
  let claimant: ClaimantId | undefined;
  let epoch = 0;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;
  let isRenewing = false;
  let hasJoined = false;

  async function renew(): Promise<void> {
    if (isRenewing || claimant === undefined) return;
    isRenewing = true;
    const asked = claimant;
    try {
      const sentMs = clock.monotonic();
      let askedMs = sentMs;
      const renewed = await session.use((connection) => {
        askedMs = clock.monotonic();
        return connection.all(renewLease, replicaId, epoch, leaseMs);
      });
      const timeMs = first(renewed)?.time_ms;
      if (timeMs !== undefined) onTime?.({ timeMs, sentMs: askedMs, receivedMs: clock.monotonic() });
      if (asked !== claimant) return;
      if (timeMs !== undefined) heldUntilMs = heldUntil(sentMs, leaseMs);
      else lose();
    } catch (err) {
      log.often.warn({ err }, "The lease of this replica could not be renewed.");
    } finally {
      isRenewing = false;
    }
  }

  function lose(): void {
    claimant = undefined;
    heldUntilMs = Number.NEGATIVE_INFINITY;
    timer?.cancel();
    timer = undefined;
    log.error(
      { replica: replicaId },
      "Other replicas took over: this one was away for longer than its lease.",
    );
    listeners.tell(undefined, undefined);
  }

  return {
    hold(joined, sentMs) {
      hasJoined = true;
      claimant = joined;
      epoch = epochOf(joined);
      heldUntilMs = heldUntil(sentMs, leaseMs);
      timer ??= clock.setInterval(() => void renew(), Math.min(renewEveryMs, leaseMs / 4)).unref();
    },
    get claimant() {
      return claimant;
    },
    isHeld: () => clock.monotonic() < heldUntilMs,
    mayClaim: (name) => !hasJoined || (name === claimant && clock.monotonic() < heldUntilMs),
    onLost: (listener) => listeners.add(listener),
    renew,
    async end() {
      timer?.cancel();
      timer = undefined;
      heldUntilMs = Number.NEGATIVE_INFINITY;
      if (claimant === undefined) return;
      claimant = undefined;
      await session.use((connection) => connection.run(endLease, replicaId, epoch)).catch(() => undefined);
    },
  };
}
