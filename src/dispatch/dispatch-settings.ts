/** What can be set about dispatching, by gateway and for all; every default in one place. */
import type { GatewayId } from "../domain/ids.ts";
import { type CircuitSettings, defaultCircuitSettings } from "../routing/circuit.ts";
import { defaultLaneShares, type LaneShares } from "../routing/lane-scheduler.ts";
import { defaultRetrySettings, type RetrySettings } from "../routing/retry-policy.ts";
import type { RouteGateway } from "../routing/route-gateway.ts";
import { defaultThrottleSettings, type ThrottleSettings } from "../routing/throttle-control.ts";

/** A gateway's route and what the loops need to know beside it. */
export interface DispatchRoute extends RouteGateway {
  /** Names that it had before. */
  readonly formerIds?: readonly GatewayId[];
  /** PDUs a second by contract; no limit of ours where undefined. */
  readonly pdusPerSecond: number | undefined;
  /** PDUs that may leave at once; a tenth of a second's rate, at least 1, where undefined. */
  readonly burst: number | undefined;
  /** False where the SMSC sends no receipts: what it accepts ends UNKNOWN (NO_RECEIPTS) at once. */
  readonly expectsReceipts: boolean;
}

export interface DispatchSettings {
  readonly retry: RetrySettings;
  readonly circuit: CircuitSettings;
  readonly throttle: ThrottleSettings;
  readonly shares: LaneShares;
  /** How much of a gateway's rate is held in memory, in milliseconds of it. */
  readonly aheadMs: number;
  /** Where no rate is set: windows' worth of deliveries held in memory. */
  readonly aheadWindows: number;
  /** Most deliveries held in memory for one gateway, whatever its rate. */
  readonly maxAhead: number;
  /** How long what no working gateway may carry waits before it is routed again. */
  readonly rerouteDelayMs: number;
  /** How long deliveries in memory wait for a gateway that lost its sessions before they go back to the store. */
  readonly holdMs: number;
  /** Wait after throttling by a gateway, where the delivery goes back to the store. */
  readonly throttleDelayMs: number;
  /** Times that a delivery is put back into memory after throttling or a lost session before it goes back to the store. */
  readonly maxReturns: number;
  /** Safety net for a missed hint: how often a queue that seems empty is asked for. */
  readonly pollMs: number;
  readonly tickMs: number;
  /** A gateway that could send, has work and ends no attempt for so long is stuck (P22). */
  readonly stuckAfterMs: number;
  /** Settlements waiting for the store above which nothing new is sent (P23). */
  readonly maxUnsettled: number;
  /** First wait after a failed write to the store; doubles up to 16 times it. */
  readonly storeRetryMs: number;
}

export const defaultDispatchSettings: DispatchSettings = {
  retry: defaultRetrySettings,
  circuit: defaultCircuitSettings,
  throttle: defaultThrottleSettings,
  shares: defaultLaneShares,
  aheadMs: 2_000,
  aheadWindows: 16,
  maxAhead: 20_000,
  rerouteDelayMs: 5_000,
  holdMs: 2_000,
  throttleDelayMs: 1_000,
  maxReturns: 5,
  pollMs: 5_000,
  tickMs: 250,
  stuckAfterMs: 60_000,
  maxUnsettled: 20_000,
  storeRetryMs: 250,
};
