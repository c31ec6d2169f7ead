/** Whom a limit is set for: an account, or one of its keys. No id has a space in it, so that the two never meet. */
import type { AccountId } from "./ids.ts";

export type LimitOwner = AccountId | `key ${string}`;

export function ownerOfKey(keyId: string): LimitOwner {
  return `key ${keyId}`;
}

/** For people. */
export function nameOfOwner(owner: LimitOwner): string {
  return owner.startsWith("key ") ? owner : `account ${owner}`;
}
