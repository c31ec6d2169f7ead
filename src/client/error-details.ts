/** The rich details of a failed call, read from its trailer as the contract writes them, with each violation's reason. */
import { type CallOptions, ClientError, type ClientMiddleware } from "nice-grpc-common";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../gen/google/rpc/status.ts";

/** What a failed call said besides its gRPC code and text. */
export interface ErrorDetails {
  /** Undefined where it was not the service that failed the call, but something in between. */
  readonly info: ErrorInfo | undefined;
  /** One of docs/errors.md; 0 where the service gave none. */
  readonly statusCode: number;
  /** What is wrong in which field of the request; at most 25, `info.metadata.violation_count` in all. */
  readonly violations: BadRequest["fieldViolations"];
  /** Which limit was hit. */
  readonly quotaViolations: QuotaFailure["violations"];
  /** When to try again at the earliest; undefined where waiting does not help. */
  readonly retryAfterSeconds: number | undefined;
}

const detailsByError = new WeakMap<ClientError, ErrorDetails>();
const trailerName = "grpc-status-details-bin";
const domain = "sms-relay";
const none: ErrorDetails = {
  info: undefined,
  statusCode: 0,
  violations: [],
  quotaViolations: [],
  retryAfterSeconds: undefined,
};

/** The details that came with what a call threw. */
export const detailsOf = (error: unknown): ErrorDetails =>
  (error instanceof ClientError ? detailsByError.get(error) : undefined) ?? none;

/** Keeps the details of each failed call. */
export const keepErrorDetails: ClientMiddleware = async function* keepErrorDetails(call, options) {
  let octets: Uint8Array | undefined;
  const listening: CallOptions = {
    ...options,
    onTrailer(trailer) {
      octets = trailer.get(trailerName);
      options.onTrailer?.(trailer);
    },
  };
  try {
    return yield* call.next(call.request, listening);
  } catch (error) {
    if (error instanceof ClientError && octets !== undefined) detailsByError.set(error, read(octets));
    throw error;
  }
};

/** A proxy's own trailer may be anything; the error that it came with says more than that it cannot be read. */
function read(octets: Uint8Array): ErrorDetails {
  try {
    return decode(octets);
  } catch {
    return none;
  }
}

function decode(octets: Uint8Array): ErrorDetails {
  const { details } = RpcStatus.decode(octets);
  const find = (type: string) =>
    details.find(({ typeUrl }) => typeUrl.endsWith(`/google.rpc.${type}`))?.value;
  const [infoOctets, request, quota, retry] = [
    find("ErrorInfo"),
    find("BadRequest"),
    find("QuotaFailure"),
    find("RetryInfo"),
  ];
  const info = infoOctets === undefined ? undefined : ErrorInfo.decode(infoOctets);
  const delay = retry === undefined ? undefined : RetryInfo.decode(retry).retryDelay;
  return {
    info,
    statusCode: info?.domain === domain ? Number(info.metadata["status_code"] ?? 0) : 0,
    violations: request === undefined ? [] : BadRequest.decode(request).fieldViolations,
    quotaViolations: quota === undefined ? [] : QuotaFailure.decode(quota).violations,
    retryAfterSeconds: delay === undefined ? undefined : Number(delay.seconds) + delay.nanos / 1_000_000_000,
  };
}
