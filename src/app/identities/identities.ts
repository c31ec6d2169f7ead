/**
 * Who, among callers that another issuer vouches for, acts for which account. Held in memory as of the last look; what was set at another
 * replica is in effect here within a second.
 */
import { SmsError } from "../../domain/errors.ts";
import { scopes as allScopes, holdsScope } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Act } from "../../store/records/audit.ts";
import type { Identity } from "../../store/records/identities.ts";
import type { Store } from "../../store/store.ts";
import {
  type CallerVerifier,
  type CertifiedCaller,
  certificateIssuer,
  identityText,
  type Principal,
} from "../calls/principal.ts";
import { createFollowed, type Looking, trustMs } from "../followed.ts";
import type { TokenClaims, TokenVerifier } from "./token-verifier.ts";

export interface Identities extends CallerVerifier, Looking {
  /** Whether this is for us to judge. */
  recognizes(presented: string): boolean;
  /** By issuer, then value. */
  list(): Promise<readonly Identity[]>;
  set(act: Act, identity: Identity): Promise<void>;
  /** False where there was none. */
  remove(act: Act, issuer: string, value: string): Promise<boolean>;
}

export interface IdentitiesDeps {
  readonly store: Pick<Store, "listIdentities" | "setIdentity" | "removeIdentity"> & {
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly tokens: TokenVerifier;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** Accounts of the configuration. */
  readonly configuredIds: readonly string[];
}

export function createIdentities({ store, tokens, clock, configuredIds }: IdentitiesDeps): Identities {
  const known = createFollowed<ReadonlyMap<string, Identity>>({
    initial: new Map(),
    load: async () => new Map((await store.listIdentities()).map((row) => [identityText(row), row])),
    isShared: store.sessions.replicaId !== undefined,
    clock,
  });
  // A token goes on saying the same, and a row being the same: a call then makes no principal anew.
  const principals = new WeakMap<TokenClaims, { readonly row: Identity; readonly principal: Principal }>();

  function judgeNow(claims: TokenClaims): Principal | Promise<never> {
    const row = known.value.get(identityText(claims));
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
    if (known.isFresh()) return judgeNow(claims);
    return known.look(trustMs).then(() => judgeNow(claims));
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
    async list() {
      await known.look();
      return [...known.value.values()];
    },
    async set(act, identity) {
      await store.setIdentity(act, identity, configuredIds.includes(identity.accountId));
      known.change((value) => new Map(value).set(identityText(identity), identity));
    },
    async remove(act, issuer, value) {
      const isGone = await store.removeIdentity(act, issuer, value);
      known.change((held) => {
        const left = new Map(held);
        left.delete(identityText({ issuer, value }));
        return left;
      });
      return isGone;
    },
    look: () => known.look(),
  };
}

const whatOf = ({ issuer }: TokenClaims) => (issuer === certificateIssuer ? "certificate" : "token");
