/**
 * Limits of how much accounts and keys send. A call without limits costs one look at its policy and its key. With limits of an hour or a day, or beside other
 * processes, what the store holds is read before the first message, and again once a second while messages come: counts are exact in one
 * process, and over by what others took in their last second. Processes share the limit of a second evenly.
 */
import type { AccountId } from "../../domain/ids.ts";
import { type LimitOwner, ownerOfKey } from "../../domain/limit-owner.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Store } from "../../store/store.ts";
import { gone, LimitLine } from "./limit-line.ts";
import { isOverSecond, Limiter, type LimitFigures, type Over } from "./limiter.ts";
import type { KeyLimits } from "./principal.ts";
import { refuseSending, rulesOf, type Standings } from "./standing.ts";
import type { Taken } from "./taken.ts";

export interface LimitsDeps {
  readonly store: Pick<Store, "readCounts"> & { readonly sessions: Pick<Store["sessions"], "replicaId"> };
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

/** Whose limits bound a call. */
export interface Limited {
  readonly accountId: AccountId;
  /** Of the key that was shown, judged beside those of its account; undefined where it has none. */
  readonly keyLimits?: KeyLimits | undefined;
}

export interface Limits {
  /** Notes what an account's policy says now, undefined for nothing, and answers whether the call has limits. */
  obey(who: Limited, limits: readonly RateLimit[] | undefined): boolean;
  /** Takes for a message of a call with limits; nothing of one where another is over. */
  take(who: Limited, count: number, together?: Together): Taken | Over | Promise<Taken | Over>;
  /**
   * Takes as soon as the limit of a second lets it: those who wait for one account, or one key with limits, go on in their order, by what the
   * policy says then. Rejects with SERVICE_UNAVAILABLE when `leaving` is aborted or the service stops, and with what refuses the account as it
   * stands.
   */
  takeInTurn(who: Limited, count: number, leaving: AbortSignal): Promise<Taken | Over>;
  /** How many wait for the limit of a second; nobody who may wait overtakes them. */
  waiting(who: Limited): number;
  /** How the tightest limit stands, after a reading where the store was never read; undefined where there is none. */
  figures(who: Limited): LimitFigures | undefined | Promise<LimitFigures | undefined>;
  /** The same by what is in memory, for refusals before the account is looked at. */
  knownFigures(who: Limited): LimitFigures | undefined;
}

const maxKept = 10_000;
/** Of an account whose limits were taken away while it waited. */
const free: Taken = { counting: [], stored() {}, doubt() {}, end() {} };

export function createLimits({ store, standings, clock, stopping }: LimitsDeps): Limits {
  const kept = new Map<LimitOwner, Limiter>();
  const lines = new Map<LimitOwner, LimitLine>();
  const isShared = store.sessions.replicaId !== undefined;
  stopping.addEventListener("abort", () => {
    for (const line of lines.values()) line.end();
  });

  function limiterOf(owner: LimitOwner): Limiter {
    let limiter = kept.get(owner);
    if (limiter === undefined) {
      if (kept.size >= maxKept) forgetOne();
      limiter = new Limiter(owner, clock);
      kept.set(owner, limiter);
    }
    return limiter;
  }

  /** The oldest of those that lose nothing by it; where there is none, all are kept. */
  function forgetOne(): void {
    for (const [owner, limiter] of kept) {
      if (!limiter.isIdle) continue;
      kept.delete(owner);
      return;
    }
  }

  function obey({ accountId, keyLimits }: Limited, limits: readonly RateLimit[] | undefined): boolean {
    if (limits !== undefined) limiterOf(accountId).obey(limits);
    else if (kept.size > 0) kept.delete(accountId);
    if (keyLimits !== undefined) limiterOf(ownerOfKey(keyLimits.keyId)).obey(keyLimits.limits);
    return limits !== undefined || keyLimits !== undefined;
  }

  /** Those that have limits, as was noted last: the account, then the key. */
  function ownersOf({ accountId, keyLimits }: Limited): readonly LimitOwner[] {
    const ofAccount = kept.has(accountId) ? [accountId] : [];
    return keyLimits === undefined ? ofAccount : [...ofAccount, ownerOfKey(keyLimits.keyId)];
  }

  const lineName = ({ accountId, keyLimits }: Limited): LimitOwner =>
    keyLimits === undefined ? accountId : ownerOfKey(keyLimits.keyId);

  function afterReading<Result>(owner: LimitOwner, limiter: Limiter, then: () => Result) {
    return limiter.read(() => store.readCounts(owner)).then(then);
  }

  function takeOf(
    owner: LimitOwner,
    take: (limiter: Limiter) => Taken | Over,
  ): Taken | Over | Promise<Taken | Over> {
    const limiter = limiterOf(owner);
    return limiter.needsReading(isShared) ? afterReading(owner, limiter, () => take(limiter)) : take(limiter);
  }

  async function takeOfAll(
    owners: readonly LimitOwner[],
    take: (limiter: Limiter) => Taken | Over,
  ): Promise<Taken | Over> {
    const taken: Taken[] = [];
    try {
      for (const owner of owners) {
        const outcome = await takeOf(owner, take);
        if ("refusal" in outcome) {
          endAll(taken);
          return outcome;
        }
        taken.push(outcome);
      }
    } catch (error) {
      endAll(taken);
      throw error;
    }
    return asOne(taken);
  }

  function takeBy(owners: readonly LimitOwner[], take: (limiter: Limiter) => Taken | Over) {
    const [only, other] = owners;
    return only !== undefined && other === undefined ? takeOf(only, take) : takeOfAll(owners, take);
  }

  function take(who: Limited, count: number, together?: Together) {
    const takeNow = (limiter: Limiter): Taken | Over => {
      if (together?.refused !== undefined) return together.refused;
      const keptTokens = lines.get(lineName(who))?.keptTokens ?? 0;
      const outcome = limiter.take(count, { isBegun: together?.hasPassed === true, keptTokens });
      if (together !== undefined && isOverSecond(outcome)) together.refused = outcome;
      return outcome;
    };
    const note = (outcome: Taken | Over): Taken | Over => {
      if (together !== undefined && !isOverSecond(outcome)) together.hasPassed = true;
      return outcome;
    };
    const outcome = takeBy(ownersOf(who), takeNow);
    return outcome instanceof Promise ? outcome.then(note) : note(outcome);
  }

  /** For the first in line, which may have waited while its account was changed. */
  async function takeAsItStands(who: Limited, count: number): Promise<Taken | Over> {
    const standing = await standings.of(who.accountId);
    refuseSending(standing);
    if (!obey(who, rulesOf(standing)?.policy.rateLimits)) return free;
    return takeBy(ownersOf(who), (limiter) => limiter.take(count));
  }

  function lineOf(who: Limited): LimitLine {
    const name = lineName(who);
    let line = lines.get(name);
    if (line === undefined) {
      line = new LimitLine({
        clock,
        take: (count) => takeAsItStands(who, count),
        onEmpty: () => lines.delete(name),
      });
      lines.set(name, line);
    }
    return line;
  }

  function tightest(owners: readonly LimitOwner[]): LimitFigures | undefined {
    let found: LimitFigures | undefined;
    for (const owner of owners) {
      const figures = kept.get(owner)?.figures();
      if (figures !== undefined && (found === undefined || figures.remaining < found.remaining))
        found = figures;
    }
    return found;
  }

  return {
    obey,
    take,
    async takeInTurn(who, count, leaving) {
      if (stopping.aborted || leaving.aborted) throw gone();
      return lineOf(who).wait(count, leaving);
    },
    waiting: (who) => lines.get(lineName(who))?.size ?? 0,

    figures(who) {
      if (kept.size === 0) return undefined;
      const owners = ownersOf(who);
      const readings = owners.flatMap((owner) => {
        const limiter = kept.get(owner);
        return limiter?.lacksReading === true ? [afterReading(owner, limiter, () => {})] : [];
      });
      if (readings.length === 0) return tightest(owners);
      return Promise.allSettled(readings).then(() => tightest(owners));
    },

    knownFigures(who) {
      if (ownersOf(who).length === 0) {
        const standing = standings.of(who.accountId);
        if (standing instanceof Promise) standing.catch(() => {});
        else obey(who, standing.rules?.policy.rateLimits);
      }
      return tightest(ownersOf(who));
    },
  };
}

function endAll(taken: readonly Taken[]): void {
  for (const one of taken) one.end();
}

/** What was taken of several as if it were of one. */
function asOne(taken: readonly Taken[]): Taken {
  return {
    counting: taken.flatMap(({ counting }) => counting),
    stored: (count) => {
      for (const one of taken) one.stored(count);
    },
    doubt: () => {
      for (const one of taken) one.doubt();
    },
    end: () => endAll(taken),
  };
}
