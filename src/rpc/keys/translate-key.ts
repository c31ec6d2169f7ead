/** API keys, without their secrets and hashes. */
import type { ApiKey as PbApiKey } from "../../gen/smsrelay/v1/api_key.ts";
import type { ApiKey } from "../../store/records/api-keys.ts";
import { toScope } from "../translate/enums.ts";
import { toRateLimit } from "../translate/rate-limit.ts";
import { toDate } from "../translate/time.ts";

export function toApiKey(key: ApiKey): PbApiKey {
  return {
    keyId: key.id,
    accountId: key.accountId,
    scopes: key.scopes.map(toScope),
    displayName: key.name,
    createTime: toDate(key.createTimeMs),
    revokeTime: toDate(key.revokeTimeMs),
    expireTime: toDate(key.expireTimeMs),
    useTime: toDate(key.useTimeMs),
    rateLimits: (key.rateLimits ?? []).map(toRateLimit),
  };
}
