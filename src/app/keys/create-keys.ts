/** API keys: what tells an API who calls, and the calls of operators. */
import type { NamedKeyVerifier } from "../calls/principal.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import { type ApiKeys, type ApiKeysDeps, createApiKeys } from "./api-keys.ts";
import { createKeyControl, type KeyControl } from "./key-control.ts";

export interface Keys
  extends NamedKeyVerifier,
    KeyControl,
    Pick<ApiKeys, "isConfigured" | "holderOf" | "hasAny" | "look"> {}

export interface KeysDeps extends ApiKeysDeps {
  readonly sealer: TokenSealer;
}

export function createKeys({ sealer, ...deps }: KeysDeps): Keys {
  const keys = createApiKeys(deps);
  const { verify, isKnown, whyRefused, isConfigured, holderOf, hasAny, look } = keys;
  return {
    verify,
    isKnown,
    whyRefused,
    isConfigured,
    holderOf,
    hasAny,
    look,
    ...createKeyControl({ keys, sealer, clock: deps.clock }),
  };
}
