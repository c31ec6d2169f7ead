/**
 * API keys: made, checked, listed, rotated and revoked. A key reads `smsr_<key id>_<secret>`. The store keeps only its HMAC-SHA256 under the
 * store's id; the scopes of a narrower key go into it too, so that it is wrong where they were changed in the store, or where a release that
 * knows roles only looks at it. Keys stand in memory by their id, each read at its first use.
 */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { SmsError } from "../../domain/errors.ts";
import { hasEnded } from "../../domain/has-ended.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import { holdsScope, isWhole, type Scope } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { ApiKey, KeyPlace } from "../../store/records/api-keys.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { goesBy, type NamedKeyVerifier, type Principal } from "../calls/principal.ts";
import type { Changes } from "../changes.ts";
import { createKept } from "../kept.ts";
import { type ConfiguredKey, createConfiguredKeys } from "./configured-keys.ts";
import { rememberRight } from "./remember-right.ts";

export interface NewApiKey {
  readonly apiKey: ApiKey;
  /** The whole key; exists nowhere else. */
  readonly secret: string;
}

export interface ApiKeys extends NamedKeyVerifier {
  /** Refuses with ALREADY_EXISTS where there is a key of this id. */
  create(
    request: {
      readonly accountId: AccountId;
      readonly scopes: readonly Scope[];
      readonly name: string;
      /** Undefined for one of our own. */
      readonly keyId?: string | undefined;
      /** Undefined for never. */
      readonly expireTimeMs?: number | undefined;
      readonly rateLimits?: readonly RateLimit[] | undefined;
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /**
   * Makes a key of the same account, scopes, name and limits in place of another one, which ends when `overlapMs` is over. Refuses with UNKNOWN_KEY,
   * with NOT_CHANGEABLE where it has ended or is one of the configuration, and with ALREADY_EXISTS where there is a key of the new id.
   */
  rotate(
    request: {
      readonly keyId: string;
      readonly overlapMs: number;
      readonly newKeyId?: string | undefined;
      readonly expireTimeMs?: number | undefined;
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /** Stored keys, newest first, the revoked ones too, after one of them; of one account where it is told. */
  list(
    after: KeyPlace | undefined,
    limit: number,
    accountId: AccountId | undefined,
  ): Promise<readonly ApiKey[]>;
  /**
   * Revokes at once and answers the key as it is now; refuses with UNKNOWN_KEY where no key has the id, and with NOT_CHANGEABLE where it is
   * one of the configuration, or, without `force`, where nobody could look after the service any more.
   */
  revoke(keyId: string, options: { readonly force: boolean }, caller: Caller): Promise<ApiKey>;
  /** Whether anybody could call at all, or as an operator. */
  hasAny(scope?: "ADMIN"): Promise<boolean>;
  /** Whether this is a key of the configuration, in whatever form. */
  isConfigured(presented: string): boolean;
  /** Whose key has this id as of now; undefined where it is unknown, expired or revoked. */
  holderOf(keyId: string): Principal | undefined | Promise<Principal | undefined>;
  /** Notes which keys were used. */
  look(): Promise<void>;
}

export interface ApiKeysDeps {
  readonly store: Pick<
    Store,
    "id" | "createKey" | "findKeys" | "listKeys" | "hasLiveKey" | "rotateKey" | "revokeKey" | "noteKeyUse"
  >;
  readonly changes: Changes;
  readonly configured: readonly ConfiguredKey[];
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
}

const form = /^smsr_([a-z0-9-]{1,32})_([A-Za-z0-9_-]{43})$/;
const keyIdLetters = "abcdefghijklmnopqrstuvwxyz234567";

/** Uses are told to the hour. */
const useStepMs = 3_600_000;
const mostNotedAtOnce = 500;

/** A key in memory, and who it makes of its caller. */
interface HeldKey {
  readonly key: ApiKey;
  readonly holder: Principal;
  /** The hour of its last use that is in the store. */
  notedMs: number;
}

function holdKey(key: ApiKey): readonly [string, HeldKey] {
  const { id: keyId, accountId, scopes, useTimeMs = 0, rateLimits } = key;
  const keyLimits = rateLimits && { keyId, limits: rateLimits };
  const holder = { keyId, accountId, scopes, ...(keyLimits && { keyLimits }) };
  return [keyId, { key, holder, notedMs: useTimeMs }];
}

/** Makes the keeper of keys. */
export function createApiKeys({ store, changes, configured: given, clock }: ApiKeysDeps): ApiKeys {
  const configured = createConfiguredKeys(given);
  const right = new Map<string, HeldKey>();
  /** Keys that were used since the last look. */
  const used = new Set<HeldKey>();
  const kept = createKept<HeldKey>({
    kind: "key",
    changes,
    load: async (ids) => (await store.findKeys(ids)).map(holdKey),
    clock,
  });

  const hashOf = (key: string, scopes: readonly Scope[]) => {
    const covered = isWhole(scopes) ? key : `${scopes.join(",")}\n${key}`;
    return createHmac("sha256", store.id).update(covered).digest();
  };

  /** Asked at every call: of a key that never ends, no clock is. */
  function isLive(key: ApiKey): boolean {
    return (
      key.revokeTimeMs === undefined &&
      (key.expireTimeMs === undefined || !hasEnded(key.expireTimeMs, clock.now()))
    );
  }

  function isRight(presented: string, held: HeldKey): boolean {
    // A row that is read anew is another one: somebody may have changed its scopes, which its hash covers.
    if (right.get(presented) === held) return true;
    const wanted = Buffer.from(held.key.hash, "hex");
    const found = hashOf(presented, held.key.scopes);
    // Where somebody wrote another form into the store it is nobody's key.
    if (wanted.length !== found.length || !timingSafeEqual(found, wanted)) return false;
    rememberRight(right, presented, held);
    return true;
  }

  function judge(presented: string, held: HeldKey | undefined, name?: string): Principal | undefined {
    if (held === undefined || !isLive(held.key) || !isRight(presented, held))
      return findConfigured(presented, name);
    if (name !== undefined && !goesBy(held.holder, name)) return undefined;
    used.add(held);
    return held.holder;
  }

  function findConfigured(presented: string, name?: string): Principal | undefined {
    const holder = configured.find(presented);
    return holder === undefined || name === undefined || goesBy(holder, name) ? holder : undefined;
  }

  function storedHolder(held: HeldKey | undefined): Principal | undefined {
    if (held === undefined || !isLive(held.key)) return undefined;
    used.add(held);
    return held.holder;
  }

  const isOperator = ({ scopes }: { readonly scopes: readonly Scope[] }) => holdsScope(scopes, "ADMIN");

  /** The key as the store has it; refuses with NOT_CHANGEABLE where it is one of the configuration. */
  async function changeable(keyId: string): Promise<ApiKey> {
    if (configured.holderOf(keyId) !== undefined)
      throw new SmsError("NOT_CHANGEABLE", "The key stands in the configuration: take it out there.");
    const [key] = await store.findKeys([keyId]);
    if (key === undefined) throw new SmsError("UNKNOWN_KEY");
    return key;
  }

  function makeKey(
    wanted: Pick<ApiKey, "id" | "accountId" | "scopes" | "name"> & {
      readonly expireTimeMs?: number | undefined;
      readonly rateLimits?: readonly RateLimit[] | undefined;
    },
  ): NewApiKey {
    const secret = `smsr_${wanted.id}_${randomBytes(32).toString("base64url")}`;
    const hash = hashOf(secret, wanted.scopes).toString("hex");
    const times = { createTimeMs: clock.now(), revokeTimeMs: undefined, useTimeMs: undefined };
    return { apiKey: { expireTimeMs: undefined, ...wanted, hash, ...times }, secret };
  }

  /** Each key costs a write an hour at most, and no call waits for it. */
  async function noteUses(): Promise<void> {
    const hourMs = Math.floor(clock.now() / useStepMs) * useStepMs;
    const seen = [...used].slice(0, mostNotedAtOnce);
    for (const held of seen) used.delete(held);
    const due = seen.filter(({ notedMs }) => notedMs < hourMs);
    if (due.length === 0) return;
    await store.noteKeyUse([...new Set(due.map(({ key }) => key.id))], hourMs);
    for (const held of due) held.notedMs = hourMs;
  }

  return {
    verify(presented, name) {
      const keyId = form.exec(presented)?.[1];
      if (keyId === undefined) return findConfigured(presented, name);
      const held = kept.held(keyId);
      if (held !== undefined) return judge(presented, held, name);
      if (configured.find(presented) !== undefined) return findConfigured(presented, name);
      const found = kept.find(keyId);
      return found instanceof Promise
        ? found.then((read) => judge(presented, read, name))
        : judge(presented, found, name);
    },

    holderOf(keyId) {
      const ofFile = configured.holderOf(keyId);
      if (ofFile !== undefined) return ofFile;
      const found = kept.find(keyId);
      return found instanceof Promise ? found.then(storedHolder) : storedHolder(found);
    },

    isKnown: (presented) => right.has(presented) || configured.isRemembered(presented),
    isConfigured: (presented) => configured.find(presented) !== undefined,
    whyRefused(presented) {
      if (presented === undefined) return { reason: "NO_KEY" };
      const held = kept.lastHeld(form.exec(presented)?.[1] ?? "");
      if (held === undefined) return { reason: "UNKNOWN" };
      const { key } = held;
      const ended = hasEnded(key.expireTimeMs, clock.now()) ? "EXPIRED" : "WRONG_SECRET";
      const reason = key.revokeTimeMs === undefined ? ended : "REVOKED";
      return { reason, keyId: key.id, account: key.accountId };
    },

    async create({ keyId, ...wanted }, caller) {
      for (;;) {
        const made = makeKey({ ...wanted, id: keyId ?? newKeyId() });
        const { id, createTimeMs } = made.apiKey;
        if (await store.createKey(actOf(caller, id, createTimeMs), made.apiKey)) {
          await kept.renew(id);
          return made;
        }
        if (keyId !== undefined) throw taken();
      }
    },

    async rotate({ keyId, overlapMs, newKeyId: wantedId, expireTimeMs }, caller) {
      const { accountId, scopes, name, rateLimits } = await changeable(keyId);
      for (;;) {
        const made = makeKey({
          id: wantedId ?? newKeyId(),
          accountId,
          scopes,
          name,
          expireTimeMs,
          rateLimits,
        });
        const nowMs = made.apiKey.createTimeMs;
        const act = actOf(caller, keyId, nowMs);
        const outcome = await store.rotateKey(act, keyId, made.apiKey, nowMs + overlapMs);
        if (outcome === "unknown") throw new SmsError("UNKNOWN_KEY");
        if (outcome === "ended") throw new SmsError("NOT_CHANGEABLE", "The key has ended: make a new one.");
        if (outcome === "rotated") {
          await kept.renew(keyId);
          await kept.renew(made.apiKey.id);
          return made;
        }
        if (wantedId !== undefined) throw taken();
      }
    },

    list: (after, limit, accountId) => store.listKeys(after, limit, accountId),

    async revoke(keyId, { force }, caller) {
      const before = await changeable(keyId);
      const nowMs = clock.now();
      const besides = configured.holders.filter(isOperator).map(({ accountId }) => accountId);
      const act = actOf(caller, keyId, nowMs);
      if ((await store.revokeKey(act, keyId, force ? "any" : besides)) === "last_operator")
        throw new SmsError(
          "NOT_CHANGEABLE",
          "It is the last key of an operator: nobody could make another one.",
        );
      // It is revoked, whether it can be read again now or not; another replica may have been the first.
      return (await kept.renew(keyId))?.key ?? { ...before, revokeTimeMs: before.revokeTimeMs ?? nowMs };
    },

    async hasAny(scope) {
      if (configured.holders.some((holder) => scope === undefined || isOperator(holder))) return true;
      return store.hasLiveKey(scope === undefined ? "any" : "operator", clock.now());
    },

    look: noteUses,
  };
}

function taken(): SmsError {
  return new SmsError("ALREADY_EXISTS", "A key has this id.");
}

function newKeyId(): string {
  return [...randomBytes(12)].map((octet) => keyIdLetters[octet & 31]).join("");
}
