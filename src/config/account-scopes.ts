/** What the keys of a configured account may do: its scopes, or the role that meant them before. */
import { accountScopes, operatorScopes, type Scope, tidyScopes } from "../domain/scopes.ts";
import type { Config } from "./schema.ts";

export function scopesOfAccount({ scopes, role }: Config["accounts"][number]): readonly Scope[] {
  if (scopes !== undefined) return tidyScopes(scopes);
  return role === "OPERATOR" ? operatorScopes : accountScopes;
}

/** Whether an account of the configuration looks after the service. */
export function hasOperator({ accounts }: Pick<Config, "accounts">): boolean {
  return accounts.some((account) => scopesOfAccount(account).includes("ADMIN"));
}

interface ConfiguredKey {
  readonly accountId: string;
  readonly scopes: readonly Scope[];
  readonly key: string;
}

/** Every key of the configuration, with what it may do. */
export function configuredKeys({ accounts }: Pick<Config, "accounts">): readonly ConfiguredKey[] {
  return accounts.flatMap((account) =>
    account.keys.map((key) => ({ accountId: account.id, scopes: scopesOfAccount(account), key })),
  );
}
