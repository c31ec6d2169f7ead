/** What the service asks of each kind of gateway, and what it hands to the gateways that it makes; `kinds.ts` lists the kinds. */
import type { DispatchRoute } from "../../dispatch/dispatch-settings.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Finding } from "../checks/finding.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { ProofOf } from "./bind-proof.ts";

export interface GatewayKind<Config> {
  /** What dispatch wants to know beside the settings that every kind has. */
  routeOf(
    config: Config,
    callbacks: CallbackDoor | undefined,
  ): Pick<DispatchRoute, "expectsReceipts" | "profile">;
  adapterOf(config: Config): GatewayAdapter;
  /** Whether it can be reached and, where `isBinding`, used. */
  check(config: Config, isBinding: boolean, clock: Clock): Promise<readonly Finding[]>;
}

/** A gateway of the configuration as its adapter takes it. */
export interface GatewayAdapter {
  /** Where it becomes another one, another gateway takes the place of the one that runs. */
  readonly identity: string;
  /** Changes while sessions stand. */
  readonly window: number;
  make(parts: GatewayParts): Gateway;
}

/** Where providers call back. */
export interface CallbackDoor {
  readonly publicUrl: string;
  /** The first makes addresses; those of all count. */
  readonly secrets: readonly string[];
}

export interface GatewayParts {
  readonly callbacks?: CallbackDoor | undefined;
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly log: Logger;
  /** Asked right before anything is sent: whether the sessions are still this process's. */
  readonly mayWrite: () => boolean;
  /** Whether another process has a session of the gateway bound. */
  readonly isBoundElsewhere: (id: GatewayId) => boolean;
  readonly proofOf: ProofOf;
  readonly metrics: Pick<Metrics, "startGateway" | "lateAnswers" | "refusedBinds">;
}
