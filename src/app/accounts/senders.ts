/** Senders of an account: asked for and given up by itself, listed by itself and operators, decided on by operators. */
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import { type AccountId, toAccountId } from "../../domain/ids.ts";
import type { RegisteredSender, SenderState } from "../../domain/registered-sender.ts";
import { holdsScope } from "../../domain/scopes.ts";
import { parseSender } from "../../domain/sender.ts";
import type { Clock } from "../../observability/clock.ts";
import { isCountry } from "../../policy/number-plan.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import type { Principal } from "../calls/principal.ts";
import { invalid, missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import type { AccountControl } from "./account-control.ts";
import type { KeptStandings } from "./standings.ts";

/** In place of an account's id: all accounts. */
const everyAccount = "-";

export interface SendersDeps {
  readonly store: Pick<
    Store,
    "listSenders" | "listSendersOf" | "requestSender" | "reviewSender" | "deleteSender"
  >;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  readonly standings: Pick<KeptStandings, "change">;
  readonly accounts: Pick<AccountControl, "get">;
}

/** An empty account id is the caller's own; another's is for operators. */
export interface Senders {
  /** By name; `-` for all accounts, by account and name. */
  list(
    request: PageRequest & {
      readonly accountId: string;
      readonly states: readonly (SenderState | Unknown)[];
    },
    principal: Principal,
  ): Promise<Page<RegisteredSender>>;
  request(
    input: {
      readonly accountId: string;
      readonly sender: string;
      readonly purpose: string;
      readonly regionCodes: readonly string[];
    },
    principal: Principal,
    caller: Caller,
  ): Promise<RegisteredSender>;
  delete(
    input: { readonly accountId: string; readonly sender: string },
    principal: Principal,
    caller: Caller,
  ): Promise<void>;
  review(
    input: {
      readonly accountId: string;
      readonly sender: string;
      readonly decision: "APPROVE" | "REJECT" | Unknown | undefined;
      readonly reason: string;
      readonly isShared: boolean;
    },
    principal: Principal,
    caller: Caller,
  ): Promise<RegisteredSender>;
}

const mostRegions = 250;
const senderForm = "must be 1 to 15 digits, or 1 to 11 of A-Z a-z 0-9 and inner spaces with a letter";

/** Makes the use cases. */
export function createSenders({ store, sealer, clock, standings, accounts }: SendersDeps): Senders {
  const accountOf = async (accountId: string, principal: Principal) =>
    (await accounts.get(accountId, principal)).id;

  async function read(
    after: string | undefined,
    limit: number,
    accountId: AccountId | undefined,
  ): Promise<readonly RegisteredSender[]> {
    if (accountId !== undefined) return store.listSendersOf(accountId, after ?? "", limit);
    const [account = "", sender = ""] = after?.split("\u0000") ?? [];
    return store.listSenders({ accountId: toAccountId(account), sender }, limit);
  }

  return {
    async list({ accountId, states, ...page }, principal) {
      if (states.includes("UNRECOGNIZED"))
        throw invalid("states", "must be of PENDING, APPROVED and REJECTED");
      const isEvery = accountId === everyAccount;
      if (isEvery && !holdsScope(principal.scopes, "ADMIN"))
        throw new SmsError("ACCESS_DENIED", "The key is for one account.", { metadata: { scope: "ADMIN" } });
      const id = isEvery ? undefined : await accountOf(accountId, principal);
      const wanted = [...new Set(states)].toSorted();
      const list = `senders\u0000${id ?? everyAccount}\u0000${wanted.join(",")}`;
      const limit = pageSizeOf(page);
      const found = await read(openPageToken(sealer, list, page), limit + 1, id);
      const entries = found.slice(0, limit);
      const last = entries.at(-1);
      const isEnd = found.length <= limit || last === undefined;
      const end = isEvery ? `${last?.accountId}\u0000${last?.sender}` : `${last?.sender}`;
      return {
        entries: wanted.length === 0 ? entries : entries.filter(({ state }) => wanted.includes(state)),
        nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, end),
      };
    },

    async request({ accountId, sender, purpose, regionCodes }, principal, caller) {
      const violations: FieldViolation[] = [];
      const address = parseAddress("sender.sender", sender, violations);
      if (isLongerThan(purpose, 500) || !isCleanText(purpose)) {
        const description = "must have at most 500 characters, no controls and no U+FFFD";
        violations.push({ field: "sender.purpose", reason: "INVALID_PARAMETER", description });
      }
      violations.push(...faultsOfRegions(regionCodes));
      if (violations.length > 0) throw refuseFields(violations);
      const id = await accountOf(accountId, principal);
      const asked = { sender: address, purpose, regionCodes: [...new Set(regionCodes)].toSorted() };
      return store.requestSender(actOf(caller, id, clock.now()), id, asked);
    },

    async delete({ accountId, sender }, principal, caller) {
      const address = knownAddress(sender);
      const id = await accountOf(accountId, principal);
      await store.deleteSender(actOf(caller, id, clock.now()), id, address);
      standings.change({ id });
    },

    async review({ accountId, sender, decision, reason, isShared }, principal, caller) {
      const violations: FieldViolation[] = [];
      const refuse = (field: string, code: FieldViolation["reason"], description: string) =>
        violations.push({ field, reason: code, description });
      if (accountId === "") refuse("account_id", "PARAMETER_MISSING", "is required");
      if (sender === "") refuse("sender", "PARAMETER_MISSING", "is required");
      if (decision === undefined) refuse("decision", "PARAMETER_MISSING", "is required");
      else if (decision === "UNRECOGNIZED")
        refuse("decision", "INVALID_PARAMETER", "must be APPROVE or REJECT");
      const isRejected = decision === "REJECT";
      if (isRejected && reason === "") refuse("reason", "PARAMETER_MISSING", "is required with REJECT");
      else if (!isRejected && reason !== "")
        refuse("reason", "INVALID_PARAMETER", "must be unset, but with REJECT");
      else if (isLongerThan(reason, 200) || !isCleanText(reason))
        refuse("reason", "INVALID_PARAMETER", "must have at most 200 characters, no controls and no U+FFFD");
      if (isRejected && isShared) refuse("shared", "INVALID_PARAMETER", "must be unset with REJECT");
      if (violations.length > 0) throw refuseFields(violations);
      const address = knownAddress(sender);
      const id = await accountOf(accountId, principal);
      const review = { state: isRejected ? "REJECTED" : "APPROVED", reason, isShared } as const;
      const reviewed = await store.reviewSender(actOf(caller, id, clock.now()), id, address, review);
      standings.change({ id });
      return reviewed;
    },
  };
}

/** As it goes out; empty where a violation was added. */
function parseAddress(field: string, sender: string, violations: FieldViolation[]): string {
  if (sender === "") violations.push({ field, reason: "PARAMETER_MISSING", description: "is required" });
  const parsed = parseSender(sender);
  if (parsed === undefined && sender !== "")
    violations.push({ field, reason: "INVALID_SENDER", description: senderForm });
  return parsed?.address ?? "";
}

function faultsOfRegions(codes: readonly string[]): readonly FieldViolation[] {
  const reason = "INVALID_PARAMETER";
  if (codes.length > mostRegions)
    return [{ field: "sender.region_codes", reason, description: `must be at most ${mostRegions}` }];
  const description = "must be the code of a country in two capital letters such as SE (ISO 3166-1)";
  return codes.flatMap((code, index) =>
    isCountry(code) ? [] : [{ field: `sender.region_codes[${index}]`, reason, description }],
  );
}

/** PARAMETER_MISSING where it is empty; what cannot be a sender is that of no account. */
function knownAddress(sender: string): string {
  if (sender === "") throw missing("sender");
  const parsed = parseSender(sender);
  if (parsed === undefined) throw new SmsError("UNKNOWN_SENDER");
  return parsed.address;
}
