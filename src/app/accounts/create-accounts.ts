/** Accounts: what every call asks of its own, and the calls that look after them. */

import type { SenderTable } from "../../policy/sender-table.ts";
import type { Standings } from "../calls/standing.ts";
import type { Looking } from "../followed.ts";
import { type AccountControl, type AccountControlDeps, createAccountControl } from "./account-control.ts";
import {
  createListAuditEntries,
  type ListAuditEntries,
  type ListAuditEntriesDeps,
} from "./list-audit-entries.ts";
import { createSenders, type Senders, type SendersDeps } from "./senders.ts";
import { createStandings, type StandingsDeps } from "./standings.ts";

export interface Accounts extends AccountControl, Looking {
  readonly standings: Standings;
  readonly listAuditEntries: ListAuditEntries;
  readonly senders: Senders;
  /** The operators' table is another one now. */
  replaceSenderTable(table: SenderTable): void;
}

export interface AccountsDeps extends Omit<AccountControlDeps, "standings" | "store" | "clock"> {
  readonly store: AccountControlDeps["store"] &
    ListAuditEntriesDeps["store"] &
    SendersDeps["store"] &
    StandingsDeps["store"];
  readonly senderTable?: SenderTable;
  readonly clock: AccountControlDeps["clock"] & StandingsDeps["clock"];
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const standings = createStandings(deps);
  const control = createAccountControl({ ...deps, standings });
  return {
    ...control,
    standings,
    look: standings.look,
    replaceSenderTable: standings.replaceSenderTable,
    listAuditEntries: createListAuditEntries(deps),
    senders: createSenders({ ...deps, standings, accounts: control }),
  };
}
