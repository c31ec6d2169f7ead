/** AccountService: what an account knows of itself, and operators of any. */
import type { Accounts } from "../../app/accounts/create-accounts.ts";
import {
  type AccountServiceDefinition,
  ChangeSuppressionsRequest,
  DeleteSenderRequest,
  RequestSenderRequest,
} from "../../gen/smsrelay/v1/account_service.ts";
import { callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromSenderState } from "../translate/enums.ts";
import { fromSuppression, toAccount, toSender, toSuppression } from "./translate-account.ts";

export interface AccountServiceDeps {
  readonly accounts: Accounts;
}

export const accountScopes = {
  getAccount: "READ",
  listSenders: "READ",
  requestSender: "MANAGE",
  deleteSender: "MANAGE",
  listSuppressions: "READ",
  changeSuppressions: "MANAGE",
} as const satisfies ScopesOf<AccountServiceDefinition>;

export function createAccountService({
  accounts,
}: AccountServiceDeps): Pick<Handlers<AccountServiceDefinition>, keyof typeof accountScopes> {
  const { senders, suppressions } = accounts;
  return {
    getAccount: async ({ accountId }, principal) => ({
      account: toAccount(accounts.shown(await accounts.get(accountId, principal))),
    }),
    listSenders: async ({ states, ...page }, principal) => {
      const listed = await senders.list({ ...page, states: states.map(fromSenderState) }, principal);
      return { senders: listed.entries.map(toSender), nextPageToken: listed.nextPageToken ?? "" };
    },
    requestSender: async (request, ...who) => {
      const { accountId, sender: { sender = "", purpose = "", regionCodes = [] } = {} } = request;
      const caller = await callerOf(RequestSenderRequest, request, ...who);
      const asked = await senders.request({ accountId, sender, purpose, regionCodes }, who[0], caller);
      return { sender: toSender(asked) };
    },
    deleteSender: async (request, ...who) => {
      await senders.delete(request, who[0], await callerOf(DeleteSenderRequest, request, ...who));
      return {};
    },
    listSuppressions: async (request, principal) => {
      const listed = await suppressions.list(request, principal);
      return { suppressions: listed.entries.map(toSuppression), nextPageToken: listed.nextPageToken ?? "" };
    },
    changeSuppressions: async (request, ...who) => {
      const { accountId, upserted, removedRecipients: removed } = request;
      const change = { accountId, upserted: upserted.map(fromSuppression), removed };
      const caller = await callerOf(ChangeSuppressionsRequest, request, ...who);
      return { suppressionCount: BigInt(await suppressions.change(change, who[0], caller)) };
    },
  };
}
