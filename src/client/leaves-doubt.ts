/** What a failed call tells about whether the service did what was asked. */
import { ClientError, Status } from "nice-grpc-common";
import { detailsOf } from "./error-details.ts";

const doubtful = new Set<Status>([
  Status.UNAVAILABLE,
  Status.DEADLINE_EXCEEDED,
  Status.CANCELLED,
  Status.UNKNOWN,
  Status.INTERNAL,
]);

/** Whether a call ended before anything of it left this machine. */
export function wasNeverSent(error: unknown): boolean {
  return (
    error instanceof ClientError && /^(No connection established|Name resolution failed)/.test(error.details)
  );
}

/** Whether the service may have accepted what this call asked for. */
export function leavesDoubt(error: unknown): boolean {
  if (error instanceof ClientError) {
    // A refusal of the service itself says so; only its own faults leave the matter open.
    const isRefusal = detailsOf(error).info !== undefined && error.code !== Status.INTERNAL;
    return doubtful.has(error.code) && !wasNeverSent(error) && !isRefusal;
  }
  return error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
}
