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

/** From this schema on programs know of suspended accounts. */
const knowsStates = 15;
/** And of every setting of a policy: one of before refuses to send by a policy with others. */
const knowsPolicies = 28;

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
 * UNKNOWN_ACCOUNT, or STALE_REVISION where it is at another one; undefined for any. What has the asked values is answered at whatever
 * revision it is: a call that is repeated, since its answer was lost, finds its own change. SERVICE_UNAVAILABLE while a replica runs that would
 * not obey its policy.
 */
export function* updateAccount(
  act: Act,
  id: AccountId,
  fields: Partial<Pick<Account, "displayName" | "policy">>,
  revision: number | undefined,
  isConfigured: boolean,
): Step<Done<Account | Refusal>> {
  const before = yield* knownAccount(id, isConfigured);
  if ("refusal" in before) return { outcome: before };
  const after = { ...before, ...fields };
  if (isSame(before, after)) return { outcome: before };
  if (revision !== undefined && revision !== before.revision) return { outcome: staleRevision(before) };
  const refusal = yield* requirePolicyReaders(fields.policy ?? "{}");
  if (refusal !== undefined) return { outcome: refusal };
  return yield* put(act, before, after);
}

/**
 * SERVICE_UNAVAILABLE while a replica runs that would not refuse the account's calls. A suspended account is not let in again by
 * disabling its sending: the stronger state stays.
 */
export function* setAccountState(
  act: Act,
  id: AccountId,
  state: AccountState,
  isConfigured: boolean,
): Step<Done<Account | Refusal>> {
  const before = yield* knownAccount(id, isConfigured);
  if ("refusal" in before) return { outcome: before };
  if (state !== "ACTIVE") {
    const refusal = yield* requireReaders(knowsStates);
    if (refusal !== undefined) return { outcome: refusal };
  }
  if (state === "SENDING_DISABLED" && before.state === "SUSPENDED") return { outcome: before };
  return yield* put(act, before, { ...before, state });
}

function* requirePolicyReaders(policy: string): Step<Refusal | undefined> {
  return policy === "{}" ? undefined : yield* requireReaders(knowsPolicies);
}

/** UNKNOWN_ACCOUNT where it has no row, no key, and does not stand in the file. */
export function* knownAccount(id: AccountId, isConfigured: boolean): Step<Account | Refusal> {
  const { account, hasKey } = yield* findAccount(id);
  if (account !== undefined) return account;
  return isConfigured || hasKey ? defaultAccount(id) : { refusal: "UNKNOWN_ACCOUNT", details: {} };
}

function* put(act: Act, before: Account, after: Account): Step<Done<Account>> {
  if (isSame(before, after)) return { outcome: before };
  const { id, displayName, state, policy } = after;
  if (before.revision === 0) yield* run(insert, id, "", "ACTIVE", "{}", act.timeMs);
  yield* run(update, id, displayName, state, policy);
  const change = { before: shownAccount(before), changed: { kind: "account", id } } as const;
  return { outcome: yield* mustRead(id), change };
}

function isSame(before: Account, after: Account): boolean {
  return (
    before.displayName === after.displayName && before.state === after.state && before.policy === after.policy
  );
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
    revision: String(revision),
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
