/**
 * Claims for one gateway what waits in the store: for itself while it can send, and for the others while it cannot (P21). One
 * claim is under way at a time, and only as much as memory has places for (P23).
 */
import type { ClaimantId, GatewayId } from "../../domain/ids.ts";
import { type Lane, lanes } from "../../domain/message.ts";
import type { Claim } from "../../store/accepting.ts";
import { BacklogHints } from "./backlog-hints.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { GatewayGate } from "./gateway-gate.ts";
import type { GatewayQueue } from "./gateway-queue.ts";

/** Deliveries of one lane in one claim, so that no commit grows long. */
const mostOfLane = 1_000;

export interface GatewayClaimsDependencies {
  readonly gatewayId: GatewayId;
  readonly queue: GatewayQueue;
  readonly gate: GatewayGate;
  readonly context: DispatchContext;
  readonly canSend: () => boolean;
  /** Takes what was claimed. */
  readonly onClaim: (claim: Claim, claimant: ClaimantId) => void;
  /** Asking may be worth it again. */
  readonly onDue: () => void;
}

export class GatewayClaims {
  readonly #dependencies: GatewayClaimsDependencies;
  readonly hints: BacklogHints;
  #asking: Promise<void> | undefined;

  constructor(dependencies: GatewayClaimsDependencies) {
    this.#dependencies = dependencies;
    this.hints = new BacklogHints(dependencies.context.clock, dependencies.onDue);
  }

  /** Asks the store where something may wait that somebody could send. */
  ask(): void {
    const { context, gatewayId, gate, canSend } = this.#dependencies;
    if (this.#asking !== undefined || context.isBehind()) return;
    // Other processes send what waits.
    if (gate.isLeftToOthers(context.clock.monotonic())) return;
    const isOwn = canSend();
    const limits = isOwn ? this.#ownLimits() : this.#limitsForOthers();
    if (limits === undefined) return;
    const turn = this.hints.begin();
    const { store, tenure, clock } = context;
    const claimant = tenure.claimant();
    const keepsOverdue = !context.mayExpire();
    this.#asking = store.claim({ claimant, gatewayId, limits, nowMs: clock.now(), keepsOverdue }).then(
      (claim) => {
        this.#asking = undefined;
        this.hints.end(turn, claim, limits, clock.now());
        this.#dependencies.onClaim(claim, claimant);
      },
      (error: unknown) => {
        this.#asking = undefined;
        this.hints.holdFor(context.settings.storeRetryMs * 4);
        context.log.often.error(
          { err: error, gateway: gatewayId },
          "Waiting deliveries could not be claimed.",
        );
      },
    );
  }

  /** Resolves when no claim is under way. */
  async idle(): Promise<void> {
    await this.#asking;
  }

  /** Undefined where no lane is empty enough: a half-empty one is refilled with one claim rather than row by row. */
  #ownLimits(): Readonly<Record<Lane, number>> | undefined {
    const { queue, gate, context } = this.#dependencies;
    const probes = gate.circuit.places(context.clock.monotonic()) - queue.length;
    if (probes <= 0) return undefined;
    const limits = { OTP: 0, NORMAL: 0, BULK: 0 };
    let isWorthIt = false;
    for (const lane of lanes) {
      if (!this.hints.isDue(lane)) continue;
      const free = queue.free(lane);
      limits[lane] = Math.min(free, probes, mostOfLane);
      if (free > 0 && free * 2 >= Math.min(queue.capacityOf(lane), probes)) isWorthIt = true;
    }
    return isWorthIt ? limits : undefined;
  }

  #limitsForOthers(): Readonly<Record<Lane, number>> | undefined {
    const { gatewayId, context } = this.#dependencies;
    const limits = { OTP: 0, NORMAL: 0, BULK: 0 };
    for (const lane of lanes) {
      if (this.hints.isDue(lane)) limits[lane] = Math.min(context.freeAtOthers(gatewayId, lane), mostOfLane);
    }
    return limits.OTP + limits.NORMAL + limits.BULK > 0 ? limits : undefined;
  }
}
