/**
 * Follows a stream of reports beyond the end of its connection: a drained or restarted service, a lost network. It goes on where it
 * stood, at its subscription or its last cursor, waits longer between tries that fail, and neither misses a report nor tells one twice.
 */
import { ClientError, Status } from "nice-grpc-common";
import type {
  DeepPartial,
  StreamDeliveryReportsRequest,
  StreamDeliveryReportsResponse,
} from "../gen/smsrelay/v1/sms_service.ts";
import type { Clock } from "../observability/clock.ts";
import type { ServiceClient } from "./client.ts";
import { detailsOf } from "./error-details.ts";
import { wasNeverSent } from "./outcome-unknown.ts";

const shortestWaitMs = 500;
const longestWaitMs = 10_000;

export interface FollowOptions {
  readonly client: ServiceClient;
  readonly request: DeepPartial<StreamDeliveryReportsRequest>;
  /** Acknowledges each response for this subscription once the caller asks for the next one. */
  readonly acknowledgeFor: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once for each loss of the stream, before the first wait. */
  readonly onLost: () => void;
}

/** Yields responses until the service ends the stream in order, the signal is aborted, or an error says that trying again is no use. */
export async function* followReports(
  options: FollowOptions,
): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  const { client, request, acknowledgeFor: subscriptionId, clock, signal, onLost } = options;
  let cursor = "";
  let reportCount = 0;
  let wasOpen = false;
  let isUnacknowledged = false;
  let waitMs = 0;
  async function acknowledge(): Promise<void> {
    if (!isUnacknowledged || subscriptionId === undefined) return;
    await client.subscriptions.acknowledgeSubscription({ subscriptionId, cursor }, client.callOptions());
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
        waitMs = 0;
        yield response;
        cursor = response.cursor;
        reportCount += response.reports.length;
        isUnacknowledged = response.reports.length > 0;
        await acknowledge();
      }
      return;
    } catch (error) {
      if (signal.aborted || !isPassing(error) || (!wasOpen && wasNeverSent(error))) throw error;
      if (waitMs === 0) onLost();
      wasOpen = true;
    }
    if (request.reportLimit !== undefined && request.reportLimit > 0 && reportCount >= request.reportLimit)
      return;
    waitMs = Math.min(longestWaitMs, Math.max(shortestWaitMs, waitMs * 2));
    await pause(waitMs, clock, signal);
    if (signal.aborted) return;
  }
}

/** Whether the same call may succeed later: the service drains, restarts or cannot be reached. */
function isPassing(error: unknown): boolean {
  if (error instanceof Error && error.name === "TimeoutError") return true;
  if (!(error instanceof ClientError)) return false;
  if (error.code === Status.UNAVAILABLE) return true;
  const isOurs = detailsOf(error).info !== undefined;
  return !isOurs && (error.code === Status.INTERNAL || error.code === Status.CANCELLED);
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, delayMs);
    signal.addEventListener("abort", end, { once: true });
  });
}
