/** Makes, lists, rotates and revokes API keys for operators; `api-keys.ts` keeps them. */
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import { accountFormRule, isAccountId, toAccountId } from "../../domain/ids.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import { accountScopes, type Scope, tidyScopes } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import { parseRateLimits } from "../../policy/limits/rate-limits.ts";
import type { ApiKey, KeyPlace } from "../../store/records/api-keys.ts";
import type { Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import { type Page, type PageRequest, readPage } from "../calls/page-token.ts";
import { invalid, missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import type { ApiKeys, NewApiKey } from "./api-keys.ts";

const keyIdForm = /^[a-z0-9-]{1,32}$/;
/** Ids that keys of the configuration have, or may have in a later release. */
const configuredForm = /^(configured|cfg)-/;

export interface KeyControlDeps {
  readonly keys: Pick<ApiKeys, "create" | "list" | "rotate" | "revoke">;
  readonly clock: Pick<Clock, "now">;
  readonly sealer: TokenSealer;
}

export interface KeyControl {
  create(
    input: {
      readonly accountId: string;
      /** Empty for those of an account. */
      readonly scopes: readonly (Scope | Unknown)[];
      readonly displayName: string;
      /** Empty for one of the service's own. */
      readonly keyId: string;
      /** NaN where it is malformed; undefined for never. */
      readonly expireTimeMs: number | undefined;
      /** Beside those of the account. */
      readonly rateLimits: readonly RateLimit[];
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /** Makes a key in place of another one, which goes on for a while. */
  rotate(
    input: {
      readonly keyId: string;
      /** NaN where it is malformed; undefined for none. */
      readonly overlapMs: number | undefined;
      /** Empty for one of the service's own. */
      readonly newKeyId: string;
      readonly expireTimeMs: number | undefined;
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /** Newest first; of one account where it is not empty. */
  list(page: PageRequest & { readonly accountId: string }): Promise<Page<ApiKey>>;
  revoke(keyId: string, options: { readonly force: boolean }, caller: Caller): Promise<ApiKey>;
}

const longestOverlapMs = 30 * 24 * 3_600_000;

type Refuse = (field: string, reason: FieldViolation["reason"], description: string) => void;

/** Gathers what is wrong, and refuses all of it at once. */
function checked(check: (refuse: Refuse) => void): void {
  const violations: FieldViolation[] = [];
  check((field, reason, description) => violations.push({ field, reason, description }));
  if (violations.length > 0) throw refuseFields(violations);
}

function checkNewId(refuse: Refuse, field: string, keyId: string): void {
  if (keyId === "") return;
  if (!keyIdForm.test(keyId)) refuse(field, "INVALID_PARAMETER", "must be 1 to 32 characters of a-z 0-9 -");
  else if (configuredForm.test(keyId))
    refuse(field, "INVALID_PARAMETER", "must not begin as ids of configured keys do");
}

/** Makes the use cases. */
export function createKeyControl({ keys, sealer, clock }: KeyControlDeps): KeyControl {
  function checkEnd(refuse: Refuse, expireTimeMs: number | undefined): void {
    if (expireTimeMs !== undefined && !(expireTimeMs > clock.now()))
      refuse("expire_time", "INVALID_PARAMETER", "must lie ahead");
  }

  return {
    async create({ accountId, scopes, displayName, keyId, expireTimeMs, rateLimits: given }, caller) {
      const known = scopes.filter((scope) => scope !== "UNRECOGNIZED");
      let rateLimits: readonly RateLimit[] = [];
      checked((refuse) => {
        if (accountId === "") refuse("account_id", "PARAMETER_MISSING", "is required");
        else if (!isAccountId(accountId)) refuse("account_id", "INVALID_PARAMETER", accountFormRule);
        if (known.length < scopes.length)
          refuse("scopes", "INVALID_PARAMETER", "must be of SEND, READ, MANAGE and ADMIN");
        if (isLongerThan(displayName, 63) || !isCleanText(displayName))
          refuse(
            "display_name",
            "INVALID_PARAMETER",
            "must have at most 63 characters, no controls and no U+FFFD",
          );
        checkNewId(refuse, "key_id", keyId);
        checkEnd(refuse, expireTimeMs);
        rateLimits = parseRateLimits("rate_limits", given, (field, rule) =>
          refuse(field, "INVALID_PARAMETER", rule),
        );
      });
      const wanted = {
        accountId: toAccountId(accountId),
        scopes: known.length === 0 ? accountScopes : tidyScopes(known),
        name: displayName,
        keyId: keyId === "" ? undefined : keyId,
        expireTimeMs,
        rateLimits: rateLimits.length === 0 ? undefined : rateLimits,
      };
      return keys.create(wanted, caller);
    },
    async rotate({ keyId, overlapMs = 0, newKeyId, expireTimeMs }, caller) {
      checked((refuse) => {
        if (keyId === "") refuse("key_id", "PARAMETER_MISSING", "is required");
        if (!(overlapMs >= 0 && overlapMs <= longestOverlapMs))
          refuse("overlap", "INVALID_PARAMETER", "must be 0 to 30 days");
        checkNewId(refuse, "new_key_id", newKeyId);
        checkEnd(refuse, expireTimeMs);
      });
      const wantedId = newKeyId === "" ? undefined : newKeyId;
      return keys.rotate(
        { keyId, overlapMs: Math.round(overlapMs), newKeyId: wantedId, expireTimeMs },
        caller,
      );
    },
    async list({ accountId, ...page }) {
      if (accountId !== "" && !isAccountId(accountId)) throw invalid("account_id", accountFormRule);
      const account = accountId === "" ? undefined : toAccountId(accountId);
      const read = (after: string | undefined, limit: number) =>
        keys.list(after === undefined ? undefined : placeOf(after), limit, account);
      return readPage(sealer, `keys ${accountId}`, page, read, ageKey);
    },
    revoke(keyId, options, caller) {
      if (keyId === "") throw missing("key_id");
      return keys.revoke(keyId, options, caller);
    },
  };
}

const ageDigits = 16;

/** Ascends as keys grow older, then by id. */
function ageKey(key: ApiKey): string {
  return `${String(Number.MAX_SAFE_INTEGER - key.createTimeMs).padStart(ageDigits, "0")}${key.id}`;
}

function placeOf(age: string): KeyPlace {
  const createTimeMs = Number.MAX_SAFE_INTEGER - Number(age.slice(0, ageDigits));
  return { createTimeMs, id: age.slice(ageDigits) };
}
