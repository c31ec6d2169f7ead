/** KeyService: how operators make, list and revoke keys, with a line in the log on who did what and from where. */
import type { Keys } from "../../app/keys/create-keys.ts";
import type { KeyServiceClient, KeyServiceImplementation } from "../../gen/smsrelay/v1/key_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor } from "../calls/actor.ts";
import type { Guard } from "../calls/guard.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { fromScope } from "../translate/enums.ts";
import { toApiKey } from "./translate-key.ts";

export interface KeyServiceDeps {
  readonly guard: Guard;
  readonly keys: Keys;
  readonly log: Logger;
}

export const keyScopes = {
  createKey: "ADMIN",
  listKeys: "ADMIN",
  revokeKey: "ADMIN",
} as const satisfies ScopesOf<KeyServiceClient>;

export function createKeyService({
  guard,
  keys,
  log,
}: KeyServiceDeps): WholeAnswers<KeyServiceImplementation, KeyServiceClient> {
  return {
    createKey: guard.unary(async (request, ...who) => {
      const made = await keys.create({ ...request, scopes: request.scopes.map(fromScope) });
      const { id: keyId, accountId: account, scopes } = made.apiKey;
      log.info({ keyId, account, scopes, ...actor(...who) }, "An operator created an API key.");
      return { apiKey: toApiKey(made.apiKey), secret: made.secret };
    }),
    listKeys: guard.unary(async (request) => {
      const { entries, nextPageToken = "" } = await keys.list(request);
      return { apiKeys: entries.map(toApiKey), nextPageToken };
    }),
    revokeKey: guard.unary(async ({ keyId, force }, ...who) => {
      const apiKey = await keys.revoke(keyId, { force });
      log.info({ keyId, account: apiKey.accountId, ...actor(...who) }, "An operator revoked an API key.");
      return { apiKey: toApiKey(apiKey) };
    }),
  };
}
