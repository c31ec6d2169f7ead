/** Turns the store off for good once SQLite says that the file is damaged: what it would answer or write can no longer be trusted. */
import { SmsError } from "../../domain/errors.ts";
import type { Logger } from "../../observability/logger.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";

export interface DamageGuard {
  readonly isDamaged: boolean;
  /** Runs the work; refuses it with SERVICE_UNAVAILABLE when damage was found before or meanwhile. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createDamageGuard(path: string, log: Pick<Logger, "error">): DamageGuard {
  let damage: SmsError | undefined;

  function note(error: unknown): void {
    if (damage !== undefined || !(error instanceof SmsError)) return;
    if (!(error.cause instanceof StoreUnavailableError) || error.cause.reason !== "CORRUPT") return;
    // Without a cause: what it was is told here, once, and not again for each call.
    damage = new SmsError("SERVICE_UNAVAILABLE", "The store is damaged and was turned off.");
    log.error(
      { err: error.cause, store: path },
      "The store is damaged and was turned off: nothing is accepted or sent any more. Stop the service, restore a backup, start it.",
    );
  }

  return {
    get isDamaged() {
      return damage !== undefined;
    },
    async run(work) {
      if (damage !== undefined) throw damage;
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work();
      } catch (error) {
        note(error);
        throw error;
      }
      if (damage !== undefined) throw damage;
      return result;
    },
  };
}
