/** Callers whom other issuers vouch for: what tells an API who they are, and the calls of operators. */
import type { Clock } from "../../observability/clock.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import { createIdentities, type Identities, type IdentitiesDeps } from "./identities.ts";
import { createIdentityControl, type IdentityControl } from "./identity-control.ts";

export interface IdentitiesFeature
  extends IdentityControl,
    Pick<Identities, "recognizes" | "isKnown" | "verify" | "whyRefused" | "certified"> {}

export interface IdentitiesFeatureDeps extends IdentitiesDeps {
  readonly sealer: TokenSealer;
  readonly clock: Clock;
  /** URLs of the issuers of the configuration; an empty one where clients may show certificates. */
  readonly issuers: readonly string[];
}

export function createIdentitiesFeature(deps: IdentitiesFeatureDeps): IdentitiesFeature {
  const identities = createIdentities(deps);
  const { recognizes, verify, isKnown, whyRefused, certified } = identities;
  return {
    recognizes,
    isKnown,
    verify,
    whyRefused,
    certified,
    ...createIdentityControl({ ...deps, identities }),
  };
}
