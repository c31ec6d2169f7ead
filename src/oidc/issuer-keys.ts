/**
 * The keys of one issuer, as it publishes them (JWKS, RFC 7517): read anew every ten minutes, and at once where a token names one that is
 * not known, since issuers change theirs. What was read last serves for a day while the issuer is away.
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { SmsError } from "../domain/errors.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import { fetchJson } from "./fetch-json.ts";
import { type Issuer, isSafeUrl } from "./issuer.ts";

export interface IssuerKeysDeps {
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
  readonly log: Logger;
}

export interface IssuerKeys {
  /** The keys to look in for one of this id; refuses with SERVICE_UNAVAILABLE where the issuer cannot be asked. */
  forKey(keyId: string | undefined): Promise<JWTVerifyGetKey>;
}

const refreshMs = 600_000;
const serveMs = 86_400_000;
/** Reads for keys that are not known: so many in this time, so that nobody can have us flood an issuer. */
const maxReads = 5;
const readsWithinMs = 30_000;
const maxMissing = 1_000;

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly keyIds: ReadonlySet<string | undefined>;
  readonly readAtMs: number;
}

export function createIssuerKeys(issuer: Issuer, { clock, log }: IssuerKeysDeps): IssuerKeys {
  let held: Held | undefined;
  let reading: { readonly beganMs: number; readonly done: Promise<Held> } | undefined;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let missReadsMs: number[] = [];
  /** Key ids that the issuer did not have, by when it was asked. */
  const missing = new Map<string | undefined, number>();

  async function load(beganMs: number): Promise<Held> {
    triedAtMs = beganMs;
    try {
      const set = await readIssuerKeys(issuer, clock);
      held = {
        find: createLocalJWKSet(set),
        keyIds: new Set(set.keys.map(({ kid }) => kid)),
        readAtMs: beganMs,
      };
      return held;
    } catch (cause) {
      log.often.warn({ err: cause, issuer: issuer.issuer }, "The keys of an issuer could not be read.");
      throw new SmsError("SERVICE_UNAVAILABLE", "The token's issuer cannot be asked.", {
        cause,
        retryAfterMs: 1_000,
      });
    }
  }

  function read(): Promise<Held> {
    const beganMs = clock.monotonic();
    reading ??= {
      beganMs,
      done: load(beganMs).finally(() => {
        reading = undefined;
      }),
    };
    return reading.done;
  }

  /** What was begun before this call may not have seen a key that is newer than it. */
  async function readAnew(): Promise<Held> {
    if (reading !== undefined) await reading.done.catch(() => undefined);
    return read();
  }

  const ageMs = ({ readAtMs }: Held) => clock.monotonic() - readAtMs;
  const has = ({ keyIds }: Held, keyId: string | undefined) => keyId === undefined || keyIds.has(keyId);

  async function readForMissing(keyId: string | undefined): Promise<Held> {
    const nowMs = clock.monotonic();
    missReadsMs = missReadsMs.filter((timeMs) => nowMs - timeMs < readsWithinMs);
    const [oldest = nowMs] = missReadsMs;
    if (missReadsMs.length >= maxReads)
      throw new SmsError("SERVICE_UNAVAILABLE", "The token's issuer was asked too often for unknown keys.", {
        retryAfterMs: oldest + readsWithinMs - nowMs,
      });
    missReadsMs.push(nowMs);
    const found = await readAnew();
    if (!has(found, keyId)) {
      if (missing.size >= maxMissing) missing.clear();
      missing.set(keyId, nowMs);
    }
    return found;
  }

  return {
    async forKey(keyId) {
      if (held === undefined || ageMs(held) >= serveMs) return (await read()).find;
      if (has(held, keyId)) {
        // Meanwhile the old ones serve; one that cannot be reached is not asked at each call.
        const isDue = ageMs(held) >= refreshMs && clock.monotonic() - triedAtMs >= readsWithinMs;
        if (isDue && reading === undefined) read().catch(() => undefined);
        return held.find;
      }
      const missedAtMs = missing.get(keyId) ?? Number.NEGATIVE_INFINITY;
      if (clock.monotonic() - missedAtMs < readsWithinMs) return held.find;
      return (await readForMissing(keyId)).find;
    },
  };
}

/** As the issuer publishes them now; throws where they cannot be had. */
export async function readIssuerKeys(issuer: Issuer, clock: IssuerKeysDeps["clock"]): Promise<JSONWebKeySet> {
  const uri = issuer.jwksUri ?? (await discover(issuer, clock));
  const set = await fetchJson(uri, clock);
  if (!isKeySet(set)) throw new Error(`${uri} holds no key set`);
  return set;
}

/** OpenID Connect Discovery 1.0 §4. */
async function discover({ issuer }: Issuer, clock: IssuerKeysDeps["clock"]): Promise<string> {
  const uri = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await fetchJson(uri, clock);
  const { issuer: named, jwks_uri: keys } = document as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) throw new Error(`${uri} names another issuer`);
  if (typeof keys !== "string" || !isSafeUrl(keys)) throw new Error(`${uri} names no safe jwks_uri`);
  return keys;
}

function isKeySet(value: object): value is JSONWebKeySet {
  return "keys" in value && Array.isArray(value.keys);
}
