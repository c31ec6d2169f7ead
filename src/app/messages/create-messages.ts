/** The calls about messages that were accepted. */
import { type CancelSms, type CancelSmsDeps, createCancelSms } from "./cancel-sms.ts";
import { createGetStatus, type GetStatus, type GetStatusDeps } from "./get-status.ts";
import { createListSms, type ListSms, type ListSmsDeps } from "./list-sms.ts";

export interface Messages {
  readonly getStatus: GetStatus;
  readonly listSms: ListSms;
  readonly cancelSms: CancelSms;
}

export type MessagesDeps = GetStatusDeps & ListSmsDeps & CancelSmsDeps;

export function createMessages(deps: MessagesDeps): Messages {
  return {
    getStatus: createGetStatus(deps),
    listSms: createListSms(deps),
    cancelSms: createCancelSms(deps),
  };
}
