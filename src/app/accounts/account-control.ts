/** Makes, lists and changes accounts for operators, and shows an account to itself. */
import { type Account, type AccountState, defaultAccount } from "../../domain/account.ts";
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import { type AccountId, accountFormRule, isAccountId, toAccountId } from "../../domain/ids.ts";
import { holdsScope } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { PolicyInput } from "../../policy/parse-policy.ts";
import type { Act } from "../../store/records/audit.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import type { Principal } from "../calls/principal.ts";
import { invalid, missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import { standingOf } from "../calls/standing.ts";
import type { Unknown } from "../calls/unknown.ts";
import {
  changedPolicy,
  checkPolicy,
  isPartial,
  isPolicyPath,
  type ShownAccount,
  shownAccount,
  storedPolicy,
} from "./account-policy.ts";
import type { KeptStandings } from "./standings.ts";

const displayNamePath = "display_name";
/** Of an update that changes fields of a policy while others do, too. */
const mostTries = 5;

export interface AccountControlDeps {
  readonly store: Pick<
    Store,
    | "createAccount"
    | "updateAccount"
    | "setAccountState"
    | "findAccount"
    | "listAccounts"
    | "listAccountsOfKeys"
  >;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  readonly standings: Pick<KeptStandings, "change">;
  readonly maxRecipients: number;
  /** Accounts of the configuration. */
  readonly configuredIds: readonly string[];
}

export interface AccountControl {
  /** Empty for the caller's own; another's is for operators. */
  get(accountId: string, principal: Principal): Promise<Account>;
  create(
    input: {
      readonly accountId: string;
      readonly displayName: string;
      readonly policy: PolicyInput;
      /** Where the call comes from. */
      readonly address: string | undefined;
    },
    caller: Caller,
  ): Promise<Account>;
  /** By id. */
  list(page: PageRequest & { readonly states: readonly (AccountState | Unknown)[] }): Promise<Page<Account>>;
  update(
    input: {
      readonly accountId: string;
      readonly displayName: string;
      readonly policy: PolicyInput;
      /** Undefined for any; 0 while nothing of it was ever set. */
      readonly revision: number | undefined;
      readonly updateMask: readonly string[];
      /** Where the call comes from. */
      readonly address: string | undefined;
    },
    caller: Caller,
  ): Promise<Account>;
  suspend(
    input: {
      readonly accountId: string;
      readonly reason: string;
      readonly state: AccountState | Unknown;
    },
    caller: Caller,
  ): Promise<Account>;
  reinstate(accountId: string, caller: Caller): Promise<Account>;
  /** With its policy, and what that comes to. */
  shown(account: Account): ShownAccount;
}

/** Makes the use cases. */
export function createAccountControl(deps: AccountControlDeps): AccountControl {
  const { store, sealer, clock, standings, configuredIds } = deps;
  const isConfigured = (id: string) => configuredIds.includes(id);

  /** Does it, and has it in effect here before it is answered. */
  async function write(
    caller: Caller,
    subject: string,
    step: (act: Act) => Promise<Account>,
  ): Promise<Account> {
    const account = await step(actOf(caller, subject, clock.now()));
    standings.change(account);
    return account;
  }

  const setState = (accountId: string, state: AccountState, caller: Caller) => {
    const id = knownForm("account_id", accountId);
    return write(caller, id, (act) => store.setAccountState(act, id, state, isConfigured(id)));
  };

  return {
    async get(accountId, { accountId: own, scopes }) {
      if (accountId !== "" && accountId !== own && !holdsScope(scopes, "ADMIN")) {
        const text = "The key is for another account.";
        throw new SmsError("ACCESS_DENIED", text, { metadata: { scope: "ADMIN" } });
      }
      const id = accountId === "" ? own : knownForm("account_id", accountId);
      const { account, hasKey } = await store.findAccount(id);
      if (account !== undefined) return account;
      if (hasKey || isConfigured(id)) return defaultAccount(id);
      throw new SmsError("UNKNOWN_ACCOUNT");
    },

    async create({ accountId, displayName, policy, address }, caller) {
      const violations: FieldViolation[] = [];
      if (accountId === "")
        violations.push({
          field: "account.account_id",
          reason: "PARAMETER_MISSING",
          description: "is required",
        });
      else if (!isAccountId(accountId))
        violations.push({
          field: "account.account_id",
          reason: "INVALID_PARAMETER",
          description: accountFormRule,
        });
      violations.push(...faultsOfName(displayName));
      const checked = checkPolicy(policy);
      if ("violations" in checked) violations.push(...checked.violations);
      if ("violations" in checked || violations.length > 0) throw refuseFields(violations);
      const id = toAccountId(accountId);
      if (id === caller.accountId) refuseLockout(id, checked.json, address);
      const account = { id, displayName, policy: checked.json };
      return write(caller, id, (act) => store.createAccount(act, account, isConfigured(id)));
    },

    async list({ states, ...page }) {
      if (states.includes("UNRECOGNIZED"))
        throw invalid("states", "must be of ACTIVE, SUSPENDED and SENDING_DISABLED");
      const wanted = [...new Set(states)].toSorted();
      const list = `accounts\u0000${wanted.join(",")}`;
      const limit = pageSizeOf(page);
      const after = openPageToken(sealer, list, page) ?? "";
      const rows = await store.listAccounts(after, limit + 1);
      const idsOfKeys = await store.listAccountsOfKeys(after, limit + 1);
      const found = new Map(rows.map((account) => [account.id as string, account]));
      // Beyond what was read there may be more of either.
      const ends = [rows.map(({ id }) => id), idsOfKeys].flatMap((ids) => ids[limit] ?? []);
      const last = ends.toSorted()[0];
      for (const id of [...configuredIds, ...idsOfKeys]) {
        if (id <= after || (last !== undefined && id > last) || found.has(id)) continue;
        found.set(id, defaultAccount(toAccountId(id)));
      }
      const all = [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const entries = all.slice(0, limit);
      const end = entries.at(-1)?.id;
      return {
        entries: wanted.length === 0 ? entries : entries.filter(({ state }) => wanted.includes(state)),
        nextPageToken:
          end === undefined || all.length <= limit ? undefined : sealPageToken(sealer, list, end),
      };
    },

    async update({ accountId, displayName, policy, revision, updateMask, address }, caller) {
      if (accountId === "") throw missing("account.account_id");
      if (updateMask.length === 0) throw missing("update_mask");
      if (!updateMask.every((path) => path === displayNamePath || isPolicyPath(path)))
        throw invalid("update_mask", "must name display_name, policy or fields of policy");
      const hasName = updateMask.includes(displayNamePath);
      const violations = hasName ? faultsOfName(displayName) : [];
      if (violations.length > 0) throw refuseFields(violations);
      if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 0))
        throw invalid("account.revision", "must be one that the account had");
      const id = knownForm("account.account_id", accountId);
      for (let tries = 1; ; tries++) {
        // The rest of the policy is that of one revision, which the store compares.
        const before = isPartial(updateMask)
          ? ((await store.findAccount(id)).account ?? defaultAccount(id))
          : undefined;
        const base = before === undefined ? {} : storedPolicy(before);
        const checked = updateMask.some(isPolicyPath)
          ? checkPolicy(changedPolicy(base, policy, updateMask))
          : undefined;
        if (checked !== undefined && "violations" in checked) throw refuseFields(checked.violations);
        if (checked !== undefined && id === caller.accountId) refuseLockout(id, checked.json, address);
        const fields = {
          ...(hasName && { displayName }),
          ...(checked !== undefined && { policy: checked.json }),
        };
        const meant = revision ?? before?.revision;
        try {
          return await write(caller, id, (act) =>
            store.updateAccount(act, id, fields, meant, isConfigured(id)),
          );
        } catch (error) {
          const isStale = error instanceof SmsError && error.code === "STALE_REVISION";
          if (!isStale || revision !== undefined || tries === mostTries) throw error;
        }
      }
    },

    async suspend({ accountId, reason, state }, caller) {
      const id = knownForm("account_id", accountId);
      if (isLongerThan(reason, 200) || !isCleanText(reason))
        throw invalid("reason", "must have at most 200 characters, no controls and no U+FFFD");
      if (state !== "SUSPENDED" && state !== "SENDING_DISABLED")
        throw invalid("state", "must be unset, SUSPENDED or SENDING_DISABLED");
      // Whoever suspends another one is an operator who stays.
      if (state === "SUSPENDED" && id === caller.accountId)
        throw new SmsError(
          "NOT_CHANGEABLE",
          "It is your own account: an operator of another one may suspend it.",
        );
      return setState(id, state, caller);
    },

    reinstate: async (accountId, caller) => setState(accountId, "ACTIVE", caller),
    shown: (account) => shownAccount(account, deps),
  };
}

/** Nobody could take back what keeps the operators of an account from calling; one of another account, or from elsewhere, can. */
function refuseLockout(id: AccountId, policy: string, address: string | undefined): void {
  const { admits } = standingOf({ id, state: "ACTIVE", policy });
  if (admits === undefined || admits(address)) return;
  throw new SmsError(
    "NOT_CHANGEABLE",
    "It is your own account, and its ip_ranges would not let in this call: set them from an address that they let in, or as an operator of another account.",
    { metadata: { rule: "IP_RANGES", address: address ?? "" } },
  );
}

/** PARAMETER_MISSING where it is empty; what cannot be an account's id is that of no account. */
function knownForm(field: string, accountId: string): AccountId {
  if (accountId === "") throw missing(field);
  if (!isAccountId(accountId)) throw new SmsError("UNKNOWN_ACCOUNT");
  return toAccountId(accountId);
}

function faultsOfName(displayName: string): readonly FieldViolation[] {
  if (!isLongerThan(displayName, 63) && isCleanText(displayName)) return [];
  const description = "must have at most 63 characters, no controls and no U+FFFD";
  return [{ field: "account.display_name", reason: "INVALID_PARAMETER", description }];
}
