/**
 * Access tokens of other issuers: whom they are of, once their signature is right. Right ones are remembered for some minutes by their
 * SHA-256, so that a call costs no signature; wrong ones shortly, so that repeating one costs us nothing.
 */
import { hash } from "node:crypto";
import { errors, jwtVerify } from "jose";
import type { TokenClaims, TokenVerifier } from "../app/identities/token-verifier.ts";
import { SmsError } from "../domain/errors.ts";
import { type Scope, scopes } from "../domain/scopes.ts";
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

/** The scopes of tokens, as Signicat's `client.sms.send` has them. */
const scopeWords: Readonly<Record<Scope, string>> = {
  SEND: "client.sms.send",
  READ: "client.sms.read",
  MANAGE: "client.sms.manage",
  ADMIN: "sms.admin",
};

/** Makes the verifier of tokens of `issuers`. */
export function createTokenVerifier(issuers: readonly Issuer[], deps: TokenVerifierDeps): TokenVerifier {
  const { clock } = deps;
  const known = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  const keys = new Map(issuers.map((issuer) => [issuer.issuer, createIssuerKeys(issuer, deps)]));
  const right = new Map<string, { readonly claims: TokenClaims; readonly untilMs: number }>();
  const wrong = new Map<string, number>();

  async function verifySignature(
    token: string,
    hashed: string,
    read: ReadToken,
  ): Promise<TokenClaims | undefined> {
    const { issuer, keyId, value, expireTimeMs } = read;
    const issuerKeys = keys.get(issuer.issuer);
    if (issuerKeys === undefined) return undefined;
    const find = await issuerKeys.forKey(keyId);
    try {
      await jwtVerify(token, find, {
        issuer: issuer.issuer,
        audience: [...issuer.audience],
        algorithms: [...issuer.algorithms],
        requiredClaims: ["exp"],
        clockTolerance: skewMs / 1_000,
        currentDate: new Date(clock.now()),
      });
    } catch (thrown) {
      if (!(thrown instanceof errors.JOSEError)) throw unusableKey(thrown);
      if (thrown instanceof errors.JWSSignatureVerificationFailed)
        remember(wrong, hashed, clock.monotonic() + distrustMs);
      return undefined;
    }
    const held = scopes.filter((scope) => read.scope.includes(scopeWords[scope]));
    const claims = { issuer: issuer.issuer, value, scopes: held };
    // It goes on being right for as long after its end as clocks may differ.
    const lastsMs = Math.min(expireTimeMs + skewMs - clock.now(), trustMs);
    remember(right, hashed, { claims, untilMs: clock.monotonic() + lastsMs });
    return claims;
  }

  return {
    recognizes: (presented) => known.size > 0 && looksLikeToken(presented),
    verify(token) {
      const hashed = hash("sha256", token, "base64");
      const nowMs = clock.monotonic();
      const remembered = right.get(hashed);
      if (remembered !== undefined && nowMs < remembered.untilMs) return remembered.claims;
      if (nowMs < (wrong.get(hashed) ?? 0)) return undefined;
      const read = readToken(token, known, clock.now());
      return typeof read === "string" ? undefined : verifySignature(token, hashed, read);
    },
    whyRefused(token) {
      const read = readToken(token, known, clock.now());
      return typeof read === "string"
        ? { fault: read }
        : { fault: "WRONG_KEY_OR_SIGNATURE", issuer: read.issuer.issuer, value: read.value };
    },
  };
}

/** The oldest goes first. */
function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  values.delete(key);
  if (values.size >= maxRemembered) {
    const [oldest] = values.keys();
    if (oldest !== undefined) values.delete(oldest);
  }
  values.set(key, value);
}

/** A key that its issuer published and nobody can use says nothing against the token. */
function unusableKey(cause: unknown): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", "A key of the token's issuer cannot be used.", { cause });
}
