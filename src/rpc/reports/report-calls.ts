/** The calls of SmsService that read reports. */
import type { Principal } from "../../app/calls/principal.ts";
import type { Reports } from "../../app/reports/create-reports.ts";
import type {
  SmsServiceDefinition,
  StreamDeliveryReportsRequest,
  StreamDeliveryReportsResponse,
} from "../../gen/smsrelay/v1/sms_service.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { toReportAnswer } from "./report-answer.ts";
import { fromStreamRequest } from "./translate-report.ts";

export interface ReportCallsDeps {
  readonly reports: Reports;
}

export const reportScopes = {
  streamDeliveryReports: "READ",
} as const satisfies ScopesOf<SmsServiceDefinition>;

export function createReportCalls({
  reports,
}: ReportCallsDeps): Pick<Handlers<SmsServiceDefinition>, keyof typeof reportScopes> {
  return {
    streamDeliveryReports: (request, principal, { signal }) =>
      streamReports(request, principal, signal, reports),
  };
}

async function* streamReports(
  request: StreamDeliveryReportsRequest,
  { accountId }: Principal,
  signal: AbortSignal,
  { watchReports }: Reports,
): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  const query = fromStreamRequest(request);
  for await (const page of watchReports({ accountId, ...query, signal })) yield toReportAnswer(page);
}
