/** Turns failures into gRPC errors whose `grpc-status-details-bin` carries the rich details (google.rpc.Status). */
import { Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";
import { describeFailure, type Failure, type FailureDeps } from "../../app/calls/failure.ts";
import type { Any } from "../../gen/google/protobuf/any.ts";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../../gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../gen/google/rpc/status.ts";
import { toDuration } from "../translate/time.ts";
import type { NamedStatus } from "./refused-calls.ts";

/** The domain in each ErrorInfo. */
export const errorDomain = "sms-relay";

/** The trailer's octets before base64 makes them a third longer; with the other trailers they stay under 6 KiB as sent. */
const maxStatusOctets = 4_300;

/** What gRPC's own services answer instead: a bare status. */
export class BareStatus extends Error {
  readonly code: Status;

  constructor(code: Status, details: string) {
    super(details);
    this.code = code;
  }
}

/** The status for what a handler threw, whatever it is. */
export function statusOf(thrown: unknown, deps: FailureDeps): NamedStatus {
  if (thrown instanceof BareStatus) return bare(thrown.code, thrown.message);
  // The caller went away: nothing failed, and nobody is there to be told.
  if (thrown instanceof Error && thrown.name === "AbortError")
    return bare(Status.CANCELLED, "The operation was cancelled");
  return refusalOf(thrown, deps);
}

/** The status of a refusal or failure, with its details in the trailer. */
export function refusalOf(thrown: unknown, deps: FailureDeps): NamedStatus {
  const failure = describeFailure(thrown, deps);
  const code = Status[failure.code.grpcCode];
  const details = encodeStatus(failure, code);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(details.buffer, details.byteOffset, details.length));
  return { code, details: failure.text, metadata, reason: failure.name };
}

function bare(code: Status, details: string): StatusObject {
  return { code, details, metadata: new Metadata() };
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
