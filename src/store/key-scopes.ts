/**
 * How the scopes of a key stand in its row. Whole keys have a role, as every release knows it, and no word in `scopes`; a narrower one has
 * its scopes there, and a hash that a release which knows roles only never finds right (app/api-keys.ts).
 */
import { accountScopes, operatorScopes, type Scope, scopes as words } from "../domain/scopes.ts";

export type Role = "ACCOUNT" | "OPERATOR";

/** Whether a key holds what a role of a former release means: its row then says nothing more. */
export function isWhole(scopes: readonly Scope[]): boolean {
  return scopes.includes("ADMIN") || accountScopes.every((scope) => scopes.includes(scope));
}

export function roleOf(scopes: readonly Scope[]): Role {
  return scopes.includes("ADMIN") ? "OPERATOR" : "ACCOUNT";
}

/** As they stand in the column: null for a whole key. */
export function scopesText(scopes: readonly Scope[]): string | null {
  return isWhole(scopes) ? null : scopes.join(",");
}

/** What a row holds; a word of a later release counts for nothing. */
export function readScopes(role: Role, text: string | null): readonly Scope[] {
  if (text === null) return role === "OPERATOR" ? operatorScopes : accountScopes;
  const held = text.split(",");
  return words.filter((word) => held.includes(word));
}
