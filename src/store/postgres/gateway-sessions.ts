/**
 * The port of gateway sessions on PostgreSQL: one row a session with its owner and lease, renewed by the control connection. It keeps the
 * moment, by a monotonic clock, until which what was renewed may be used.
 */
import type { Clock } from "../../observability/clock.ts";
import { Listeners } from "../../observability/listeners.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Division, GatewaySessions } from "../gateway-sessions.ts";
import { divideSessions } from "./divide-sessions.ts";
import { inTransaction } from "./in-transaction.ts";
import { epochOf, heldUntil, type Lease } from "./lease.ts";
import type { Session } from "./session.ts";
import { statement } from "./statement.ts";
import { storeErrorOf } from "./store-error.ts";

export interface GatewaySessionsOptions {
  readonly replicaId: string;
  readonly leaseMs: number;
  readonly session: Session;
  readonly lease: Pick<Lease, "claimant">;
  readonly clock: Clock;
  readonly log: Logger;
  /** There is something that others should look at. */
  readonly onNews: () => void;
}

export interface PostgresGatewaySessions extends GatewaySessions {
  /** To be called when another replica has news. */
  hear(): void;
}

const release = statement(
  "release_sessions",
  `UPDATE gateway_sessions SET owner = NULL, epoch = NULL, lease_until = NULL
   WHERE gateway_id = $1 AND slot = ANY($2::smallint[]) AND owner = $3 AND epoch = $4`,
);

export function createGatewaySessions(options: GatewaySessionsOptions): PostgresGatewaySessions {
  const { replicaId, leaseMs, session, lease, clock, log, onNews } = options;
  const listeners = new Listeners("sessions", log);
  const nothing: Division = { heldUntilMs: Number.NEGATIVE_INFINITY, shares: new Map() };
  let toldStates = "";
  return {
    replicaId,
    async divide(offers) {
      const { claimant } = lease;
      if (claimant === undefined) return nothing;
      const sentMs = clock.monotonic();
      const request = { replicaId, epoch: epochOf(claimant), leaseMs, offers };
      const shares = await asStoreError(
        session.use((connection) => inTransaction(connection, () => divideSessions(connection, request))),
      );
      if (shares === undefined) return nothing;
      // Figures change all the time; who can send concerns others at once.
      const states = JSON.stringify(offers.map(({ gatewayId, report }) => [gatewayId, report.state]));
      if (states !== toldStates) onNews();
      toldStates = states;
      return { heldUntilMs: heldUntil(sentMs, leaseMs), shares };
    },
    async release(gatewayId, slots) {
      const { claimant } = lease;
      if (claimant === undefined || slots.length === 0) return;
      await asStoreError(
        session.use((connection) => connection.run(release, gatewayId, slots, replicaId, epochOf(claimant))),
      );
      onNews();
    },
    onChange: (listener) => listeners.add(listener),
    hear: () => listeners.tell(undefined, undefined),
  };
}

async function asStoreError<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    throw storeErrorOf(error);
  }
}
