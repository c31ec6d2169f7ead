/**
 * Who, among callers that another issuer vouches for, acts for which account. Each is read when it first calls; what was set at another
 * replica is in effect here within a second.
 */
import { certificateIssuer, identityText, parseIdentityText } from "../../domain/caller-identity.ts";
import { SmsError } from "../../domain/errors.ts";
import { scopes as allScopes, holdsScope } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Act } from "../../store/records/audit.ts";
import type { Identity } from "../../store/records/identities.ts";
import type { Store } from "../../store/store.ts";
import type { CallerVerifier, CertifiedCaller, Principal } from "../calls/principal.ts";
import type { Changes } from "../changes.ts";
import { createKept } from "../kept.ts";
import type { TokenClaims, TokenVerifier } from "./token-verifier.ts";

export interface Identities extends CallerVerifier {
  /** Whether this is for us to judge. */
  recognizes(presented: string): boolean;
  /** By issuer, then value, after one of them; of one account where it is told. */
  list: Store["listIdentities"];
  set(act: Act, identity: Identity): Promise<void>;
  /** False where there was none. */
  remove(act: Act, issuer: string, value: string): Promise<boolean>;
}

export interface IdentitiesDeps {
  readonly store: Pick<Store, "findIdentities" | "listIdentities" | "setIdentity" | "removeIdentity">;
  readonly changes: Changes;
  readonly tokens: TokenVerifier;
  readonly clock: Pick<Clock, "now" | "monotonic" | "setTimeout">;
  /** Accounts of the configuration. */
  readonly configuredIds: readonly string[];
}

export function createIdentities(deps: IdentitiesDeps): Identities {
  const { store, changes, tokens, clock, configuredIds } = deps;
  const kept = createKept<Identity>({
    kind: "identity",
    changes,
    async load(texts) {
      const asked = texts.flatMap((text) => parseIdentityText(text) ?? []);
      return (await store.findIdentities(asked)).map((row) => [identityText(row), row]);
    },
    clock,
  });
  // A token goes on saying the same, and a row being the same: a call then makes no principal anew.
  const principals = new WeakMap<TokenClaims, { readonly row: Identity; readonly principal: Principal }>();

  function judgeRow(claims: TokenClaims, row: Identity | undefined): Principal | Promise<never> {
    if (row === undefined)
      return Promise.reject(
        new SmsError("INVALID_ACCOUNT", `The ${whatOf(claims)} is right, but acts for no account here.`, {
          metadata: { issuer: claims.issuer, value: claims.value },
        }),
      );
    const made = principals.get(claims);
    if (made?.row === row) return made.principal;
    const scopes = claims.scopes.filter((scope) => holdsScope(row.scopes, scope));
    const { issuer, value } = claims;
    const principal = { keyId: "", identity: { issuer, value }, accountId: row.accountId, scopes };
    principals.set(claims, { row, principal });
    return principal;
  }

  // By the connection's object, so that a call makes no principal anew.
  const ofCertificates = new WeakMap<CertifiedCaller, TokenClaims>();

  function claimsOf(caller: CertifiedCaller): TokenClaims {
    const made = ofCertificates.get(caller);
    if (made !== undefined) return made;
    // It narrows nothing.
    const claims = { issuer: certificateIssuer, value: caller.value, scopes: allScopes };
    ofCertificates.set(caller, claims);
    return claims;
  }

  function judge(claims: TokenClaims | undefined): Principal | undefined | Promise<Principal> {
    if (claims === undefined) return undefined;
    const found = kept.find(identityText(claims));
    return found instanceof Promise ? found.then((row) => judgeRow(claims, row)) : judgeRow(claims, found);
  }

  return {
    recognizes: tokens.recognizes,
    isKnown: tokens.isKnown,
    verify(presented) {
      const claims = tokens.verify(presented);
      return claims instanceof Promise ? claims.then(judge) : judge(claims);
    },
    certified: (caller) => (clock.now() < caller.untilMs ? judge(claimsOf(caller)) : undefined),
    whyRefused: (presented) => ({
      reason: "WRONG_TOKEN",
      ...(presented === undefined ? {} : tokens.whyRefused(presented)),
    }),
    list: (after, limit, accountId) => store.listIdentities(after, limit, accountId),
    async set(act, identity) {
      await store.setIdentity(act, identity, configuredIds.includes(identity.accountId));
      await kept.renew(identityText(identity));
    },
    async remove(act, issuer, value) {
      const isGone = await store.removeIdentity(act, issuer, value);
      await kept.renew(identityText({ issuer, value }));
      return isGone;
    },
  };
}

const whatOf = ({ issuer }: TokenClaims) => (issuer === certificateIssuer ? "certificate" : "token");
