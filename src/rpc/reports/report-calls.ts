/** The calls of SmsService that read reports. */
import type { Principal } from "../../app/calls/principal.ts";
import type { Reports } from "../../app/reports/create-reports.ts";
import type {
  SmsServiceClient,
  SmsServiceImplementation,
  StreamDeliveryReportsRequest,
  StreamDeliveryReportsResponse,
} from "../../gen/smsrelay/v1/sms_service.ts";
import { whenEncoded } from "../calls/encoded-responses.ts";
import type { Guard } from "../calls/guard.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { fromStreamRequest, toDeliveryReport } from "./translate-report.ts";

export interface ReportCallsDeps {
  readonly guard: Guard;
  readonly reports: Reports;
}

export const reportScopes = { streamDeliveryReports: "READ" } as const satisfies ScopesOf<SmsServiceClient>;

export function createReportCalls({
  guard,
  reports,
}: ReportCallsDeps): Pick<
  WholeAnswers<SmsServiceImplementation, SmsServiceClient>,
  keyof typeof reportScopes
> {
  return {
    streamDeliveryReports: guard.stream((request, principal, { signal }) =>
      streamReports(request, principal, signal, reports),
    ),
  };
}

async function* streamReports(
  request: StreamDeliveryReportsRequest,
  { accountId }: Principal,
  signal: AbortSignal,
  { watchReports }: Reports,
): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  const query = fromStreamRequest(request);
  for await (const page of watchReports({ accountId, ...query, signal })) {
    const response = { reports: page.reports.map(toDeliveryReport), cursor: page.cursor };
    const isTaken = whenEncoded(response, signal);
    yield response;
    await isTaken;
  }
}
