/**
 * Turns the store off for good once the file is damaged, gone or another process's: what it would answer or write can no longer be
 * trusted, and what it would send another may send too.
 */
import { SmsError } from "../../domain/errors.ts";
import type { Logger } from "../../observability/logger.ts";
import { StoreUnavailableError, type StoreUnavailableReason } from "../store-unavailable-error.ts";

export interface DamageGuard {
  /** Why the store is off, in words for an operator; undefined while it is in order. */
  readonly damage: string | undefined;
  /** Turns the store off where the error says so. */
  note(error: unknown): void;
  /** Runs the work; refuses it with SERVICE_UNAVAILABLE when damage was found before or meanwhile. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface Verdict {
  /** For callers. */
  readonly refusal: string;
  /** For readiness. */
  readonly state: string;
  /** For the log. */
  readonly advice: string;
}

const off = "nothing is accepted, answered or sent any more";

const verdicts: Partial<Record<StoreUnavailableReason, Verdict>> = {
  CORRUPT: {
    refusal: "The store is damaged and was turned off.",
    state: "the store is damaged; restore a backup",
    advice: `The store is damaged and was turned off: ${off}. Stop the service, restore a backup, start it.`,
  },
  TAKEN: {
    refusal: "The store's files were changed from outside, and it was turned off.",
    state: "the store's files were removed, replaced or taken by another process; stop this service",
    advice: `The store was turned off, since its files were changed from outside: ${off}. Stop this service, see which file is the store and that nothing else uses it, start one service.`,
  },
};

export function createDamageGuard(path: string, log: Pick<Logger, "error">): DamageGuard {
  let verdict: Verdict | undefined;

  function note(error: unknown): void {
    if (verdict !== undefined || !(error instanceof SmsError)) return;
    const { cause } = error;
    if (!(cause instanceof StoreUnavailableError)) return;
    verdict = verdicts[cause.reason];
    if (verdict !== undefined) log.error({ err: cause, store: path }, verdict.advice);
  }

  // Without a cause: what it was is told by `note`, once, and not again for each call.
  function refuse(): void {
    if (verdict !== undefined) throw new SmsError("SERVICE_UNAVAILABLE", verdict.refusal);
  }

  return {
    get damage() {
      return verdict?.state;
    },
    note,
    async run(work) {
      refuse();
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work();
      } catch (error) {
        note(error);
        throw error;
      }
      refuse();
      return result;
    },
  };
}
