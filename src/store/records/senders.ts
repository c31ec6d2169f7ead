/** Senders of accounts: asked for, decided on by operators, and given up. */
import type { AccountId } from "../../domain/ids.ts";
import { foldSender, type RegisteredSender, type SenderState } from "../../domain/registered-sender.ts";
import type { Act, Done } from "./audit.ts";
import { requireReaders } from "./readers.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

interface SenderRow {
  readonly account_id: AccountId;
  readonly sender: string;
  readonly state: SenderState;
  readonly shared: number;
  /** With commas. */
  readonly region_codes: string;
  readonly purpose: string;
  readonly reason: string;
  readonly create_time: number;
}

/** What an operator decides. */
export interface SenderReview {
  readonly state: "APPROVED" | "REJECTED";
  readonly reason: string;
  readonly isShared: boolean;
}

const columns = "account_id, sender, state, shared, region_codes, purpose, reason, create_time";
const find = sql<SenderRow>(
  "find_sender",
  `SELECT ${columns} FROM senders WHERE account_id = $1 AND sender = $2`,
);
const listOf = sql<SenderRow>(
  "list_senders_of_account",
  `SELECT ${columns} FROM senders WHERE account_id = $1 AND sender > $2 ORDER BY sender LIMIT $3`,
);
const listAll = sql<SenderRow>(
  "list_senders",
  `SELECT ${columns} FROM senders WHERE (account_id, sender) > ($1, $2) ORDER BY account_id, sender LIMIT $3`,
);
const listApproved = sql<Pick<SenderRow, "sender" | "region_codes">>(
  "list_approved_senders",
  "SELECT sender, region_codes FROM senders WHERE account_id = $1 AND state = 'APPROVED' LIMIT $2",
);
const count = sql<{ count: number }>(
  "count_senders",
  "SELECT count(*) AS count FROM (SELECT 1 FROM senders WHERE account_id = $1 LIMIT $2) AS counted",
);
const insert = sql(
  "insert_sender",
  `INSERT INTO senders (account_id, sender, folded, state, shared, region_codes, purpose, reason, create_time)
   VALUES ($1, $2, $3, 'PENDING', 0, $4, $5, '', $6) ON CONFLICT (account_id, sender) DO NOTHING`,
);
const askAgain = sql(
  "ask_again_for_sender",
  `UPDATE senders SET state = 'PENDING', region_codes = $3, purpose = $4, reason = ''
   WHERE account_id = $1 AND sender = $2`,
);
const decide = sql(
  "decide_on_sender",
  "UPDATE senders SET state = $3, shared = $4, reason = $5 WHERE account_id = $1 AND sender = $2",
);
const remove = sql("delete_sender", "DELETE FROM senders WHERE account_id = $1 AND sender = $2");
const findOthers = sql<{ account_id: string }>(
  "find_same_sender_of_others",
  `SELECT account_id FROM senders
   WHERE folded = $1 AND state = 'APPROVED' AND account_id <> $2 AND shared < $3 LIMIT 1`,
);

/** All that one account may have. */
export const mostSenders = 1_000;
/** From this schema on programs know of a sender's countries, and of types of senders. */
const knowsTypes = 19;

export function* listSendersOf(
  accountId: AccountId,
  after: string,
  limit: number,
): Step<readonly RegisteredSender[]> {
  return (yield* all(listOf, accountId, after, limit)).map(senderOf);
}

/** Of all accounts, by account and sender. */
export function* listSenders(
  after: Pick<RegisteredSender, "accountId" | "sender">,
  limit: number,
): Step<readonly RegisteredSender[]> {
  return (yield* all(listAll, after.accountId, after.sender, limit)).map(senderOf);
}

export function* approvedSenders(
  accountId: AccountId,
): Step<readonly Pick<RegisteredSender, "sender" | "regionCodes">[]> {
  const rows = yield* all(listApproved, accountId, mostSenders);
  return rows.map((row) => ({ sender: row.sender, regionCodes: regionCodesOf(row) }));
}

/** SERVICE_UNAVAILABLE while a process runs that would send under the type that a sender's form tells. */
export function* allowSenderTypes(): Step<Refusal | undefined> {
  const refusal = yield* requireReaders(knowsTypes);
  // Accounts get it, to whom replicas have no names.
  const message = "A part of the service runs an older release, which would ignore this.";
  return refusal && { ...refusal, message };
}

/**
 * One that is approved stays as it is, and for other countries is NOT_CHANGEABLE; one that was rejected is asked for again.
 * SERVICE_UNAVAILABLE where it has countries and a process runs that would not look at them.
 */
export function* requestSender(
  act: Act,
  accountId: AccountId,
  { sender, purpose, regionCodes }: Pick<RegisteredSender, "sender" | "purpose" | "regionCodes">,
): Step<Done<RegisteredSender | Refusal>> {
  const before = yield* readSender(accountId, sender);
  const regions = regionCodes.join();
  if (before?.state === "APPROVED")
    return { outcome: before.regionCodes.join() === regions ? before : approvedElsewhere() };
  const refusal = regions === "" ? undefined : yield* allowSenderTypes();
  if (refusal !== undefined) return { outcome: refusal };
  if (before !== undefined) yield* run(askAgain, accountId, sender, regions, purpose);
  else if (((yield* first(count, accountId, mostSenders))?.count ?? 0) >= mostSenders)
    return { outcome: tooMany(accountId) };
  else yield* run(insert, accountId, sender, foldSender(sender), regions, purpose, act.timeMs);
  const outcome = yield* mustRead(accountId, sender);
  // What accounts ask for by themselves is no administration.
  return act.accountId === accountId ? { outcome } : { outcome, change: { before: shownSender(before) } };
}

/**
 * UNKNOWN_SENDER where the account did not ask for it. NOT_CHANGEABLE where an equal one of another account is approved, unless both are
 * shared.
 */
export function* reviewSender(
  _act: Act,
  accountId: AccountId,
  sender: string,
  { state, reason, isShared }: SenderReview,
): Step<Done<RegisteredSender | Refusal>> {
  const before = yield* readSender(accountId, sender);
  if (before === undefined) return { outcome: { refusal: "UNKNOWN_SENDER", details: {} } };
  if (state === "APPROVED") {
    const other = yield* first(findOthers, foldSender(sender), accountId, isShared ? 1 : 2);
    if (other !== undefined) return { outcome: taken(other.account_id) };
  }
  if (state === before.state && reason === before.reason && isShared === before.isShared)
    return { outcome: before };
  yield* run(decide, accountId, sender, state, isShared ? 1 : 0, reason);
  const outcome = yield* mustRead(accountId, sender);
  return { outcome, change: { before: shownSender(before), changed: { kind: "account", id: accountId } } };
}

export function* deleteSender(
  act: Act,
  accountId: AccountId,
  sender: string,
): Step<Done<undefined | Refusal>> {
  const before = yield* readSender(accountId, sender);
  if (before === undefined) return { outcome: { refusal: "UNKNOWN_SENDER", details: {} } };
  yield* run(remove, accountId, sender);
  const changed = { kind: "account", id: accountId } as const;
  if (before.state === "APPROVED")
    return { outcome: undefined, change: { before: shownSender(before), changed } };
  return act.accountId === accountId
    ? { outcome: undefined }
    : { outcome: undefined, change: { before: shownSender(before) } };
}

function* readSender(accountId: AccountId, sender: string): Step<RegisteredSender | undefined> {
  const row = yield* first(find, accountId, sender);
  return row === undefined ? undefined : senderOf(row);
}

function* mustRead(accountId: AccountId, sender: string): Step<RegisteredSender> {
  const found = yield* readSender(accountId, sender);
  if (found === undefined) throw new RangeError("the sender is gone");
  return found;
}

function tooMany(accountId: AccountId): Refusal {
  const description = "The account has too many senders; give one up.";
  return { refusal: "QUOTA_EXCEEDED", details: { quota: { subject: `account ${accountId}`, description } } };
}

function approvedElsewhere(): Refusal {
  const message = "The sender is approved for other countries: give it up, and ask for it again.";
  return { refusal: "NOT_CHANGEABLE", message, details: {} };
}

function taken(accountId: string): Refusal {
  const message = `The account ${accountId} has a sender that people take for the same: approve both as shared, or none.`;
  return { refusal: "NOT_CHANGEABLE", message, details: {} };
}

/** In the contract's JSON form. */
function shownSender(found: RegisteredSender | undefined): object | undefined {
  if (found === undefined) return undefined;
  const { sender, state, isShared, regionCodes, purpose, reason } = found;
  return {
    sender,
    state: `SENDER_STATE_${state}`,
    ...(regionCodes.length === 0 ? {} : { regionCodes }),
    ...(purpose === "" ? {} : { purpose }),
    ...(reason === "" ? {} : { reason }),
    ...(isShared ? { shared: true } : {}),
  };
}

function senderOf(row: SenderRow): RegisteredSender {
  return {
    accountId: row.account_id,
    sender: row.sender,
    state: row.state,
    isShared: row.shared === 1,
    regionCodes: regionCodesOf(row),
    purpose: row.purpose,
    reason: row.reason,
    createTimeMs: row.create_time,
  };
}

function regionCodesOf({ region_codes }: Pick<SenderRow, "region_codes">): readonly string[] {
  return region_codes === "" ? [] : region_codes.split(",");
}
