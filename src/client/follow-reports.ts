/**
 * Follows a stream of reports beyond the end of its connection: a drained or restarted service, a lost network. It resumes at its
 * subscription or its last cursor, waits longer after each failed try, and neither misses a report nor yields one twice.
 */
import { type CallOptions, ClientError, Status } from "nice-grpc-common";
import type {
  DeepPartial,
  StreamDeliveryReportsRequest,
  StreamDeliveryReportsResponse,
} from "../gen/smsrelay/v1/sms_service.ts";
import type { SmsRelayClient } from "./connect.ts";
import { detailsOf } from "./error-details.ts";
import { nextPauseMs, type Pause, pauseAtRandom } from "./pause.ts";

export interface FollowOptions {
  readonly client: Pick<SmsRelayClient, "sms" | "subscriptions">;
  /** Where to begin, which reports, and how many; by default all from now on. */
  readonly request?: DeepPartial<StreamDeliveryReportsRequest>;
  /** Whether a subscription moves on behind each response once the caller asks for the next one; true by default. */
  readonly acknowledges?: boolean;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Called once for each loss of the stream, before the first pause. */
  readonly onLost?: (error: unknown) => void;
  /** Whether to give up on an error before the stream was ever open; by default it goes on trying. */
  readonly givesUpUnopened?: (error: unknown) => boolean;
  /** Options of each acknowledgement. */
  readonly callOptions?: () => CallOptions;
  readonly pause?: Pause;
}

/** Yields responses until the service ends the stream in order, the signal is aborted, or an error says that trying again is no use. */
export async function* followReports(
  options: FollowOptions,
): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  const { client, request = {}, onLost, callOptions, pause = pauseAtRandom } = options;
  const { signal = new AbortController().signal, givesUpUnopened = () => false } = options;
  const position = request.start?.position;
  const isSubscribed = position?.$case === "subscriptionId" && options.acknowledges !== false;
  const subscriptionId = isSubscribed ? position.value : undefined;
  let cursor = "";
  let reportCount = 0;
  let wasOpen = false;
  let isUnacknowledged = false;
  let pauseMs = 0;
  async function acknowledge(): Promise<void> {
    if (!isUnacknowledged || subscriptionId === undefined) return;
    await client.subscriptions.acknowledgeSubscription({ subscriptionId, cursor }, callOptions?.());
    isUnacknowledged = false;
  }
  for (;;) {
    try {
      // What an acknowledgement that was lost had said comes first, so that nothing is read again.
      await acknowledge();
      const reportLimit = (request.reportLimit ?? 0) === 0 ? 0 : (request.reportLimit ?? 0) - reportCount;
      const resumed = cursor !== "" && subscriptionId === undefined;
      // What begins now begins with the first cursor, which the service sends at once; lost before that, it has not begun.
      const start = resumed ? { position: { $case: "cursor", value: cursor } as const } : request.start;
      for await (const response of client.sms.streamDeliveryReports(
        { ...request, ...(start !== undefined && { start }), reportLimit },
        { signal },
      )) {
        wasOpen = true;
        pauseMs = 0;
        yield response;
        cursor = response.cursor;
        reportCount += response.reports.length;
        isUnacknowledged = response.reports.length > 0;
        await acknowledge();
      }
      return;
    } catch (error) {
      if (signal.aborted || !isPassing(error) || (!wasOpen && givesUpUnopened(error))) throw error;
      if (pauseMs === 0) onLost?.(error);
      wasOpen = true;
      pauseMs = nextPauseMs(pauseMs, detailsOf(error).retryAfterSeconds);
    }
    if (request.reportLimit !== undefined && request.reportLimit > 0 && reportCount >= request.reportLimit)
      return;
    await pause(pauseMs, signal);
    if (signal.aborted) return;
  }
}

/** Whether the same call may succeed later: the service drains, restarts or cannot be reached. */
function isPassing(error: unknown): boolean {
  if (error instanceof Error && error.name === "TimeoutError") return true;
  if (!(error instanceof ClientError)) return false;
  if (error.code === Status.UNAVAILABLE) return true;
  const isOurs = detailsOf(error).info !== undefined;
  return !isOurs && retriedCodes.has(error.code);
}

/** Codes that mean a lost connection where they are not from the service itself; DEADLINE_EXCEEDED of an acknowledgement too. */
const retriedCodes = new Set<Status>([Status.INTERNAL, Status.CANCELLED, Status.DEADLINE_EXCEEDED]);
