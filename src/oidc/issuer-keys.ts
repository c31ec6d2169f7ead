/**
 * The keys of one issuer in memory: read anew every ten minutes, and at once where a token names one that is not known, since issuers
 * change theirs. What was read last serves for a day while the issuer is away.
 */
import { createLocalJWKSet, type JWTVerifyGetKey } from "jose";
import { SmsError } from "../domain/errors.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Issuer } from "./issuer.ts";
import { readIssuerKeys } from "./read-issuer-keys.ts";

export interface IssuerKeysDeps {
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
  readonly log: Logger;
}

export interface IssuerKeys {
  /** The keys to look in for one of this id; refuses with SERVICE_UNAVAILABLE where the issuer cannot be asked. */
  forKey(keyId: string | undefined): Promise<JWTVerifyGetKey>;
  /** The same for a token without a key id which none of those known has signed: undefined where they were read a moment ago. */
  others(): Promise<JWTVerifyGetKey | undefined>;
}

const refreshMs = 600_000;
/** Above this the old ones do not serve before the issuer was asked: it may have withdrawn them. */
const staleMs = 2 * refreshMs;
const serveMs = 86_400_000;
/** So many reads in this time, so that nobody can have us flood an issuer. */
const maxReads = 5;
const readsWithinMs = 30_000;
const maxMissing = 1_000;
/** Calls that wait for an issuer; no share of an account counts them yet. */
const maxWaiting = 1_000;

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly keyIds: ReadonlySet<string | undefined>;
  readonly readAtMs: number;
  /** Of the read that brought them, in the order in which reads began. */
  readonly number: number;
}

export function createIssuerKeys(issuer: Issuer, { clock, log }: IssuerKeysDeps): IssuerKeys {
  let held: Held | undefined;
  let reading: Promise<Held> | undefined;
  let reads = 0;
  let waiting = 0;
  let readsMs: readonly number[] = [];
  /** Key ids that the issuer did not have, by when it was asked. */
  const missing = new Map<string | undefined, number>();

  async function load(): Promise<Held> {
    const readAtMs = clock.monotonic();
    const number = ++reads;
    try {
      const set = await readIssuerKeys(issuer, clock);
      const keyIds = new Set(set.keys.map(({ kid }) => kid));
      held = { find: createLocalJWKSet(set), keyIds, readAtMs, number };
      return held;
    } catch (cause) {
      log.often.warn({ err: cause, peer: issuer.issuer }, "The keys of an issuer could not be read.");
      throw unavailable("The token's issuer cannot be asked.", 1_000);
    }
  }

  /** Joins a read that is under way, or begins one. */
  function read(): Promise<Held> {
    if (reading !== undefined) return reading;
    const nowMs = clock.monotonic();
    readsMs = readsMs.filter((timeMs) => nowMs - timeMs < readsWithinMs);
    const [oldest = nowMs] = readsMs;
    if (readsMs.length >= maxReads)
      return Promise.reject(
        unavailable("The token's issuer was asked too often.", oldest + readsWithinMs - nowMs),
      );
    readsMs = [...readsMs, nowMs];
    reading = load().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function counted(work: () => Promise<Held>): Promise<Held> {
    if (waiting >= maxWaiting) throw unavailable("Too many calls wait for the token's issuer.", 1_000);
    waiting += 1;
    try {
      return await work();
    } finally {
      waiting -= 1;
    }
  }

  const ageMs = ({ readAtMs }: Held) => clock.monotonic() - readAtMs;
  const has = ({ keyIds }: Held, keyId: string | undefined) => keyId === undefined || keyIds.has(keyId);
  const wasAsked = (keyId: string | undefined) =>
    clock.monotonic() - (missing.get(keyId) ?? Number.NEGATIVE_INFINITY) < readsWithinMs;

  /** By a read that was begun after this call: what was begun before may not have seen a key that is newer than it. */
  async function readForMissing(keyId: string | undefined): Promise<Held> {
    if (reading !== undefined) {
      const found = await reading.catch(() => undefined);
      if (found !== undefined && keyId !== undefined && has(found, keyId)) return found;
    }
    const found = await read();
    if (keyId === undefined || !has(found, keyId)) noteMissing(keyId);
    return found;
  }

  function noteMissing(keyId: string | undefined): void {
    if (missing.size >= maxMissing) missing.clear();
    missing.set(keyId, clock.monotonic());
  }

  function isDue(now: Held): boolean {
    const lastMs = readsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    return ageMs(now) >= refreshMs && reading === undefined && clock.monotonic() - lastMs >= readsWithinMs;
  }

  async function current(): Promise<Held> {
    const old = held;
    if (old === undefined || ageMs(old) >= serveMs) return counted(read);
    if (!isDue(old)) return old;
    const refreshed = read().catch(() => old);
    return ageMs(old) >= staleMs ? counted(() => refreshed) : old;
  }

  return {
    async forKey(keyId) {
      const before = reads;
      const now = await current();
      if (has(now, keyId) || wasAsked(keyId)) return now.find;
      if (now.number > before) {
        noteMissing(keyId);
        return now.find;
      }
      return (await counted(() => readForMissing(keyId))).find;
    },
    async others() {
      if (wasAsked(undefined)) return undefined;
      return (await counted(() => readForMissing(undefined))).find;
    },
  };
}

function unavailable(text: string, retryAfterMs: number): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", text, { retryAfterMs });
}
