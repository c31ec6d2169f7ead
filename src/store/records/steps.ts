/**
 * Every step that is written once for both databases, by the name of its operation: the port has it under this name, with the step's own
 * arguments. What a step may answer beside its outcome is a refusal.
 */
import type { AccountId } from "../../domain/ids.ts";
import {
  createAccount,
  findAccount,
  listAccounts,
  readAccount,
  setAccountState,
  updateAccount,
} from "./accounts.ts";
import {
  createKey,
  findKeys,
  hasLiveKey,
  listAccountsOfKeys,
  listKeys,
  noteKeyUse,
  revokeKey,
  rotateKey,
} from "./api-keys.ts";
import { audited, changesAfter, lastChange, listAudit, noteAct } from "./audit.ts";
import { boundCredentials, noteBound } from "./bound-credentials.ts";
import { deletePastGuardCounts, listGuardCounts, putGuardCounts } from "./guard-counts.ts";
import { findIdentities, listIdentities, removeIdentity, setIdentity } from "./identities.ts";
import { readCounts } from "./message-counts.ts";
import { pausedGateways, setPaused } from "./pauses.ts";
import { importRates, validRates } from "./rate-lists.ts";
import { hasOlderReader } from "./readers.ts";
import {
  allowSenderTypes,
  approvedSenders,
  deleteSender,
  listSenders,
  listSendersOf,
  requestSender,
  reviewSender,
} from "./senders.ts";
import { deleteSigningKeys, listSigningKeys, makeSigningKey } from "./signing-keys.ts";
import type { Step } from "./sql.ts";
import {
  acknowledge,
  createSubscription,
  deleteSubscription,
  listSubscriptions,
  openSubscription,
  readerEpochs,
  readSubscription,
} from "./subscriptions.ts";
import {
  changeSuppressions,
  deleteEndedSuppressions,
  findSuppressions,
  listSuppressions,
  suppressionsAfter,
} from "./suppressions.ts";

/** PostgreSQL runs those of one batch kind by kind in this order, so that rows of two nouns are always locked in one order. */
export const firstWrites = {
  openSubscription,
  createSubscription,
  acknowledge,
  deleteSubscription,
  noteBound,
  deleteSigningKeys,
  putGuardCounts,
  deletePastGuardCounts,
};

/**
 * They lock one row that all replicas share, the audit counter or that of min_reader: PostgreSQL runs them when the rest of their batch is
 * written, right before counters of reports, so that nobody waits for a batch.
 */
export const lastWrites = {
  // Of administrators, each with who does it.
  createAccount: audited("ACCOUNT", createAccount),
  updateAccount: audited("ACCOUNT", updateAccount),
  setAccountState: audited("ACCOUNT", setAccountState),
  createKey: audited("KEY", createKey),
  rotateKey: audited("KEY", rotateKey),
  revokeKey: audited("KEY", revokeKey),
  setPaused: audited("GATEWAY", setPaused),
  setIdentity: audited("IDENTITY", setIdentity),
  removeIdentity: audited("IDENTITY", removeIdentity),
  requestSender: audited("ACCOUNT", requestSender),
  reviewSender: audited("ACCOUNT", reviewSender),
  deleteSender: audited("ACCOUNT", deleteSender),
  changeSuppressions: audited("ACCOUNT", changeSuppressions),
  deleteEndedSuppressions,
  importRates: audited("ACCOUNT", importRates),
  noteAct: audited("", noteAct),
  // Behind those who lock the counter and then a key.
  noteKeyUse,
  allowSenderTypes,
  makeSigningKey,
};

export const recordWrites = { ...firstWrites, ...lastWrites };

/** Reads of one account, the first argument, which take turns with those of other accounts. */
export const accountReads = {
  listSubscriptions,
  readSubscription,
  readAccount,
  listSendersOf,
  approvedSenders,
  findSuppressions,
  listSuppressions,
  validRates,
} satisfies Readonly<Record<string, (accountId: AccountId, ...rest: never) => Step<unknown>>>;

/** Reads that belong to no account. */
export const commonReads = {
  readCounts,
  readerEpochs,
  listKeys,
  findKeys,
  listAccountsOfKeys,
  hasLiveKey,
  listIdentities,
  findIdentities,
  hasOlderReader,
  pausedGateways,
  boundCredentials,
  listSigningKeys,
  findAccount,
  listAccounts,
  listAudit,
  lastChange,
  changesAfter,
  listSenders,
  suppressionsAfter,
  listGuardCounts,
};

export const recordReads = { ...accountReads, ...commonReads };

/** The arguments of each step and what it answers. */
export type OperationsOf<Steps> = {
  readonly [Kind in keyof Steps]: Steps[Kind] extends (...input: infer Input) => Step<infer Outcome>
    ? { readonly input: Input; readonly outcome: Outcome }
    : never;
};

export type RecordWrites = OperationsOf<typeof recordWrites>;
export type RecordReads = OperationsOf<typeof recordReads>;

export function kindsOf<Steps extends object>(steps: Steps): readonly (keyof Steps)[] {
  return Object.keys(steps) as (keyof Steps)[];
}
