/**
 * A page of reports as an answer. Where several streams read an account, what was just committed comes to all of them as the same objects:
 * each of these is encoded once, and the answer to each stream put together from octets.
 */
import type { ReportPage } from "../../app/reports/watch-reports.ts";
import { StreamDeliveryReportsResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import type { StoredReport } from "../../store/reports.ts";
import { encodedAnswer } from "../calls/encoded-answer.ts";
import { toDeliveryReport } from "./translate-report.ts";

/** As long as a report is at hand, or in a page that has not left. */
const octetsByReport = new WeakMap<StoredReport, Uint8Array>();

export function toReportAnswer({ reports, cursor, isShared }: ReportPage): StreamDeliveryReportsResponse {
  if (!isShared) return { reports: reports.map(toDeliveryReport), cursor };
  const end = StreamDeliveryReportsResponse.encode({ reports: [], cursor }).finish();
  // Messages one behind the other are read as one: what is repeated in them is all there.
  return encodedAnswer(Buffer.concat([...reports.map(octetsOf), end]));
}

function octetsOf(report: StoredReport): Uint8Array {
  const known = octetsByReport.get(report);
  if (known !== undefined) return known;
  const answer = { reports: [toDeliveryReport(report)], cursor: "" };
  const octets = StreamDeliveryReportsResponse.encode(answer).finish();
  octetsByReport.set(report, octets);
  return octets;
}
