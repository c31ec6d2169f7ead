/**
 * Limits of how much accounts send. An account without limits costs one look at its policy. With limits of an hour or a day, or beside other
 * processes, what the store holds is read before the first message, and again once a second while messages come: counts are exact in one
 * process, and over by what others took in their last second. Processes share the limit of a second evenly.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { RateLimit } from "../../policy/limits/rate-limits.ts";
import type { Store } from "../../store/store.ts";
import { AccountLimiter, isOverSecond, type LimitFigures, type Over, type Taken } from "./account-limiter.ts";
import { gone, LimitLine } from "./limit-line.ts";
import { refuseSending, rulesOf, type Standings } from "./standing.ts";

export interface LimitsDeps {
  readonly store: Pick<Store, "readTotals"> & { readonly sessions: Pick<Store["sessions"], "replicaId"> };
  readonly standings: Standings;
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

/** Parts of one call, which pass the limit of a second together or are refused together. */
export interface Together {
  hasPassed: boolean;
  refused: Over | undefined;
}

export interface Limits {
  /** Notes what an account's policy says now; undefined for nothing. */
  obey(accountId: AccountId, limits: readonly RateLimit[] | undefined): void;
  /** Takes for a message of an account with limits. */
  take(accountId: AccountId, count: number, together?: Together): Taken | Over | Promise<Taken | Over>;
  /**
   * Takes as soon as the limit of a second lets it: those who wait for one account go on in their order, by what its policy says then.
   * Rejects with SERVICE_UNAVAILABLE when `leaving` is aborted or the service stops, and with what refuses the account as it stands.
   */
  takeInTurn(accountId: AccountId, count: number, leaving: AbortSignal): Promise<Taken | Over>;
  /** How many wait for the limit of a second; nobody who may wait overtakes them. */
  waiting(accountId: AccountId): number;
  /** How the tightest limit of an account stands, after a reading where the store was never read; undefined where it has none. */
  figures(accountId: AccountId): LimitFigures | undefined | Promise<LimitFigures | undefined>;
  /** The same by what is in memory, for refusals before the account is looked at. */
  knownFigures(accountId: AccountId): LimitFigures | undefined;
}

const maxKept = 10_000;
/** Of an account whose limits were taken away while it waited. */
const free: Taken = { stored() {}, doubt() {}, end() {} };

export function createLimits({ store, standings, clock, stopping }: LimitsDeps): Limits {
  const kept = new Map<AccountId, AccountLimiter>();
  const lines = new Map<AccountId, LimitLine>();
  const isShared = store.sessions.replicaId !== undefined;
  stopping.addEventListener("abort", () => {
    for (const line of lines.values()) line.end();
  });

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

  function obey(accountId: AccountId, limits: readonly RateLimit[] | undefined): void {
    if (limits !== undefined) limiterOf(accountId).obey(limits);
    else if (kept.size > 0) kept.delete(accountId);
  }

  function afterReading<Result>(accountId: AccountId, limiter: AccountLimiter, then: () => Result) {
    return limiter.read(() => store.readTotals(accountId)).then(then);
  }

  function take(accountId: AccountId, count: number, together?: Together) {
    const limiter = limiterOf(accountId);
    const takeNow = () => {
      if (together?.refused !== undefined) return together.refused;
      const keptTokens = lines.get(accountId)?.keptTokens ?? 0;
      const outcome = limiter.take(count, { isBegun: together?.hasPassed === true, keptTokens });
      if (together !== undefined) {
        if (isOverSecond(outcome)) together.refused = outcome;
        else together.hasPassed = true;
      }
      return outcome;
    };
    return limiter.needsReading(isShared) ? afterReading(accountId, limiter, takeNow) : takeNow();
  }

  /** For the first in line, which may have waited while its account was changed. */
  async function takeAsItStands(accountId: AccountId, count: number): Promise<Taken | Over> {
    const standing = await standings.of(accountId);
    refuseSending(standing);
    const limits = rulesOf(standing)?.policy.rateLimits;
    obey(accountId, limits);
    if (limits === undefined) return free;
    const limiter = limiterOf(accountId);
    const takeNow = () => limiter.take(count);
    return limiter.needsReading(isShared) ? afterReading(accountId, limiter, takeNow) : takeNow();
  }

  function lineOf(accountId: AccountId): LimitLine {
    let line = lines.get(accountId);
    if (line === undefined) {
      line = new LimitLine({
        clock,
        take: (count) => takeAsItStands(accountId, count),
        onEmpty: () => lines.delete(accountId),
      });
      lines.set(accountId, line);
    }
    return line;
  }

  return {
    obey,
    take,
    async takeInTurn(accountId, count, leaving) {
      if (stopping.aborted || leaving.aborted) throw gone();
      return lineOf(accountId).wait(count, leaving);
    },
    waiting: (accountId) => lines.get(accountId)?.size ?? 0,

    figures(accountId) {
      if (kept.size === 0) return undefined;
      const limiter = kept.get(accountId);
      if (limiter?.lacksReading !== true) return limiter?.figures();
      const then = () => limiter.figures();
      return afterReading(accountId, limiter, then).catch(then);
    },

    knownFigures(accountId) {
      if (!kept.has(accountId)) {
        const standing = standings.of(accountId);
        if (standing instanceof Promise) standing.catch(() => {});
        else obey(accountId, standing.rules?.policy.rateLimits);
      }
      return kept.get(accountId)?.figures();
    },
  };
}
