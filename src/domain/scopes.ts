/** What a key may do: the contract's scopes, in its order. */

export const scopes = ["SEND", "READ", "MANAGE", "ADMIN"] as const;

export type Scope = (typeof scopes)[number];

/** Those of a key that only sends for its account and looks after what belongs to it. */
export const accountScopes: readonly Scope[] = ["SEND", "READ", "MANAGE"];

/** Those of an operator's key: ADMIN holds all of the others. */
export const operatorScopes: readonly Scope[] = ["ADMIN"];

/** Each once, in the contract's order; ADMIN stands alone, since it holds the others. */
export function tidyScopes(given: readonly Scope[]): readonly Scope[] {
  return given.includes("ADMIN") ? operatorScopes : accountScopes.filter((scope) => given.includes(scope));
}

/** Whether these are all of an account's or an operator's: what a key's role says in releases that know no scopes. */
export function isWhole(scopes: readonly Scope[]): boolean {
  return scopes.includes("ADMIN") || accountScopes.every((scope) => scopes.includes(scope));
}

/** The scopes of access tokens, as Signicat's `client.sms.send` has them. */
export const scopeWords: Readonly<Record<Scope, string>> = {
  SEND: "client.sms.send",
  READ: "client.sms.read",
  MANAGE: "client.sms.manage",
  ADMIN: "sms.admin",
};

export function holdsScope(held: readonly Scope[], wanted: Scope): boolean {
  return held.includes(wanted) || held.includes("ADMIN");
}
