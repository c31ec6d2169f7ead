/** What a gateway's loop is doing, for operators and metrics. */
import type { Lane } from "../../domain/message.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";

export interface RunnerFigures {
  readonly health: GatewayHealth;
  readonly circuit: "closed" | "open" | "half_open";
  /** Claimed and not yet handed to a session, by lane. */
  readonly inMemory: Readonly<Record<Lane, number>>;
  /** Acceptance of the oldest of them that no gateway was tried with yet; undefined where there is none. */
  readonly oldestInMemoryMs: Readonly<Record<Lane, number | undefined>>;
  /** Deliveries handed to a session and unanswered. */
  readonly attempting: number;
  /** PDUs a second that may leave now; undefined where nothing limits them. */
  readonly pdusPerSecond: number | undefined;
  /** Share of the full rate that throttling has left, 0 to 1. */
  readonly slowdown: number;
  /** Whether deliveries are believed to wait in the store for it. */
  readonly hasBacklog: boolean;
  readonly isStuck: boolean;
}
