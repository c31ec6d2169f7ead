/** The line in the log where a key is refused: from where, why, and whose key it is where that is known; never the key. */
import type { KeyVerifier, Principal } from "../../app/calls/principal.ts";
import { SmsError } from "../../domain/errors.ts";
import type { Scope } from "../../domain/scopes.ts";
import type { Logger } from "../../observability/logger.ts";

export interface RefusedKeysDeps {
  readonly keys: Pick<KeyVerifier, "whyRefused">;
  readonly log: Logger;
}

/** `presented` is undefined where there was no key in good form. */
export function logRefusedKey(deps: RefusedKeysDeps, presented: string | undefined, peer: string): void {
  const fields = { ...deps.keys.whyRefused(presented), peer };
  deps.log.often.warn(fields, "A call was refused for its key.");
}

/** A key that is right but does not hold what the call wants. */
export function logMissingScope(
  { log }: Pick<RefusedKeysDeps, "log">,
  { keyId, identity, accountId: account }: Principal,
  scope: Scope,
  peer: string,
): void {
  const fields = { reason: "NO_SCOPE", scope, keyId, ...identity, account, peer };
  log.often.warn(fields, "A call was refused to a key that does not hold its scope.");
}

/** A key that is right, of an account that an operator suspended. */
export function logSuspended(
  { log }: Pick<RefusedKeysDeps, "log">,
  { keyId, identity, accountId: account }: Principal,
  peer: string,
): void {
  const fields = { reason: "SUSPENDED", keyId, ...identity, account, peer };
  log.often.warn(fields, "A call was refused to a suspended account.");
}

/** A key that is right, of an account whose calls may not come from there. */
export function logWrongAddress(
  { log }: Pick<RefusedKeysDeps, "log">,
  { keyId, identity, accountId: account }: Principal,
  peer: string,
): void {
  const fields = { reason: "WRONG_ADDRESS", keyId, ...identity, account, peer };
  log.often.warn(fields, "A call was refused for where it comes from.");
}

/** Whether a token was right and acts for no account here. */
export function isOfNobody(thrown: unknown): thrown is SmsError {
  return thrown instanceof SmsError && thrown.code === "INVALID_ACCOUNT";
}

export function logNobody({ log }: Pick<RefusedKeysDeps, "log">, refusal: SmsError, peer: string): void {
  const fields = { reason: "NO_IDENTITY", ...refusal.details.metadata, peer };
  log.often.warn(fields, "A call was refused to a token that acts for no account.");
}
