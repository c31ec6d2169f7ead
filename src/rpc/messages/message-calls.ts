/** The calls of SmsService about messages that were accepted. */
import type { Unknown } from "../../app/calls/unknown.ts";
import type { Messages } from "../../app/messages/create-messages.ts";
import { StatusView } from "../../gen/smsrelay/v1/sms.ts";
import type { SmsServiceClient, SmsServiceImplementation } from "../../gen/smsrelay/v1/sms_service.ts";
import type { Guard } from "../calls/guard.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { fromDate } from "../translate/time.ts";
import { toCancelSmsResponse, toGetStatusResponse, toSms } from "./translate-message.ts";

export interface MessageCallsDeps {
  readonly guard: Guard;
  readonly messages: Messages;
}

export const messageScopes = {
  getStatus: "READ",
  listSms: "READ",
  cancelSms: "SEND",
} as const satisfies ScopesOf<SmsServiceClient>;

export function createMessageCalls({
  guard,
  messages,
}: MessageCallsDeps): Pick<
  WholeAnswers<SmsServiceImplementation, SmsServiceClient>,
  keyof typeof messageScopes
> {
  return {
    getStatus: guard.unary(async (request, principal) =>
      toGetStatusResponse(await messages.getStatus({ ...request, view: fromView(request.view) }, principal)),
    ),

    listSms: guard.unary(async (request, { accountId }) => {
      const { entries, nextPageToken = "" } = await messages.listSms(
        {
          ...request,
          acceptedFromMs: fromDate(request.acceptTimeFrom),
          acceptedUntilMs: fromDate(request.acceptTimeUntil),
        },
        accountId,
      );
      return { sms: entries.map(toSms), nextPageToken };
    }),

    cancelSms: guard.unary(async ({ messageId }, { accountId }) =>
      toCancelSmsResponse(await messages.cancelSms(messageId, accountId)),
    ),
  };
}

function fromView(view: number): "BASIC" | "FULL" | Unknown {
  switch (view) {
    case StatusView.STATUS_VIEW_UNSPECIFIED:
    case StatusView.STATUS_VIEW_BASIC:
      return "BASIC";
    case StatusView.STATUS_VIEW_FULL:
      return "FULL";
    default:
      return "UNRECOGNIZED";
  }
}
