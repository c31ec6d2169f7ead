/** The rich details of a failed call, read from its trailer as the contract writes them, with each violation's reason. */
import { type CallOptions, ClientError, type ClientMiddleware } from "nice-grpc-common";
import { BadRequest, ErrorInfo, RetryInfo } from "../gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../gen/google/rpc/status.ts";

/** What a failed call told besides its code and text. */
export interface ErrorDetails {
  readonly info: ErrorInfo | undefined;
  readonly violations: BadRequest["fieldViolations"];
  readonly retryAfterSeconds: number | undefined;
}

const detailsByError = new WeakMap<ClientError, ErrorDetails>();
const trailerName = "grpc-status-details-bin";
const none: ErrorDetails = { info: undefined, violations: [], retryAfterSeconds: undefined };

/** The details that came with an error. */
export const detailsOf = (error: ClientError): ErrorDetails => detailsByError.get(error) ?? none;

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
    if (error instanceof ClientError && octets !== undefined) detailsByError.set(error, decode(octets));
    throw error;
  }
};

function decode(octets: Uint8Array): ErrorDetails {
  const { details } = RpcStatus.decode(octets);
  const find = (type: string) =>
    details.find(({ typeUrl }) => typeUrl.endsWith(`/google.rpc.${type}`))?.value;
  const [info, request, retry] = [find("ErrorInfo"), find("BadRequest"), find("RetryInfo")];
  const delay = retry === undefined ? undefined : RetryInfo.decode(retry).retryDelay;
  return {
    info: info === undefined ? undefined : ErrorInfo.decode(info),
    violations: request === undefined ? [] : BadRequest.decode(request).fieldViolations,
    retryAfterSeconds: delay === undefined ? undefined : Number(delay.seconds) + delay.nanos / 1_000_000_000,
  };
}
