/** Identities: whom an issuer of access tokens vouches for, and the account for which they act. */
import type { AccountId } from "../../domain/ids.ts";
import { type Scope, scopes as words } from "../../domain/scopes.ts";
import { knownAccount } from "./accounts.ts";
import type { Act, Done } from "./audit.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

export interface Identity {
  /** URL, as in its tokens. */
  readonly issuer: string;
  /** Of the claim that says who the caller is. */
  readonly value: string;
  readonly accountId: AccountId;
  /** What it may do at most; in the contract's order. */
  readonly scopes: readonly Scope[];
}

interface IdentityRow {
  readonly issuer: string;
  readonly value: string;
  readonly account_id: AccountId;
  readonly scopes: string;
}

const list = sql<IdentityRow>(
  "list_identities",
  "SELECT issuer, value, account_id, scopes FROM identities ORDER BY issuer, value",
);
const find = sql<IdentityRow>(
  "find_identity",
  "SELECT issuer, value, account_id, scopes FROM identities WHERE issuer = $1 AND value = $2",
);
const put = sql(
  "set_identity",
  `INSERT INTO identities (issuer, value, account_id, scopes) VALUES ($1, $2, $3, $4)
   ON CONFLICT (issuer, value) DO UPDATE SET account_id = excluded.account_id, scopes = excluded.scopes`,
);
const remove = sql("remove_identity", "DELETE FROM identities WHERE issuer = $1 AND value = $2");

/** All, by issuer and value: the snapshot that every call with a token is checked against. */
export function* listIdentities(): Step<readonly Identity[]> {
  return (yield* all(list)).map(identityOf);
}

/** UNKNOWN_ACCOUNT for one that nobody has made; the identity as it is now else. `isConfigured`: the account stands in the file. */
export function* setIdentity(
  _act: Act,
  identity: Identity,
  isConfigured: boolean,
): Step<Done<Identity | Refusal>> {
  const account = yield* knownAccount(identity.accountId, isConfigured);
  if ("refusal" in account) return { outcome: account };
  const { issuer, value, accountId, scopes } = identity;
  const before = yield* readIdentity(issuer, value);
  const held = scopes.join(",");
  if (before?.accountId === accountId && before.scopes.join(",") === held) return { outcome: identity };
  yield* run(put, issuer, value, accountId, held);
  return { outcome: identity, change: { before } };
}

/** False where there is none. */
export function* removeIdentity(_act: Act, issuer: string, value: string): Step<Done<boolean>> {
  const before = yield* readIdentity(issuer, value);
  if (before === undefined) return { outcome: false };
  yield* run(remove, issuer, value);
  return { outcome: true, change: { before } };
}

function* readIdentity(issuer: string, value: string): Step<Identity | undefined> {
  const row = yield* first(find, issuer, value);
  return row === undefined ? undefined : identityOf(row);
}

function identityOf({ issuer, value, account_id: accountId, scopes }: IdentityRow): Identity {
  // A word of a later release counts for nothing.
  const held = scopes.split(",");
  return { issuer, value, accountId, scopes: words.filter((word) => held.includes(word)) };
}
