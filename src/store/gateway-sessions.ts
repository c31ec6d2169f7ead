/**
 * The port by which processes on one store divide the sessions of gateways: each session, known by its number, belongs to at most one of
 * them at a time. A process that has a store to itself has all of them.
 */
import type { GatewayId } from "../domain/ids.ts";
import type { Lane } from "../domain/message.ts";
import type { GatewayHealth } from "../routing/route-gateway.ts";

/** What a process has claimed in one lane of a gateway and not written yet. */
export interface HeldLane {
  readonly count: number;
  /** Acceptance of the oldest that no gateway was tried with yet; undefined where there is none. */
  readonly oldestTimeMs: number | undefined;
}

export type Held = Readonly<Record<Lane, HeldLane>>;

const nothing: HeldLane = { count: 0, oldestTimeMs: undefined };
export const nothingHeld: Held = { OTP: nothing, NORMAL: nothing, BULK: nothing };

/** How a gateway is doing at one process, as told to the others. */
export interface GatewayReport {
  readonly state: GatewayHealth["kind"];
  /** Why it cannot send; empty where it can. */
  readonly reason: string;
  /** Connections that are kept there, of which so many are bound. */
  readonly ownSessions: number;
  readonly boundSessions: number;
  /** PDUs written and unanswered. */
  readonly inFlight: number;
  readonly windowSize: number;
  /** PDUs a second that may leave there; 0 where nothing limits them. */
  readonly pdusPerSecond: number;
  readonly held: Held;
}

/** A gateway of this process's configuration. */
export interface GatewayOffer {
  readonly gatewayId: GatewayId;
  /** Sessions in the whole cluster. */
  readonly sessions: number;
  readonly report: GatewayReport;
}

/** What a process that has the gateway in its configuration says of it. */
export interface ReplicaReport {
  readonly replicaId: string;
  readonly report: GatewayReport;
}

export interface SessionShare {
  /** Numbers of the sessions that are this process's, ascending. */
  readonly own: readonly number[];
  /** One of them that another process is due: to be closed, and then released. */
  readonly surplus: number | undefined;
  /** What the other processes say, by id. */
  readonly others: readonly ReplicaReport[];
  /** How many times the gateway was resumed by hand, at whichever process. */
  readonly resumeCount: number;
}

export interface Division {
  /** Until when, by the monotonic clock and less a margin, nobody else can take what is this process's. */
  readonly heldUntilMs: number;
  /** Of every gateway that was offered, or of which something is still held. */
  readonly shares: ReadonlyMap<GatewayId, SessionShare>;
}

export interface GatewaySessions {
  /** The name of this process among those on the store; undefined where it has the store, and so all sessions, to itself. */
  readonly replicaId: string | undefined;
  /**
   * Holds on to what is this process's, tells the others how its gateways are doing, takes the sessions that it is due, and answers
   * how all are divided. To be called each second: what is not held on to falls to others. Without offers it takes nothing more.
   */
  divide(offers: readonly GatewayOffer[]): Promise<Division>;
  /** Gives up sessions that are closed; others may open them at once. */
  release(gatewayId: GatewayId, slots: readonly number[]): Promise<void>;
  /** Called when another process gave sessions up or tells something new. A hint. Returns the unsubscriber. */
  onChange(listener: () => void): () => void;
}
