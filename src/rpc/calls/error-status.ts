/** Turns failures into gRPC errors whose `grpc-status-details-bin` carries the rich details (google.rpc.Status). */
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { type CallContext, ServerError, Status } from "nice-grpc-common";
import { describeFailure, type Failure, type FailureDeps } from "../../app/calls/failure.ts";
import type { Any } from "../../gen/google/protobuf/any.ts";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../../gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../gen/google/rpc/status.ts";
import { toDuration } from "../translate/time.ts";

/** The domain in each ErrorInfo. */
export const errorDomain = "sms-relay";

/** The trailer's octets before base64 makes them a third longer; with the other trailers they stay under 6 KiB as sent. */
const maxStatusOctets = 4_300;

/** The error for nice-grpc; the details are put into the call's trailer. */
export function toServerError(thrown: unknown, context: CallContext, deps: FailureDeps): Error {
  if (isCancellation(thrown, context)) return thrown;
  const failure = describeFailure(thrown, deps);
  const grpcCode = Status[failure.code.grpcCode];
  context.trailer.set("grpc-status-details-bin", encodeStatus(failure, grpcCode));
  return new ServerError(grpcCode, failure.text);
}

/** The same for the interceptors of the stack, before there is a handler. */
export function refusalOf(thrown: unknown, deps: FailureDeps): StatusObject {
  const failure = describeFailure(thrown, deps);
  const code = Status[failure.code.grpcCode];
  const details = encodeStatus(failure, code);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(details.buffer, details.byteOffset, details.length));
  return { code, details: failure.text, metadata };
}

/** The caller went away: nothing failed, and nobody is there to be told. */
function isCancellation(thrown: unknown, context: CallContext): thrown is Error {
  return thrown instanceof Error && (thrown.name === "AbortError" || thrown === context.signal.reason);
}

/** The encoded google.rpc.Status; violations from the end are left out where it would grow too long. */
export function encodeStatus(failure: Failure, grpcCode: number): Uint8Array {
  for (let listed = failure.violations.length; ; listed--) {
    const octets = RpcStatus.encode({
      code: grpcCode,
      message: failure.text,
      details: detailsOf(failure, listed),
    }).finish();
    if (octets.length <= maxStatusOctets || listed === 0) return octets;
  }
}

function detailsOf(failure: Failure, listed: number): Any[] {
  const { name: reason, metadata, retryAfterMs, quota } = failure;
  const details = [
    any("ErrorInfo", ErrorInfo.encode({ reason, domain: errorDomain, metadata: { ...metadata } }).finish()),
  ];
  if (listed > 0) {
    const fieldViolations = failure.violations
      .slice(0, listed)
      .map((violation) => ({ ...violation, localizedMessage: undefined }));
    details.push(any("BadRequest", BadRequest.encode({ fieldViolations }).finish()));
  }
  if (retryAfterMs !== undefined)
    details.push(any("RetryInfo", RetryInfo.encode({ retryDelay: toDuration(retryAfterMs) }).finish()));
  if (quota !== undefined)
    details.push(
      any("QuotaFailure", QuotaFailure.encode(QuotaFailure.fromPartial({ violations: [quota] })).finish()),
    );
  return details;
}

function any(type: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/google.rpc.${type}`, value: Buffer.from(value) };
}
