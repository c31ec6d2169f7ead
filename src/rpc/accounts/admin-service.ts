/** AdminService: what operators do to accounts, with a line in the log on who did what and from where. */
import type { Accounts } from "../../app/accounts/create-accounts.ts";
import type { Account } from "../../domain/account.ts";
import {
  type AdminServiceDefinition,
  CreateAccountRequest,
  ReinstateAccountRequest,
  ReviewSenderRequest,
  SuspendAccountRequest,
  UpdateAccountRequest,
} from "../../gen/smsrelay/v1/admin_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromAccountState, fromSenderDecision, fromSubjectKind } from "../translate/enums.ts";
import { fromAccount, toAccount, toAuditEntry, toSender } from "./translate-account.ts";

export interface AdminServiceDeps {
  readonly accounts: Accounts;
  readonly log: Logger;
}

export const adminScopes = {
  createAccount: "ADMIN",
  listAccounts: "ADMIN",
  updateAccount: "ADMIN",
  suspendAccount: "ADMIN",
  reinstateAccount: "ADMIN",
  reviewSender: "ADMIN",
  listAuditEntries: "ADMIN",
} as const satisfies ScopesOf<AdminServiceDefinition>;

export function createAdminService({
  accounts,
  log,
}: AdminServiceDeps): Pick<Handlers<AdminServiceDefinition>, keyof typeof adminScopes> {
  const tell = ({ id, state }: Account, who: Parameters<typeof actor>, text: string) =>
    log.info({ account: id, state, ...actor(...who) }, text);
  return {
    createAccount: async (request, ...who) => {
      const caller = await callerOf(CreateAccountRequest, request, ...who);
      const [, { address }] = who;
      const account = await accounts.create({ ...fromAccount(request.account), address }, caller);
      tell(account, who, "An operator created an account.");
      return { account: toAccount(accounts.shown(account)) };
    },
    listAccounts: async ({ states, ...page }) => {
      const listed = await accounts.list({ ...page, states: states.map(fromAccountState) });
      return {
        accounts: listed.entries.map((account) => toAccount(accounts.shown(account))),
        nextPageToken: listed.nextPageToken ?? "",
      };
    },
    updateAccount: async (request, ...who) => {
      const caller = await callerOf(UpdateAccountRequest, request, ...who);
      const { account: asked, updateMask = [] } = request;
      const [, { address }] = who;
      const account = await accounts.update({ ...fromAccount(asked), updateMask, address }, caller);
      tell(account, who, "An operator changed an account.");
      return { account: toAccount(accounts.shown(account)) };
    },
    suspendAccount: async (request, ...who) => {
      const caller = await callerOf(SuspendAccountRequest, request, ...who);
      const asked = fromAccountState(request.state);
      const state = request.state === 0 ? "SUSPENDED" : asked;
      const account = await accounts.suspend({ ...request, state }, caller);
      tell(account, who, "An operator suspended an account.");
      return { account: toAccount(accounts.shown(account)) };
    },
    reinstateAccount: async (request, ...who) => {
      const caller = await callerOf(ReinstateAccountRequest, request, ...who);
      const account = await accounts.reinstate(request.accountId, caller);
      tell(account, who, "An operator reinstated an account.");
      return { account: toAccount(accounts.shown(account)) };
    },
    reviewSender: async (request, ...who) => {
      const { accountId, sender, reason, shared: isShared } = request;
      const decided = fromSenderDecision(request.decision);
      const decision = decided === "UNSPECIFIED" ? undefined : decided;
      const caller = await callerOf(ReviewSenderRequest, request, ...who);
      const reviewed = await accounts.senders.review(
        { accountId, sender, decision, reason, isShared },
        who[0],
        caller,
      );
      const { state } = reviewed;
      log.info({ account: accountId, sender, state, ...actor(...who) }, "An operator decided on a sender.");
      return { sender: toSender(reviewed) };
    },
    listAuditEntries: async (request) => {
      const subjectKind = fromSubjectKind(request.subjectKind);
      const { entries, nextPageToken = "" } = await accounts.listAuditEntries({ ...request, subjectKind });
      return { entries: entries.map(toAuditEntry), nextPageToken };
    },
  };
}
