/** An account: who sends. What is kept of it is what differs from the defaults; one of which nothing was ever set has all of them. */
import type { AccountId } from "./ids.ts";

/** ACTIVE; SUSPENDED: all its calls are refused; SENDING_DISABLED: it may read and not send. */
export const accountStates = ["ACTIVE", "SUSPENDED", "SENDING_DISABLED"] as const;
export type AccountState = (typeof accountStates)[number];

export interface Account {
  readonly id: AccountId;
  readonly displayName: string;
  readonly state: AccountState;
  /** JSON. */
  readonly policy: string;
  /** Goes up with each change; 0 while nothing was set. */
  readonly revision: number;
  /** Undefined while nothing was set. */
  readonly createTimeMs: number | undefined;
}

/** The account of which nothing was set. */
export function defaultAccount(id: AccountId): Account {
  return { id, displayName: "", state: "ACTIVE", policy: "{}", revision: 0, createTimeMs: undefined };
}
