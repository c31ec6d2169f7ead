/**
 * Access tokens of other issuers: whom they are of, once their signature is right. Right ones are remembered for some minutes by their
 * SHA-256, so that a call costs no signature; wrong ones shortly, so that repeating one costs us nothing.
 */
import { type CryptoKey, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { TokenClaims, TokenVerifier } from "../app/identities/token-verifier.ts";
import { SmsError } from "../domain/errors.ts";
import { scopes, scopeWords } from "../domain/scopes.ts";
import { createDigests } from "../memory/digests.ts";
import { createRemembered } from "../memory/remembered.ts";
import type { Clock } from "../observability/clock.ts";
import type { Issuer } from "./issuer.ts";
import { createIssuerKeys, type IssuerKeysDeps } from "./issuer-keys.ts";
import { looksLikeToken, type ReadToken, readToken, skewMs } from "./read-token.ts";

export interface TokenVerifierDeps extends IssuerKeysDeps {
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
}

const trustMs = 300_000;
const distrustMs = 10_000;
const maxRemembered = 10_000;

/** What jose finds wrong with a token; all else is wrong with a key. */
const faultsOfTokens = [
  errors.JOSEAlgNotAllowed,
  errors.JWKSNoMatchingKey,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
];

/** Makes the verifier of tokens of `issuers`. */
export function createTokenVerifier(issuers: readonly Issuer[], deps: TokenVerifierDeps): TokenVerifier {
  const { clock } = deps;
  const known = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  const keys = new Map(issuers.map((issuer) => [issuer.issuer, createIssuerKeys(issuer, deps)]));
  const right = createRemembered<TokenClaims>(maxRemembered);
  const digestOf = createDigests();
  const wrong = createRemembered<true>(maxRemembered);

  /** Whether one of these keys signed it, and what it says holds as of now. */
  async function isSigned(token: string, { issuer }: ReadToken, find: JWTVerifyGetKey): Promise<boolean> {
    const options = {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      requiredClaims: ["exp"],
      clockTolerance: skewMs / 1_000,
      currentDate: new Date(clock.now()),
    };
    const isBy = async (key: JWTVerifyGetKey | CryptoKey): Promise<boolean> => {
      try {
        await (typeof key === "function" ? jwtVerify(token, key, options) : jwtVerify(token, key, options));
        return true;
      } catch (thrown) {
        // It names no key, and several would do.
        if (thrown instanceof errors.JWKSMultipleMatchingKeys) {
          for await (const one of thrown) if (await isBy(one)) return true;
          return false;
        }
        if (faultsOfTokens.some((fault) => thrown instanceof fault)) return false;
        // A key that its issuer published and nobody can use says nothing against the token.
        deps.log.often.warn({ err: thrown, peer: issuer.issuer }, "A key of an issuer cannot be used.");
        throw new SmsError("SERVICE_UNAVAILABLE", "A key of the token's issuer cannot be used.", {
          retryAfterMs: distrustMs,
        });
      }
    };
    return isBy(find);
  }

  async function isRight(token: string, read: ReadToken): Promise<boolean> {
    const issuerKeys = keys.get(read.issuer.issuer);
    if (issuerKeys === undefined) return false;
    if (await isSigned(token, read, await issuerKeys.forKey(read.keyId))) return true;
    if (read.keyId !== undefined) return false;
    const others = await issuerKeys.others();
    return others !== undefined && isSigned(token, read, others);
  }

  async function verifySignature(
    token: string,
    hashed: string,
    read: ReadToken,
  ): Promise<TokenClaims | undefined> {
    if (!(await isRight(token, read))) {
      wrong.set(hashed, true, clock.monotonic() + distrustMs);
      return undefined;
    }
    const held = scopes.filter((scope) => read.scope.includes(scopeWords[scope]));
    const claims = { issuer: read.issuer.issuer, value: read.value, scopes: held };
    // It goes on being right for as long after its end as clocks may differ.
    const lastsMs = Math.min(read.expireTimeMs + skewMs - clock.now(), trustMs);
    right.set(hashed, claims, clock.monotonic() + lastsMs);
    return claims;
  }

  return {
    recognizes: (presented) => known.size > 0 && looksLikeToken(presented),
    verify(token) {
      const hashed = digestOf(token);
      const nowMs = clock.monotonic();
      const claims = right.get(hashed, nowMs);
      if (claims !== undefined) return claims;
      if (wrong.get(hashed, nowMs) === true) return undefined;
      const read = readToken(token, known, clock.now());
      return typeof read === "string" ? undefined : verifySignature(token, hashed, read);
    },
    isKnown: (token) => right.get(digestOf(token), clock.monotonic()) !== undefined,
    whyRefused(token) {
      const read = readToken(token, known, clock.now());
      return typeof read === "string"
        ? { fault: read }
        : { fault: "WRONG_KEY_OR_SIGNATURE", issuer: read.issuer.issuer, value: read.value };
    },
  };
}
