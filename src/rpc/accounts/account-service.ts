/** AccountService: what an account knows of itself, and operators of any. */
import type { Accounts } from "../../app/accounts/create-accounts.ts";
import type { AccountServiceDefinition } from "../../gen/smsrelay/v1/account_service.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { toAccount } from "./translate-account.ts";

export interface AccountServiceDeps {
  readonly accounts: Accounts;
}

export const accountScopes = {
  getAccount: "READ",
} as const satisfies ScopesOf<AccountServiceDefinition>;

export function createAccountService({ accounts }: AccountServiceDeps): Handlers<AccountServiceDefinition> {
  return {
    getAccount: async ({ accountId }, principal) => ({
      account: toAccount(accounts.shown(await accounts.get(accountId, principal))),
    }),
  };
}
