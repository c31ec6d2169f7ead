/**
 * API keys: made, checked, listed, rotated and revoked. A key reads `smsr_<key id>_<secret>`. The store keeps only its HMAC-SHA256 under the store's
 * id; the scopes of a narrower key go into it too, so that it is wrong where they were changed in the store, or where a release that knows
 * roles only looks at it. Keys given in the configuration are known by their SHA-256 and live as long as they are there.
 */

import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";
import { SmsError } from "../../domain/errors.ts";
import { hasEnded } from "../../domain/has-ended.ts";
import { type AccountId, toAccountId } from "../../domain/ids.ts";
import { holdsScope, isWhole, type Scope } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { ApiKey } from "../../store/records/api-keys.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { createFreshReads } from "../calls/fresh-reads.ts";
import type { KeyVerifier, Principal } from "../calls/principal.ts";
import { createFollowed, trustMs } from "../followed.ts";

/** A key of the configuration: as written, or `sha256:` and its hash in hexadecimal. */
export interface ConfiguredKey {
  readonly accountId: string;
  readonly scopes: readonly Scope[];
  readonly key: string;
}

export interface NewApiKey {
  readonly apiKey: ApiKey;
  /** The whole key; exists nowhere else. */
  readonly secret: string;
}

export interface ApiKeys extends KeyVerifier {
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
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /**
   * Makes a key of the same account, scopes and name in place of another one, which ends when `overlapMs` is over. Refuses with UNKNOWN_KEY,
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
  /** Stored keys, newest first, the revoked ones too. */
  list(): Promise<readonly ApiKey[]>;
  /**
   * Revokes at once and answers the key as it is now; refuses with UNKNOWN_KEY where no key has the id, and with NOT_CHANGEABLE where it is
   * one of the configuration, or, without `force`, where nobody could look after the service any more.
   */
  revoke(keyId: string, options: { readonly force: boolean }, caller: Caller): Promise<ApiKey>;
  /** Accounts that have a key in the store, as of now. */
  accountIds(): Promise<ReadonlySet<AccountId>>;
  /** Whether anybody could call at all, or make a call that needs this scope. */
  hasAny(scope?: Scope): Promise<boolean>;
  /** Whether this is a key of the configuration, in whatever form. */
  isConfigured(presented: string): boolean;
  /** Whose key has this id as of now; undefined where it is unknown, expired or revoked. */
  holderOf(keyId: string): Principal | undefined | Promise<Principal | undefined>;
  /** Sees what other processes did, and notes which keys were used. */
  look(): Promise<void>;
}

export interface ApiKeysDeps {
  readonly store: Pick<Store, "id" | "createKey" | "listKeys" | "rotateKey" | "revokeKey" | "noteKeyUse"> & {
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly configured: readonly ConfiguredKey[];
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
}

const form = /^smsr_([a-z0-9-]{1,32})_([A-Za-z0-9_-]{43})$/;
const keyIdLetters = "abcdefghijklmnopqrstuvwxyz234567";

/** Uses are told to the hour. */
const useStepMs = 3_600_000;
const mostNotedAtOnce = 500;

/**
 * Keys whose hash is not computed again for each call, which costs a microsecond for configured ones and three for stored ones. They are let
 * in, too, where their address showed wrong ones too often: the oldest goes first, so that never all of them have to wait at once.
 */
const maxRemembered = 10_000;

function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  if (values.size >= maxRemembered && !values.has(key))
    for (const oldest of values.keys()) if (values.delete(oldest)) break;
  values.set(key, value);
}

/** Makes the keeper of keys. */
export function createApiKeys({ store, configured, clock }: ApiKeysDeps): ApiKeys {
  const byConfiguredHash = new Map(configured.map(configuredEntry));
  const byConfiguredId = new Map([...byConfiguredHash.values()].map((holder) => [holder.keyId, holder]));
  // Only keys that were right get in here, so that whoever guesses learns nothing from a look-up.
  const rightKeys = new Map<string, ApiKey>();
  const rightConfigured = new Map<string, Principal>();
  /** Keys that were used since the last look. */
  const used = new Set<string>();
  const isShared = store.sessions.replicaId !== undefined;
  const known = createFollowed<ReadonlyMap<string, ApiKey>>({
    initial: new Map(),
    load: async () => new Map((await store.listKeys()).map((key) => [key.id, key])),
    isShared,
    clock,
  });
  const freshRead = createFreshReads({ read: () => known.look(), clock });

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

  function isRight(presented: string, key: ApiKey): boolean {
    // Each look brings rows anew: somebody may have changed the scopes of one, which its hash covers.
    if (rightKeys.get(presented) === key) return true;
    const wanted = Buffer.from(key.hash, "hex");
    const found = hashOf(presented, key.scopes);
    // Where somebody wrote another form into the store it is nobody's key.
    if (wanted.length !== found.length || !timingSafeEqual(found, wanted)) return false;
    remember(rightKeys, presented, key);
    return true;
  }

  function findConfigured(presented: string): Principal | undefined {
    const remembered = rightConfigured.get(presented);
    if (remembered !== undefined) return remembered;
    const principal = byConfiguredHash.get(sha256(presented));
    if (principal !== undefined) remember(rightConfigured, presented, principal);
    return principal;
  }

  function judge(presented: string, keyId: string | undefined): Principal | undefined {
    const key = keyId === undefined ? undefined : known.value.get(keyId);
    if (key !== undefined && isLive(key) && isRight(presented, key)) {
      used.add(key.id);
      return { keyId: key.id, accountId: key.accountId, scopes: key.scopes };
    }
    return findConfigured(presented);
  }

  function storedHolder(keyId: string): Principal | undefined {
    const key = known.value.get(keyId);
    if (key === undefined || !isLive(key)) return undefined;
    used.add(keyId);
    return { keyId, accountId: key.accountId, scopes: key.scopes };
  }

  const isOperator = ({ scopes }: { readonly scopes: readonly Scope[] }) => holdsScope(scopes, "ADMIN");

  function refuseConfigured(keyId: string): void {
    if (!byConfiguredId.has(keyId)) return;
    throw new SmsError("NOT_CHANGEABLE", "The key stands in the configuration: take it out there.");
  }

  function makeKey(
    wanted: Pick<ApiKey, "id" | "accountId" | "scopes" | "name"> & {
      readonly expireTimeMs?: number | undefined;
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
    const ids = [...used].slice(0, mostNotedAtOnce);
    for (const id of ids) used.delete(id);
    const due = ids.filter((id) => (known.value.get(id)?.useTimeMs ?? 0) < hourMs);
    if (due.length === 0) return;
    await store.noteKeyUse(due, hourMs);
    known.change((keys) => withUses(keys, due, hourMs));
  }

  function hold(made: NewApiKey): NewApiKey {
    known.change((keys) => new Map([...keys, [made.apiKey.id, made.apiKey]]));
    return made;
  }

  return {
    verify(presented) {
      const keyId = form.exec(presented)?.[1];
      if (keyId === undefined) return judge(presented, undefined);
      // Another replica may just have made it.
      if (!known.value.has(keyId) && isShared)
        return findConfigured(presented) ?? freshRead().then(() => judge(presented, keyId));
      return known.isFresh()
        ? judge(presented, keyId)
        : known.look(trustMs).then(() => judge(presented, keyId));
    },

    holderOf(keyId) {
      const ofFile = byConfiguredId.get(keyId);
      if (ofFile !== undefined) return ofFile;
      if (!known.value.has(keyId) && isShared) return freshRead().then(() => storedHolder(keyId));
      return known.isFresh() ? storedHolder(keyId) : known.look(trustMs).then(() => storedHolder(keyId));
    },

    isKnown: (presented) => rightKeys.has(presented) || rightConfigured.has(presented),

    // Longer ones the configuration does not take.
    isConfigured: (presented) => presented.length <= 256 && findConfigured(presented) !== undefined,
    whyRefused(presented) {
      if (presented === undefined) return { reason: "NO_KEY" };
      const key = known.value.get(form.exec(presented)?.[1] ?? "");
      if (key === undefined) return { reason: "UNKNOWN" };
      const ended = hasEnded(key.expireTimeMs, clock.now()) ? "EXPIRED" : "WRONG_SECRET";
      const reason = key.revokeTimeMs === undefined ? ended : "REVOKED";
      return { reason, keyId: key.id, account: key.accountId };
    },

    async create({ keyId, ...wanted }, caller) {
      for (;;) {
        const made = makeKey({ ...wanted, id: keyId ?? newKeyId() });
        const { id, createTimeMs } = made.apiKey;
        if (await store.createKey(actOf(caller, id, createTimeMs), made.apiKey)) return hold(made);
        if (keyId !== undefined) throw taken();
      }
    },

    async rotate({ keyId, overlapMs, newKeyId: wantedId, expireTimeMs }, caller) {
      refuseConfigured(keyId);
      if (!known.value.has(keyId)) await known.look();
      const former = known.value.get(keyId);
      if (former === undefined) throw new SmsError("UNKNOWN_KEY");
      const { accountId, scopes, name } = former;
      for (;;) {
        const made = makeKey({ id: wantedId ?? newKeyId(), accountId, scopes, name, expireTimeMs });
        const nowMs = made.apiKey.createTimeMs;
        const endMs = nowMs + overlapMs;
        const outcome = await store.rotateKey(actOf(caller, keyId, nowMs), keyId, made.apiKey, endMs);
        if (outcome === "unknown") throw new SmsError("UNKNOWN_KEY");
        if (outcome === "ended") throw new SmsError("NOT_CHANGEABLE", "The key has ended: make a new one.");
        if (outcome === "rotated") {
          known.change((keys) => withEnd(keys, keyId, endMs));
          return hold(made);
        }
        if (wantedId !== undefined) throw taken();
      }
    },

    async list() {
      await known.look();
      return [...known.value.values()].sort(
        (a, b) => b.createTimeMs - a.createTimeMs || (a.id < b.id ? -1 : 1),
      );
    },

    async revoke(keyId, { force }, caller) {
      refuseConfigured(keyId);
      if (!known.value.has(keyId)) await known.look();
      const nowMs = clock.now();
      const besides = [...byConfiguredHash.values()].filter(isOperator).map(({ accountId }) => accountId);
      const act = actOf(caller, keyId, nowMs);
      if ((await store.revokeKey(act, keyId, force ? "any" : besides)) === "last_operator")
        throw new SmsError(
          "NOT_CHANGEABLE",
          "It is the last key of an operator: nobody could make another one.",
        );
      known.change((keys) => withRevoked(keys, keyId, nowMs));
      // It is revoked, whether it can be read again now or not; another replica may have been the first.
      await known.look().catch(() => undefined);
      const key = known.value.get(keyId);
      if (key !== undefined) return key;
      throw new SmsError("UNKNOWN_KEY");
    },

    async hasAny(scope) {
      const holds = ({ scopes }: { readonly scopes: readonly Scope[] }) =>
        scope === undefined || holdsScope(scopes, scope);
      if ([...byConfiguredHash.values()].some(holds)) return true;
      await known.look();
      return [...known.value.values()].some((key) => isLive(key) && holds(key));
    },

    async accountIds() {
      await known.look();
      return new Set([...known.value.values()].map(({ accountId }) => accountId));
    },

    async look() {
      await known.look();
      await noteUses();
    },
  };
}

function taken(): SmsError {
  return new SmsError("ALREADY_EXISTS", "A key has this id.");
}

function withUses(
  keys: ReadonlyMap<string, ApiKey>,
  ids: readonly string[],
  useTimeMs: number,
): ReadonlyMap<string, ApiKey> {
  const used = new Map(keys);
  for (const id of ids) {
    const key = keys.get(id);
    if (key !== undefined) used.set(id, { ...key, useTimeMs });
  }
  return used;
}

function withEnd(
  keys: ReadonlyMap<string, ApiKey>,
  keyId: string,
  endMs: number,
): ReadonlyMap<string, ApiKey> {
  const key = keys.get(keyId);
  if (key === undefined) return keys;
  return new Map([...keys, [keyId, { ...key, expireTimeMs: Math.min(endMs, key.expireTimeMs ?? endMs) }]]);
}

function withRevoked(
  keys: ReadonlyMap<string, ApiKey>,
  keyId: string,
  nowMs: number,
): ReadonlyMap<string, ApiKey> {
  const key = keys.get(keyId);
  if (key === undefined || key.revokeTimeMs !== undefined) return keys;
  return new Map([...keys, [keyId, { ...key, revokeTimeMs: nowMs }]]);
}

/** Known by its hash, not by its place, which becomes another key's: tokens name the key that they were issued for. */
function configuredEntry(entry: ConfiguredKey): readonly [string, Principal] {
  const hash = entry.key.startsWith("sha256:") ? entry.key.slice(7) : sha256(entry.key);
  const keyId = `cfg-${hash.slice(0, 12)}`;
  return [hash, { keyId, accountId: toAccountId(entry.accountId), scopes: entry.scopes }];
}

/** Configured keys are found by their hash: whoever times the look-up learns of a hash, not of a key. */
function sha256(key: string): string {
  return hash("sha256", key, "hex");
}

function newKeyId(): string {
  return [...randomBytes(12)].map((octet) => keyIdLetters[octet & 31]).join("");
}
