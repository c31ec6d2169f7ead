/** KeyService: how operators make, list, rotate and revoke keys, with a line in the log on who did what and from where. */
import type { Keys } from "../../app/keys/create-keys.ts";
import {
  CreateKeyRequest,
  type KeyServiceDefinition,
  RevokeKeyRequest,
  RotateKeyRequest,
} from "../../gen/smsrelay/v1/key_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromScope } from "../translate/enums.ts";
import { fromRateLimit } from "../translate/rate-limit.ts";
import { fromDate, fromDuration } from "../translate/time.ts";
import { toApiKey } from "./translate-key.ts";

export interface KeyServiceDeps {
  readonly keys: Keys;
  readonly log: Logger;
}

export const keyScopes = {
  createKey: "ADMIN",
  listKeys: "ADMIN",
  rotateKey: "ADMIN",
  revokeKey: "ADMIN",
} as const satisfies ScopesOf<KeyServiceDefinition>;

export function createKeyService({ keys, log }: KeyServiceDeps): Handlers<KeyServiceDefinition> {
  return {
    createKey: async (request, ...who) => {
      const caller = await callerOf(CreateKeyRequest, request, ...who);
      const wanted = {
        scopes: request.scopes.map(fromScope),
        expireTimeMs: fromDate(request.expireTime),
        rateLimits: request.rateLimits.map(fromRateLimit),
      };
      const made = await keys.create({ ...request, ...wanted }, caller);
      const { id: keyId, accountId: account, scopes } = made.apiKey;
      log.info({ keyId, account, scopes, ...actor(...who) }, "An operator created an API key.");
      return { apiKey: toApiKey(made.apiKey), secret: made.secret };
    },
    listKeys: async (request) => {
      const { entries, nextPageToken = "" } = await keys.list(request);
      return { apiKeys: entries.map(toApiKey), nextPageToken };
    },
    rotateKey: async (request, ...who) => {
      const caller = await callerOf(RotateKeyRequest, request, ...who);
      const { keyId, newKeyId, overlap, expireTime } = request;
      const wanted = {
        keyId,
        newKeyId,
        overlapMs: fromDuration(overlap),
        expireTimeMs: fromDate(expireTime),
      };
      const { apiKey, secret } = await keys.rotate(wanted, caller);
      const fields = { keyId, newKeyId: apiKey.id, account: apiKey.accountId, ...actor(...who) };
      log.info(fields, "An operator rotated an API key.");
      return { apiKey: toApiKey(apiKey), secret };
    },
    revokeKey: async (request, ...who) => {
      const { keyId, force } = request;
      const apiKey = await keys.revoke(keyId, { force }, await callerOf(RevokeKeyRequest, request, ...who));
      log.info({ keyId, account: apiKey.accountId, ...actor(...who) }, "An operator revoked an API key.");
      return { apiKey: toApiKey(apiKey) };
    },
  };
}
