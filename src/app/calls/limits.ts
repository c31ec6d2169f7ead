/**
 * Limits of how much accounts send. An account without limits costs one look at its policy. With limits of an hour or a day, or beside other
 * processes, what the store holds is read before the first message, and again once a second while messages come: counts are exact in one
 * process, and over by what others took in their last second. Processes share the limit of a second evenly.
 */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import { limitWindows } from "../../domain/limit-windows.ts";
import type { Clock } from "../../observability/clock.ts";
import type { RateLimit } from "../../policy/limits/rate-limits.ts";
import type { Store } from "../../store/store.ts";
import { AccountLimiter, type LimitFigures, type Over, type Taken } from "./account-limiter.ts";

export interface LimitsDeps {
  readonly store: Pick<Store, "readTotals"> & { readonly sessions: Pick<Store["sessions"], "replicaId"> };
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

/** Parts of one call that pass the limit of a second together. */
export interface Together {
  hasPassed: boolean;
}

export interface Limits {
  /** Notes what an account's policy says now; undefined for nothing. */
  obey(accountId: AccountId, limits: readonly RateLimit[] | undefined): void;
  /** Takes for a message of an account with limits. */
  take(accountId: AccountId, count: number, together?: Together): Taken | Over | Promise<Taken | Over>;
  /**
   * Takes as soon as the limit of a second lets it: those who wait for one account go on in their order. Rejects with SERVICE_UNAVAILABLE
   * when the service stops.
   */
  takeInTurn(accountId: AccountId, count: number): Promise<Taken | Over>;
  /** Whether somebody waits for the limit of a second, so that nobody overtakes it. */
  hasLine(accountId: AccountId): boolean;
  /** How the tightest limit of an account stands; undefined where it has none. */
  figures(accountId: AccountId): LimitFigures | undefined;
}

const maxKept = 10_000;
const trustMs = 1_000;

export function createLimits({ store, clock, stopping }: LimitsDeps): Limits {
  const kept = new Map<AccountId, AccountLimiter>();
  /** By account, the end of the line of those who wait. */
  const lines = new Map<AccountId, Promise<void>>();
  const isShared = store.sessions.replicaId !== undefined;

  function limiterOf(accountId: AccountId): AccountLimiter {
    let limiter = kept.get(accountId);
    if (limiter === undefined) {
      if (kept.size >= maxKept) forgetOne();
      limiter = new AccountLimiter(accountId, clock);
      kept.set(accountId, limiter);
    }
    return limiter;
  }

  /** The oldest of those that lose nothing by it; where there is none, all are kept. */
  function forgetOne(): void {
    for (const [accountId, limiter] of kept) {
      if (!limiter.isIdle) continue;
      kept.delete(accountId);
      return;
    }
  }

  async function sleep(ms: number): Promise<void> {
    if (stopping.aborted) throw new SmsError("SERVICE_UNAVAILABLE");
    await new Promise<void>((resolve) => {
      const done = () => {
        timer.cancel();
        stopping.removeEventListener("abort", done);
        resolve();
      };
      const timer = clock.setTimeout(done, ms);
      stopping.addEventListener("abort", done);
    });
    if (stopping.aborted) throw new SmsError("SERVICE_UNAVAILABLE");
  }

  function take(accountId: AccountId, count: number, together?: Together) {
    const limiter = limiterOf(accountId);
    const takeNow = () => {
      const outcome = limiter.take(count, together?.hasPassed === true);
      if (together !== undefined && !isOverSecond(outcome)) together.hasPassed = true;
      return outcome;
    };
    if (!limiter.needsReading(isShared, trustMs)) return takeNow();
    return limiter.read(() => store.readTotals(accountId)).then(takeNow);
  }

  async function takeSoon(accountId: AccountId, count: number): Promise<Taken | Over> {
    for (;;) {
      const outcome = await take(accountId, count);
      if (!isOverSecond(outcome)) return outcome;
      await sleep(outcome.retryAfterMs ?? limitWindows.second);
    }
  }

  return {
    obey(accountId, limits) {
      if (limits !== undefined) limiterOf(accountId).obey(limits);
      else if (kept.size > 0) kept.delete(accountId);
    },

    take,

    takeInTurn(accountId, count) {
      const turn = (lines.get(accountId) ?? Promise.resolve()).then(() => takeSoon(accountId, count));
      const end = turn.then(
        () => {},
        () => {},
      );
      lines.set(accountId, end);
      void end.then(() => {
        if (lines.get(accountId) === end) lines.delete(accountId);
      });
      return turn;
    },

    hasLine: (accountId) => lines.has(accountId),

    figures: (accountId) => (kept.size === 0 ? undefined : kept.get(accountId)?.figures()),
  };
}

function isOverSecond(outcome: Taken | Over): outcome is Over {
  return "refusal" in outcome && outcome.kind === "second";
}
