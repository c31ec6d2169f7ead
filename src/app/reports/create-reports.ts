/** The calls that read an account's reports. */
import { createWatchReports, type WatchReports, type WatchReportsDeps } from "./watch-reports.ts";

export interface Reports {
  readonly watchReports: WatchReports;
}

export type ReportsDeps = WatchReportsDeps;

export function createReports(deps: ReportsDeps): Reports {
  return { watchReports: createWatchReports(deps) };
}
