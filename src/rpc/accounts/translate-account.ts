/** Accounts and the audit log as the contract has them. */

import type { ShownAccount } from "../../app/accounts/account-policy.ts";
import type { SuppressionInput } from "../../app/accounts/suppression-control.ts";
import type { RegisteredSender } from "../../domain/registered-sender.ts";
import type { Suppression } from "../../domain/suppression.ts";
import {
  Account as PbAccount,
  type RegisteredSender as PbRegisteredSender,
  type Suppression as PbSuppression,
} from "../../gen/smsrelay/v1/account.ts";
import type { AuditEntry as PbAuditEntry } from "../../gen/smsrelay/v1/admin_service.ts";
import type { AuditEntry } from "../../store/records/audit.ts";
import {
  fromWantedCategory,
  toAccountState,
  toContentCategory,
  toSenderState,
  toSubjectKind,
  toSuppressionSource,
} from "../translate/enums.ts";
import { fromDate, toDate } from "../translate/time.ts";
import { fromPolicy, toPolicy } from "./translate-policy.ts";

export function toAccount(account: ShownAccount): PbAccount {
  return {
    accountId: account.id,
    displayName: account.displayName,
    state: toAccountState(account.state),
    policy:
      account.policy === undefined || Object.keys(account.policy).length === 0
        ? undefined
        : toPolicy(account.policy),
    effectivePolicy: account.effectivePolicy && toPolicy(account.effectivePolicy),
    revision: BigInt(account.revision),
    createTime: toDate(account.createTimeMs),
  };
}

/** The account of a request, with the defaults where it has none. */
export function fromAccount(account: PbAccount | undefined) {
  const { accountId, displayName, policy, revision } = account ?? PbAccount.create();
  return {
    accountId,
    displayName,
    policy: fromPolicy(policy),
    revision: revision === undefined ? undefined : Number(revision),
  };
}

export function toAuditEntry(entry: AuditEntry): PbAuditEntry {
  return {
    entryNumber: BigInt(entry.number),
    entryTime: toDate(entry.timeMs),
    keyId: entry.keyId,
    method: entry.method,
    subject: entry.subject,
    subjectKind: toSubjectKind(entry.subjectKind),
    requestJson: entry.request,
    peer: entry.peer,
    actor: entry.actor,
    beforeJson: entry.before,
  };
}

export function toSender(sender: RegisteredSender): PbRegisteredSender {
  return {
    sender: sender.sender,
    state: toSenderState(sender.state),
    regionCodes: [...sender.regionCodes],
    purpose: sender.purpose,
    reason: sender.reason,
    createTime: toDate(sender.createTimeMs),
    accountId: sender.accountId,
    shared: sender.isShared,
  };
}

/** One that a caller wants, which nobody has checked yet. */
export function fromSuppression({
  recipient,
  contentCategories,
  expireTime,
}: PbSuppression): SuppressionInput {
  return {
    recipient,
    contentCategories: contentCategories.map(fromWantedCategory),
    expireTimeMs: fromDate(expireTime),
  };
}

export function toSuppression(suppression: Suppression): PbSuppression {
  return {
    recipient: suppression.recipient,
    contentCategories: suppression.contentCategories.map(toContentCategory),
    expireTime: toDate(suppression.expireTimeMs),
    source: toSuppressionSource(suppression.source),
    createTime: toDate(suppression.createTimeMs),
    accountId: suppression.accountId,
  };
}
