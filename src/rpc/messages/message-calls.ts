/** The calls of SmsService about messages that were accepted. */
import type { Unknown } from "../../app/calls/unknown.ts";
import type { Messages } from "../../app/messages/create-messages.ts";
import { StatusView } from "../../gen/smsrelay/v1/sms.ts";
import type { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromDate } from "../translate/time.ts";
import { toCancelSmsResponse, toGetStatusResponse, toSms } from "./translate-message.ts";

export interface MessageCallsDeps {
  readonly messages: Messages;
}

export const messageScopes = {
  getStatus: "READ",
  listSms: "READ",
  cancelSms: "SEND",
} as const satisfies ScopesOf<SmsServiceDefinition>;

export function createMessageCalls({
  messages,
}: MessageCallsDeps): Pick<Handlers<SmsServiceDefinition>, keyof typeof messageScopes> {
  return {
    getStatus: async (request, principal) =>
      toGetStatusResponse(await messages.getStatus({ ...request, view: fromView(request.view) }, principal)),

    listSms: async (request, { accountId }) => {
      const { entries, nextPageToken = "" } = await messages.listSms(
        {
          ...request,
          acceptedFromMs: fromDate(request.acceptTimeFrom),
          acceptedUntilMs: fromDate(request.acceptTimeUntil),
        },
        accountId,
      );
      return { sms: entries.map(toSms), nextPageToken };
    },

    cancelSms: async ({ messageId }, { accountId }) =>
      toCancelSmsResponse(await messages.cancelSms(messageId, accountId)),
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
