/** Who calls, whichever way it was found out. */
import type { AccountId } from "../../domain/ids.ts";
import type { Scope } from "../../domain/scopes.ts";

export interface Principal {
  readonly keyId: string;
  readonly accountId: AccountId;
  readonly scopes: readonly Scope[];
}
