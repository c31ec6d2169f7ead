/** Accounts and the audit log as the contract has them. */

import type { Account } from "../../domain/account.ts";
import { Account as PbAccount } from "../../gen/smsrelay/v1/account.ts";
import type { AuditEntry as PbAuditEntry } from "../../gen/smsrelay/v1/admin_service.ts";
import type { AuditEntry } from "../../store/records/audit.ts";
import { toAccountState } from "../translate/enums.ts";
import { toDate } from "../translate/time.ts";

export function toAccount(account: Account): PbAccount {
  return {
    accountId: account.id,
    displayName: account.displayName,
    state: toAccountState(account.state),
    revision: BigInt(account.revision),
    createTime: toDate(account.createTimeMs),
  };
}

/** The account of a request, with the defaults where it has none. */
export function fromAccount(account: PbAccount | undefined) {
  const { accountId, displayName, revision } = account ?? PbAccount.create();
  return { accountId, displayName, revision: Number(revision) };
}

export function toAuditEntry(entry: AuditEntry): PbAuditEntry {
  return {
    entryNumber: BigInt(entry.number),
    entryTime: toDate(entry.timeMs),
    keyId: entry.keyId,
    method: entry.method,
    subject: entry.subject,
    requestJson: entry.request,
    peer: entry.peer,
    actor: entry.actor,
    beforeJson: entry.before,
  };
}
