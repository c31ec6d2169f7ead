/** Under what name this process takes part in the store and holds what it claims; it joins again when others took it for dead. */
import type { ClaimantId } from "../domain/ids.ts";
import type { Clock, Timer } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Recovery } from "../store/accepting.ts";
import type { Store } from "../store/store.ts";
import { tellRecovery } from "./tell-recovery.ts";

export interface Tenure {
  /** Changes when the process was taken for dead and has joined again: what it claimed before is others'. */
  readonly claimant: () => ClaimantId;
  /** To be asked right before a delivery is handed to a session. */
  readonly isHeld: () => boolean;
}

export interface HoldClaimsDeps {
  readonly store: Pick<Store, "join" | "isLeaseHeld" | "onLeaseLost">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HeldClaims extends Tenure {
  /** Joins no more. */
  stop(): void;
}

const retryMs = 1_000;

/** Joins; what the last run left behind is freed with it. */
export async function holdClaims({ store, clock, log }: HoldClaimsDeps): Promise<HeldClaims> {
  const joined = await store.join(clock.now());
  let { claimant } = joined;
  let timer: Timer | undefined;
  let isStopped = false;
  tell(joined.recovery);

  function tell(recovery: Recovery): void {
    if (recovery.claimsVoided === 0) return;
    tellRecovery(log, recovery, "The last run ended in the middle of its work, which goes on.");
  }

  async function joinAgain(): Promise<void> {
    timer = undefined;
    try {
      const again = await store.join(clock.now());
      claimant = again.claimant;
      tell(again.recovery);
      log.warn({ claimant }, "This replica takes part again; what it had claimed is others'.");
    } catch (err) {
      log.often.error({ err }, "This replica cannot take part again yet.");
      if (!isStopped) timer = clock.setTimeout(() => void joinAgain(), retryMs).unref();
    }
  }

  const stopListening = store.onLeaseLost(() => void joinAgain());
  return {
    claimant: () => claimant,
    isHeld: () => store.isLeaseHeld(),
    stop() {
      isStopped = true;
      stopListening();
      timer?.cancel();
    },
  };
}
