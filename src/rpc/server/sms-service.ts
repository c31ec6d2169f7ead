/** SmsService: translates, calls the use case, translates back. */

import type { Principal } from "../../app/calls/principal.ts";
import type { Unknown } from "../../app/calls/unknown.ts";
import type { Place, WorkInHand } from "../../app/calls/work-in-hand.ts";
import type { CancelSms } from "../../app/messages/cancel-sms.ts";
import type { GetStatus } from "../../app/messages/get-status.ts";
import type { ListSms } from "../../app/messages/list-sms.ts";
import type { WatchReports } from "../../app/reports/watch-reports.ts";
import type { PreviewSms } from "../../app/sending/preview-sms.ts";
import type { SendSms } from "../../app/sending/send-sms.ts";
import { type SendSmsRequest, StatusView } from "../../gen/smsrelay/v1/sms.ts";
import type {
  SmsServiceClient,
  SmsServiceImplementation,
  StreamDeliveryReportsRequest,
  StreamDeliveryReportsResponse,
} from "../../gen/smsrelay/v1/sms_service.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import { whenEncoded } from "../calls/encoded-responses.ts";
import { createGuard, type GuardDeps } from "../calls/guard.ts";
import { callOf } from "../calls/guarded-call.ts";
import { UnansweredRequests } from "../calls/unanswered-requests.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { toCancelSmsResponse, toGetStatusResponse, toSms } from "../messages/translate-message.ts";
import { fromStreamRequest, toDeliveryReport } from "../reports/translate-report.ts";
import { sendSmsStream } from "../sending/send-sms-stream.ts";
import { fromPreviewSmsRequest, toPreviewSmsResponse } from "../sending/translate-plan.ts";
import { fromSendSmsRequest, toSendSmsResponse } from "../sending/translate-send-sms.ts";
import { fromDate } from "../translate/time.ts";

export interface SmsServiceDeps extends GuardDeps {
  readonly sendSms: SendSms;
  readonly previewSms: PreviewSms;
  readonly getStatus: GetStatus;
  readonly listSms: ListSms;
  readonly cancelSms: CancelSms;
  readonly watchReports: WatchReports;
  readonly workInHand: Pick<WorkInHand, "enter" | "isTight">;
  /** Deadlines come by the machine's clock; the service goes by that of its store. */
  readonly clock: Pick<DataClock, "ofMachine" | "setInterval">;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

export function createSmsService(
  deps: SmsServiceDeps,
): WholeAnswers<SmsServiceImplementation, SmsServiceClient> {
  const guard = createGuard(deps);
  const streams = { ...deps, unanswered: new UnansweredRequests() };
  const sendSms = guard.unary(async (request: SendSmsRequest, { accountId }, context) =>
    toSendSmsResponse(
      await deps.sendSms(fromSendSmsRequest(request), {
        accountId,
        method: "SendSms",
        deadlineMs: deps.clock.ofMachine(callOf(request)?.deadlineMs ?? Number.POSITIVE_INFINITY),
        signal: context.signal,
        place: placeOf(request),
      }),
    ),
  );
  return {
    // Around the guard: a caller whom that turns away had a place too.
    async sendSms(request, context) {
      const place = placeOf(request);
      try {
        return await sendSms(request, context);
      } finally {
        place.leave();
      }
    },

    sendSmsStream: guard.stream((requests, principal, context) =>
      sendSmsStream(requests, { principal, signal: context.signal }, streams),
    ),

    previewSms: guard.unary(async (request, principal) =>
      toPreviewSmsResponse(await deps.previewSms(fromPreviewSmsRequest(request), principal)),
    ),

    getStatus: guard.unary(async (request, principal) =>
      toGetStatusResponse(await deps.getStatus({ ...request, view: fromView(request.view) }, principal)),
    ),

    listSms: guard.unary(async (request, { accountId }) => {
      const { entries, nextPageToken = "" } = await deps.listSms(
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
      toCancelSmsResponse(await deps.cancelSms(messageId, accountId)),
    ),

    streamDeliveryReports: guard.stream((request, principal, { signal }) =>
      streamReports(request, principal, signal, deps.watchReports),
    ),
  };
}

/** Where a request of SendSms stands among the work in hand: the door has given it a place. */
function placeOf(request: SendSmsRequest): Place {
  const place = callOf(request)?.place;
  if (place === undefined) throw new Error("a request came past the admission");
  return place;
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

async function* streamReports(
  request: StreamDeliveryReportsRequest,
  { accountId }: Principal,
  signal: AbortSignal,
  watchReports: WatchReports,
): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  const query = fromStreamRequest(request);
  for await (const page of watchReports({ accountId, ...query, signal })) {
    const response = { reports: page.reports.map(toDeliveryReport), cursor: page.cursor };
    const isTaken = whenEncoded(response, signal);
    yield response;
    await isTaken;
  }
}
