/**
 * Access tokens of our own (RFC 9068, signed with HS256): made for a key, and judged by that key as it is at each call. A right one is
 * remembered for some minutes by its SHA-256, so that a call costs no signature; a wrong one shortly, so that repeating it costs us nothing.
 */
import { randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { holdsScope, type Scope, scopeWords } from "../../domain/scopes.ts";
import { createDigests } from "../../memory/digests.ts";
import { createRemembered } from "../../memory/remembered.ts";
import type { Clock } from "../../observability/clock.ts";
import type { CallerMethod } from "../calls/callers.ts";
import type { Principal } from "../calls/principal.ts";
import {
  looksLikeOwn,
  ownAlgorithm,
  ownName,
  ownType,
  type ReadOwnToken,
  readOwnToken,
} from "./read-own-token.ts";
import { type SigningKeys, tokenLastsMs } from "./signing-keys.ts";

/** Keys as they are now, by their id. */
export interface KeyHolders {
  /** Undefined where the key is unknown, revoked or expired. */
  holderOf(keyId: string): Principal | undefined | Promise<Principal | undefined>;
}

export interface OwnTokensDeps {
  readonly signingKeys: SigningKeys;
  readonly keys: KeyHolders;
  readonly clock: Pick<Clock, "now" | "monotonic">;
}

export interface OwnTokens extends CallerMethod {
  /** A token for a key, with these scopes, none of which is ADMIN. */
  issue(keyId: string, scopes: readonly Scope[]): Promise<string>;
}

const trustMs = 300_000;
const distrustMs = 10_000;
const maxRemembered = 10_000;

/** What a right token says; `made` is what it last came to. */
interface RightToken extends Omit<ReadOwnToken, "expireTimeMs"> {
  made?: { readonly holder: Principal; readonly principal: Principal };
}

export function createOwnTokens({ signingKeys, keys, clock }: OwnTokensDeps): OwnTokens {
  const right = createRemembered<RightToken>(maxRemembered);
  const wrong = createRemembered<true>(maxRemembered);
  const digestOf = createDigests();

  function principalOf(token: RightToken, holder: Principal | undefined): Principal | undefined {
    if (holder === undefined) return undefined;
    const { made } = token;
    if (made?.holder.accountId === holder.accountId && made.holder.scopes === holder.scopes)
      return made.principal;
    const { keyId, accountId, keyLimits } = holder;
    const scopes = token.scopes.filter((scope) => holdsScope(holder.scopes, scope));
    const principal = { keyId, accountId, scopes, ...(keyLimits && { keyLimits }) };
    token.made = { holder, principal };
    return principal;
  }

  function judge(token: RightToken): Principal | undefined | Promise<Principal | undefined> {
    const holder = keys.holderOf(token.keyId);
    return holder instanceof Promise
      ? holder.then((found) => principalOf(token, found))
      : principalOf(token, holder);
  }

  async function isSigned(token: string, secret: Uint8Array): Promise<boolean> {
    try {
      await jwtVerify(token, secret, {
        issuer: ownName,
        audience: ownName,
        typ: ownType,
        algorithms: [ownAlgorithm],
        requiredClaims: ["exp", "client_id", "scope"],
        currentDate: new Date(clock.now()),
      });
      return true;
    } catch (thrown) {
      if (thrown instanceof errors.JOSEError) return false;
      throw thrown;
    }
  }

  async function verifySignature(
    token: string,
    hashed: string,
    { expireTimeMs, ...read }: ReadOwnToken,
  ): Promise<Principal | undefined> {
    const key = await signingKeys.find(read.signingKeyId);
    if (key === undefined) return undefined;
    if (!(await isSigned(token, key.secret))) {
      wrong.set(hashed, true, clock.monotonic() + distrustMs);
      return undefined;
    }
    const found: RightToken = read;
    right.set(hashed, found, clock.monotonic() + Math.min(expireTimeMs - clock.now(), trustMs));
    return judge(found);
  }

  return {
    recognizes: looksLikeOwn,
    verify(presented) {
      const hashed = digestOf(presented);
      const nowMs = clock.monotonic();
      const remembered = right.get(hashed, nowMs);
      if (remembered !== undefined && signingKeys.isHeld(remembered.signingKeyId)) return judge(remembered);
      if (wrong.get(hashed, nowMs) === true) return undefined;
      const read = readOwnToken(presented, clock.now());
      return typeof read === "string" ? undefined : verifySignature(presented, hashed, read);
    },
    isKnown: (presented) => right.get(digestOf(presented), clock.monotonic()) !== undefined,
    whyRefused(presented = "") {
      const read = readOwnToken(presented, clock.now());
      if (typeof read === "string") return { reason: "WRONG_TOKEN", issuer: ownName, fault: read };
      const isRight = right.get(digestOf(presented), clock.monotonic()) !== undefined;
      const fault = isRight ? "KEY_GONE" : "WRONG_KEY_OR_SIGNATURE";
      return { reason: "WRONG_TOKEN", issuer: ownName, value: read.keyId, fault };
    },
    async issue(keyId, scopes) {
      const key = await signingKeys.current();
      const issueTime = Math.floor(clock.now() / 1_000);
      return new SignJWT({ client_id: keyId, scope: scopes.map((scope) => scopeWords[scope]).join(" ") })
        .setProtectedHeader({ alg: ownAlgorithm, typ: ownType, kid: key.id })
        .setIssuer(ownName)
        .setAudience(ownName)
        .setSubject(keyId)
        .setIssuedAt(issueTime)
        .setExpirationTime(issueTime + tokenLastsMs / 1_000)
        .setJti(randomUUID())
        .sign(key.secret);
    },
  };
}
