/** Identities: whom an issuer of access tokens vouches for, and the account for which they act. */

import { type CallerIdentity, identityText } from "../../domain/caller-identity.ts";
import type { AccountId } from "../../domain/ids.ts";
import { type Scope, scopes as words } from "../../domain/scopes.ts";
import { knownAccount } from "./accounts.ts";
import type { Act, Done } from "./audit.ts";
import { all, first, listLength, padded, type Refusal, run, type Step, sql } from "./sql.ts";

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

const listing = (name: string, condition: string) =>
  sql<IdentityRow>(
    name,
    `SELECT issuer, value, account_id, scopes FROM identities WHERE ${condition} (issuer, value) > ($1, $2)
     ORDER BY issuer, value LIMIT $3`,
  );
const listAll = listing("list_identities", "");
const listOfAccount = listing("list_identities_of_account", "account_id = $4 AND");
const asked = Array.from({ length: listLength }, (_, at) => `($${2 * at + 1}, $${2 * at + 2})`).join(", ");
const findListed = sql<IdentityRow>(
  "find_identities",
  `SELECT i.issuer, i.value, i.account_id, i.scopes
   FROM (VALUES ${asked}) AS asked JOIN identities i ON i.issuer = asked.column1 AND i.value = asked.column2`,
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

const nobody: CallerIdentity = { issuer: "", value: "" };

/** By issuer and value, after one; of one account where it is told. */
export function* listIdentities(
  after: CallerIdentity | undefined,
  limit: number,
  accountId: AccountId | undefined,
): Step<readonly Identity[]> {
  const { issuer, value } = after ?? nobody;
  const rows = yield* accountId === undefined
    ? all(listAll, issuer, value, limit)
    : all(listOfAccount, issuer, value, limit, accountId);
  return rows.map(identityOf);
}

/** What there is of at most 500, in any order. */
export function* findIdentities(identities: readonly CallerIdentity[]): Step<readonly Identity[]> {
  const found: Identity[] = [];
  for (const list of padded(identities, nobody)) {
    const values = list.flatMap(({ issuer, value }) => [issuer, value]);
    found.push(...(yield* all(findListed, ...values)).map(identityOf));
  }
  return found;
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
  return { outcome: identity, change: { before, changed: changedIdentity(identity) } };
}

/** False where there is none. */
export function* removeIdentity(_act: Act, issuer: string, value: string): Step<Done<boolean>> {
  const before = yield* readIdentity(issuer, value);
  if (before === undefined) return { outcome: false };
  yield* run(remove, issuer, value);
  return { outcome: true, change: { before, changed: changedIdentity(before) } };
}

const changedIdentity = (identity: CallerIdentity) =>
  ({ kind: "identity", id: identityText(identity) }) as const;

function* readIdentity(issuer: string, value: string): Step<Identity | undefined> {
  const row = yield* first(find, issuer, value);
  return row === undefined ? undefined : identityOf(row);
}

function identityOf({ issuer, value, account_id: accountId, scopes }: IdentityRow): Identity {
  // A word of a later release counts for nothing.
  const held = scopes.split(",");
  return { issuer, value, accountId, scopes: words.filter((word) => held.includes(word)) };
}
