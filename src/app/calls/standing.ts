/** What of an account is asked at every call: whether it may call, and what it may do. */
import type { Account } from "../../domain/account.ts";
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";

export type Standing = Pick<Account, "state" | "policy">;

/** Accounts as they stood at the last look, half a second ago at most. */
export interface Standings {
  /** At once where the account was asked for before; an account that nothing was set of has the defaults. */
  of(accountId: AccountId): Standing | Promise<Standing>;
}

/** The refusal of every call of a suspended account. */
export function suspended(): SmsError {
  return new SmsError("INVALID_ACCOUNT", "The account is suspended.", { metadata: { rule: "SUSPENDED" } });
}

/** Refuses to send for an account that may only read. */
export function refuseSending({ state }: Standing): void {
  if (state === "SENDING_DISABLED") throw new SmsError("SMS_DISABLED");
}
