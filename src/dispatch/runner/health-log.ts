/** Logs once when a gateway's loop becomes able to send, can no longer send, or makes no progress although it could. */
import type { GatewayId } from "../../domain/ids.ts";
import type { Logger } from "../../observability/logger.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";

export interface ShownState {
  readonly health: GatewayHealth;
  readonly isStuck: boolean;
  /** Deliveries claimed and not yet handed to a session. */
  readonly inMemory: number;
  /** Deliveries handed to a session and unanswered. */
  readonly attempting: number;
}

export class HealthLog {
  readonly #gateway: GatewayId;
  readonly #log: Logger;
  #health: GatewayHealth["kind"] | undefined;
  #isStuck = false;

  constructor(gateway: GatewayId, log: Logger) {
    this.#gateway = gateway;
    this.#log = log;
  }

  show({ health, isStuck, inMemory, attempting }: ShownState): void {
    if (isStuck !== this.#isStuck) {
      this.#isStuck = isStuck;
      const fields = { gateway: this.#gateway, inMemory, attempting };
      if (isStuck) this.#log.error(fields, "The gateway could send and makes no progress.");
      else this.#log.info(fields, "The gateway makes progress again.");
    }
    if (health.kind === this.#health) return;
    this.#health = health.kind;
    const fields = { gateway: this.#gateway, ...("reason" in health && { reason: health.reason }) };
    if (health.kind === "ready") this.#log.info(fields, "The gateway can send.");
    else if (health.kind === "elsewhere") this.#log.info(fields, "Other replicas send for the gateway.");
    else this.#log.warn(fields, `The gateway cannot send: ${health.kind}.`);
  }
}
