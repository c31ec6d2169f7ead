/** Accounts: what every call asks of its own, and the calls that look after them. */

import type { SenderTable } from "../../policy/sender-table.ts";
import type { Standings } from "../calls/standing.ts";
import { type AccountControl, type AccountControlDeps, createAccountControl } from "./account-control.ts";
import {
  createListAuditEntries,
  type ListAuditEntries,
  type ListAuditEntriesDeps,
} from "./list-audit-entries.ts";
import { createSenders, type Senders, type SendersDeps } from "./senders.ts";
import { createStandings, type StandingsDeps } from "./standings.ts";
import {
  createSuppressionControl,
  type SuppressionControl,
  type SuppressionControlDeps,
} from "./suppression-control.ts";
import {
  createSuppressionLists,
  followSuppressions,
  type SuppressionLists,
  type SuppressionListsDeps,
} from "./suppression-lists.ts";

export interface Accounts extends AccountControl {
  readonly standings: Standings;
  readonly listAuditEntries: ListAuditEntries;
  readonly senders: Senders;
  readonly suppressions: SuppressionControl;
  readonly suppressionLists: SuppressionLists;
  /** The operators' table is another one now. */
  replaceSenderTable(table: SenderTable): void;
}

export interface AccountsDeps extends Omit<AccountControlDeps, "standings" | "store" | "clock"> {
  readonly store: AccountControlDeps["store"] &
    ListAuditEntriesDeps["store"] &
    SendersDeps["store"] &
    SuppressionControlDeps["store"] &
    SuppressionListsDeps["store"] &
    StandingsDeps["store"];
  readonly senderTable?: SenderTable;
  readonly changes: StandingsDeps["changes"];
  readonly clock: AccountControlDeps["clock"];
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const suppressionLists = createSuppressionLists(deps);
  followSuppressions(suppressionLists, deps.changes);
  const standings = createStandings(deps);
  const control = createAccountControl({ ...deps, standings });
  return {
    ...control,
    standings,
    replaceSenderTable: standings.replaceSenderTable,
    listAuditEntries: createListAuditEntries(deps),
    senders: createSenders({ ...deps, standings, accounts: control }),
    suppressions: createSuppressionControl({ ...deps, lists: suppressionLists, accounts: control }),
    suppressionLists,
  };
}
