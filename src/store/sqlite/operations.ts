/** What the two workers are asked for: each operation's input and outcome. Structured clone carries both. */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId } from "../../domain/ids.ts";
import type { KnownRequest, Recovery } from "../accepting.ts";
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import type { AppendedReports } from "../fresh-reports.ts";
import type { PackedScan } from "../packed-scan.ts";
import type { RecordReads } from "../records/steps.ts";
import type { ReportBounds } from "../reports.ts";
import type { ListRows, StatusRows } from "../status-rows.ts";
import type { Backlog, ListQuery, StatusQuery } from "../views.ts";
import type { OperationOf, WriteSteps as SharedSteps, Signature } from "../write-steps.ts";
import type { RequestQuery } from "./find-request.ts";
import type { PackedAcceptance, PackedAcceptOutcome } from "./packed-acceptance.ts";
import type { ReportsQuery } from "./read-reports.ts";

export interface WriteSteps extends SharedSteps {
  readonly join: Signature<number, { readonly claimant: ClaimantId; readonly recovery: Recovery }>;
  readonly clean: Signature<CleanRequest, Cleaned>;
}

/** As the writer's thread is asked: an acceptance comes as the rows that it becomes. */
export interface WriterSteps extends Omit<WriteSteps, "accept"> {
  readonly accept: Signature<PackedAcceptance, PackedAcceptOutcome>;
}

export interface ReadSteps extends RecordReads {
  readonly readStatus: Signature<StatusQuery, StatusRows | undefined>;
  readonly listMessages: Signature<ListQuery, ListRows>;
  readonly findRequests: Signature<readonly RequestQuery[], readonly (KnownRequest | undefined)[]>;
  readonly readStates: Signature<readonly DeliveryId[], readonly (DeliveryState | undefined)[]>;
  readonly scanReports: Signature<ReportsQuery, PackedScan>;
  readonly reportBounds: Signature<AccountId, ReportBounds>;
  readonly reportNumberBefore: Signature<{ readonly accountId: AccountId; readonly timeMs: number }, number>;
  readonly backlog: Signature<undefined, Backlog>;
}

export type WriteOperation = OperationOf<WriteSteps>;
export type WriterOperation = OperationOf<WriterSteps>;
export type ReadOperation = OperationOf<ReadSteps>;

/** What a committed batch answers: an outcome for each operation, and the accounts that have new reports. */
export interface CommittedBatch {
  readonly outcomes: readonly unknown[];
  readonly reports: AppendedReports;
}

/** How long a connection waits for a lock that another process holds. */
export const busyTimeoutMs = 5_000;

/** What a worker is told first. */
export interface WorkerData {
  readonly path: string;
  /** Of the worker that writes: also a file that was copied into a database. */
  readonly startsCopied?: boolean;
  /** Of a thread that writes a whole file: so much of the disk stays free. */
  readonly keepFreeOctets?: number;
  /** Of the worker that copies: the new file. */
  readonly target?: string;
}
