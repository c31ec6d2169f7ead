/** Accounts: what every call asks of its own, and the calls that look after them. */
import type { Standings } from "../calls/standing.ts";
import type { Looking } from "../followed.ts";
import { type AccountControl, type AccountControlDeps, createAccountControl } from "./account-control.ts";
import {
  createListAuditEntries,
  type ListAuditEntries,
  type ListAuditEntriesDeps,
} from "./list-audit-entries.ts";
import { createStandings, type StandingsDeps } from "./standings.ts";

export interface Accounts extends AccountControl, Looking {
  readonly standings: Standings;
  readonly listAuditEntries: ListAuditEntries;
}

export interface AccountsDeps extends Omit<AccountControlDeps, "standings" | "store" | "clock"> {
  readonly store: AccountControlDeps["store"] & ListAuditEntriesDeps["store"] & StandingsDeps["store"];
  readonly clock: AccountControlDeps["clock"] & StandingsDeps["clock"];
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const standings = createStandings(deps);
  return {
    ...createAccountControl({ ...deps, standings }),
    standings,
    look: standings.look,
    listAuditEntries: createListAuditEntries(deps),
  };
}
