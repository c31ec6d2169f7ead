/** Accounts: what differs from the defaults. One without a row has all of them; it is known by its keys or by the configuration. */
import { type Account, type AccountState, defaultAccount } from "../../domain/account.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Act, Done } from "./audit.ts";
import { requireReaders } from "./readers.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

/** An account as it is asked for, and whether it is known without a row. */
export interface FoundAccount {
  readonly account: Account | undefined;
  readonly hasKey: boolean;
}

/** From this schema on programs know of suspended accounts, and obey policies. */
const knowsStates = 15;

interface AccountRow {
  readonly id: AccountId;
  readonly display_name: string;
  readonly state: AccountState;
  readonly policy: string;
  readonly revision: number;
  readonly create_time: number;
}

const columns = "id, display_name, state, policy, revision, create_time";
const find = sql<AccountRow>("find_account", `SELECT ${columns} FROM accounts WHERE id = $1`);
const findKey = sql<{ id: string }>(
  "find_key_of_account",
  "SELECT id FROM api_keys WHERE account_id = $1 LIMIT 1",
);
const findRevoked = sql<{ id: string }>(
  "find_revoked_key",
  "SELECT id FROM api_keys WHERE id = $1 AND revoke_time IS NOT NULL",
);
const list = sql<AccountRow>(
  "list_accounts",
  `SELECT ${columns} FROM accounts WHERE id > $1 ORDER BY id LIMIT $2`,
);
const insert = sql(
  "insert_account",
  `INSERT INTO accounts (id, display_name, state, policy, revision, create_time) VALUES ($1, $2, $3, $4, 1, $5)
   ON CONFLICT (id) DO NOTHING`,
);
const update = sql(
  "change_account",
  "UPDATE accounts SET display_name = $2, state = $3, policy = $4, revision = revision + 1 WHERE id = $1",
);

export function* readAccount(id: AccountId): Step<Account | undefined> {
  const row = yield* first(find, id);
  return row === undefined ? undefined : accountOf(row);
}

export function* findAccount(id: AccountId): Step<FoundAccount> {
  return { account: yield* readAccount(id), hasKey: (yield* first(findKey, id)) !== undefined };
}

/** Those with rows, by id, after one. */
export function* listAccounts(after: string, limit: number): Step<readonly Account[]> {
  return (yield* all(list, after, limit)).map(accountOf);
}

/** The row of an account that gets its first key; false where it is there. */
export function* makeAccount(id: AccountId, nowMs: number): Step<boolean> {
  return (yield* run(insert, id, "", "ACTIVE", "{}", nowMs)) === 1;
}

/** ALREADY_EXISTS where the account is known. `isConfigured`: it stands in the file. */
export function* createAccount(
  act: Act,
  account: Pick<Account, "id" | "displayName" | "policy">,
  isConfigured: boolean,
): Step<Done<Account | Refusal>> {
  const { id, displayName, policy } = account;
  const found = yield* findAccount(id);
  if (isConfigured || found.hasKey || found.account !== undefined) {
    const message = "An account has this id.";
    return { outcome: { refusal: "ALREADY_EXISTS", message, details: {} } };
  }
  const refusal = yield* requirePolicyReaders(policy);
  if (refusal !== undefined) return { outcome: refusal };
  yield* run(insert, id, displayName, "ACTIVE", policy, act.timeMs);
  return { outcome: yield* mustRead(id), change: { changed: { kind: "account", id } } };
}

/**
 * UNKNOWN_ACCOUNT, or STALE_REVISION where it is at another one; 0 for any. SERVICE_UNAVAILABLE while a replica runs that would not obey its
 * policy.
 */
export function* updateAccount(
  act: Act,
  id: AccountId,
  fields: Partial<Pick<Account, "displayName" | "policy">>,
  revision: number,
  isConfigured: boolean,
): Step<Done<Account | Refusal>> {
  const before = yield* knownAccount(id, isConfigured);
  if ("refusal" in before) return { outcome: before };
  if (revision !== 0 && revision !== before.revision) return { outcome: staleRevision(before) };
  const refusal = yield* requirePolicyReaders(fields.policy ?? "{}");
  if (refusal !== undefined) return { outcome: refusal };
  return yield* put(act, before, { ...before, ...fields });
}

/** SERVICE_UNAVAILABLE while a replica runs that would not refuse the account's calls. */
export function* setAccountState(
  act: Act,
  id: AccountId,
  state: AccountState,
  isConfigured: boolean,
): Step<Done<Account | Refusal>> {
  const refused = yield* refuseGone(act);
  if (refused !== undefined) return { outcome: refused };
  const before = yield* knownAccount(id, isConfigured);
  if ("refusal" in before) return { outcome: before };
  if (state !== "ACTIVE") {
    const refusal = yield* requireReaders(knowsStates);
    if (refusal !== undefined) return { outcome: refusal };
  }
  return yield* put(act, before, { ...before, state });
}

/** Whose key or account another operator has taken away meanwhile: of two who do that to each other one stays. */
export function* refuseGone({ accountId, keyId }: Act): Step<Refusal | undefined> {
  if (accountId !== undefined && (yield* readAccount(accountId))?.state === "SUSPENDED")
    return { refusal: "INVALID_ACCOUNT", details: {} };
  if ((yield* first(findRevoked, keyId)) !== undefined)
    return { refusal: "INVALID_CREDENTIALS", details: {} };
  return undefined;
}

function* requirePolicyReaders(policy: string): Step<Refusal | undefined> {
  return policy === "{}" ? undefined : yield* requireReaders(knowsStates);
}

/** UNKNOWN_ACCOUNT where it has no row, no key, and does not stand in the file. */
export function* knownAccount(id: AccountId, isConfigured: boolean): Step<Account | Refusal> {
  const { account, hasKey } = yield* findAccount(id);
  if (account !== undefined) return account;
  return isConfigured || hasKey ? defaultAccount(id) : { refusal: "UNKNOWN_ACCOUNT", details: {} };
}

function* put(act: Act, before: Account, after: Account): Step<Done<Account>> {
  const { id, displayName, state, policy } = after;
  if (displayName === before.displayName && state === before.state && policy === before.policy)
    return { outcome: before };
  if (before.revision === 0) yield* run(insert, id, "", "ACTIVE", "{}", act.timeMs);
  yield* run(update, id, displayName, state, policy);
  const change = { before: shownAccount(before), changed: { kind: "account", id } } as const;
  return { outcome: yield* mustRead(id), change };
}

function* mustRead(id: AccountId): Step<Account> {
  const account = yield* readAccount(id);
  if (account === undefined) throw new RangeError("the account is gone");
  return account;
}

function staleRevision({ revision }: Account): Refusal {
  return { refusal: "STALE_REVISION", details: { metadata: { revision: String(revision) } } };
}

/** In the contract's JSON form. */
function shownAccount({ id, displayName, state, policy, revision }: Account): object {
  return {
    accountId: id,
    ...(displayName === "" ? {} : { displayName }),
    state: `ACCOUNT_STATE_${state}`,
    ...(policy === "{}" ? {} : { policy: JSON.parse(policy) as unknown }),
    ...(revision === 0 ? {} : { revision: String(revision) }),
  };
}

function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    displayName: row.display_name,
    state: row.state,
    policy: row.policy,
    revision: row.revision,
    createTimeMs: row.create_time,
  };
}
