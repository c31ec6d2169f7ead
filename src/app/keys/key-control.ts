/** Makes, lists and revokes API keys for operators; `api-keys.ts` keeps them. */
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import { accountFormRule, isAccountId, toAccountId } from "../../domain/ids.ts";
import { accountScopes, type Scope, tidyScopes } from "../../domain/scopes.ts";
import type { ApiKey } from "../../store/records/api-keys.ts";
import type { Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import { type Page, type PageRequest, pageOf } from "../calls/page-token.ts";
import { missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import type { ApiKeys, NewApiKey } from "./api-keys.ts";

const keyIdForm = /^[a-z0-9-]{1,32}$/;
/** Ids that keys of the configuration have, or may have in a later release. */
const configuredForm = /^(configured|cfg)-/;

export interface KeyControlDeps {
  readonly keys: Pick<ApiKeys, "create" | "list" | "revoke">;
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
    },
    caller: Caller,
  ): Promise<NewApiKey>;
  /** Newest first. */
  list(page: PageRequest): Promise<Page<ApiKey>>;
  revoke(keyId: string, options: { readonly force: boolean }, caller: Caller): Promise<ApiKey>;
}

/** Makes the use cases. */
export function createKeyControl({ keys, sealer }: KeyControlDeps): KeyControl {
  return {
    async create({ accountId, scopes, displayName, keyId }, caller) {
      const violations: FieldViolation[] = [];
      const refuse = (field: string, reason: FieldViolation["reason"], description: string) =>
        violations.push({ field, reason, description });
      if (accountId === "") refuse("account_id", "PARAMETER_MISSING", "is required");
      else if (!isAccountId(accountId)) refuse("account_id", "INVALID_PARAMETER", accountFormRule);
      const known = scopes.filter((scope) => scope !== "UNRECOGNIZED");
      if (known.length < scopes.length)
        refuse("scopes", "INVALID_PARAMETER", "must be of SEND, READ, MANAGE and ADMIN");
      if (isLongerThan(displayName, 63) || !isCleanText(displayName))
        refuse(
          "display_name",
          "INVALID_PARAMETER",
          "must have at most 63 characters, no controls and no U+FFFD",
        );
      if (keyId !== "" && !keyIdForm.test(keyId))
        refuse("key_id", "INVALID_PARAMETER", "must be 1 to 32 characters of a-z 0-9 -");
      else if (configuredForm.test(keyId))
        refuse("key_id", "INVALID_PARAMETER", "must not begin as ids of configured keys do");
      if (violations.length > 0) throw refuseFields(violations);
      const wanted = {
        accountId: toAccountId(accountId),
        scopes: known.length === 0 ? accountScopes : tidyScopes(known),
        name: displayName,
        keyId: keyId === "" ? undefined : keyId,
      };
      return keys.create(wanted, caller);
    },
    list: async (page) => pageOf(sealer, "keys", page, (await keys.list()).toSorted(byAge), ageKey),
    revoke(keyId, options, caller) {
      if (keyId === "") throw missing("key_id");
      return keys.revoke(keyId, options, caller);
    },
  };
}

/** Ascends as keys grow older, then by id. */
function ageKey(key: ApiKey): string {
  return `${String(Number.MAX_SAFE_INTEGER - key.createTimeMs).padStart(16, "0")}${key.id}`;
}

function byAge(a: ApiKey, b: ApiKey): number {
  return ageKey(a) < ageKey(b) ? -1 : 1;
}
