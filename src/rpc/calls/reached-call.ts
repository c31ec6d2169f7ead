/**
 * What grpc-js keeps to itself about a call and the bounds on calls need: the HTTP/2 stream, and the decoder that gathers a message. Where
 * a version of grpc-js no longer has them, `reach` answers undefined and the octets are as unbounded as the stack leaves them; the tests of
 * the bounds then fail.
 */
import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** Gathers one message after the other (grpc-js, stream-decoder.ts). */
interface Decoder {
  maxReadMessageLength: number;
  /** 0 between messages. */
  readonly readState: number;
  readonly readMessageSize: number;
  readonly readMessageRemaining: number;
}

/** The innermost call (grpc-js, server-interceptors.ts). */
export interface ReachedCall {
  readonly stream: ServerHttp2Stream;
  readonly decoder: Decoder;
  /** The limit after decompression. */
  maxReceiveMessageSize: number;
}

export function reach(call: ServerInterceptingCallInterface): ReachedCall | undefined {
  const reached = call as unknown as Partial<ReachedCall>;
  return reached.stream !== undefined && reached.decoder?.readState !== undefined
    ? (reached as ReachedCall)
    : undefined;
}

/** The state in which a message is gathered, its size being known and allowed. */
const readingMessage = 2;

/** Octets of a message that has begun and is not whole. */
export function octetsBegun({ decoder }: ReachedCall): number {
  return decoder.readState === readingMessage ? decoder.readMessageSize - decoder.readMessageRemaining : 0;
}

/** Lets each message of this call have so many octets; beyond, the stack refuses it before gathering it. */
export function limitRequest(call: ReachedCall, octets: number): void {
  call.decoder.maxReadMessageLength = octets;
  call.maxReceiveMessageSize = octets;
}
