/** How the gRPC server listens: address, TLS, and the limits that keep dead and greedy peers off (P39). */
import { isIP } from "node:net";
import { type ChannelOptions, ServerCredentials } from "@grpc/grpc-js";
import { refusePlaintext, type ServerTls } from "../../app/calls/server-tls.ts";
import { RenewableCredentials } from "./renewable-credentials.ts";

export interface ListenSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM; without it plain text. With a client CA, clients must show a certificate. */
  readonly tls: ServerTls | undefined;
  /** Plain text on an address that other machines reach. */
  readonly allowPlaintext: boolean;
  /** Octets of one request; larger ones get RESOURCE_EXHAUSTED from the stack. */
  readonly maxRequestOctets: number;
  readonly keepalive: KeepaliveSettings;
}

export interface KeepaliveSettings {
  /** Between two pings of a connection, and how long an answer may take; milliseconds. */
  readonly timeMs: number;
  readonly timeoutMs: number;
  /** A connection without calls is closed after this. */
  readonly maxIdleMs: number;
  /** A connection is asked to end at this age, and cut off after the grace time. */
  readonly maxAgeMs: number;
  readonly maxAgeGraceMs: number;
  /** Calls at once on one connection. */
  readonly maxConcurrentCalls: number;
}

export const defaultKeepalive: KeepaliveSettings = {
  timeMs: 30_000,
  timeoutMs: 10_000,
  maxIdleMs: 30 * 60_000,
  maxAgeMs: 24 * 60 * 60_000,
  maxAgeGraceMs: 10 * 60_000,
  maxConcurrentCalls: 1_000,
};

/** Largest answer: a page of GetStatus stops at 2 MiB, one of ListSms is smaller. */
const maxAnswerOctets = 16 * 1024 * 1024;

/** channelz stays on: without it grpc-js 1.14 knows no sessions, and a forced shutdown would leave their calls hanging (P40). */
export function channelOptionsOf({ maxRequestOctets, keepalive }: ListenSettings): ChannelOptions {
  return {
    "grpc.max_receive_message_length": maxRequestOctets,
    "grpc.max_send_message_length": maxAnswerOctets,
    "grpc.keepalive_time_ms": keepalive.timeMs,
    "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
    "grpc.max_connection_idle_ms": keepalive.maxIdleMs,
    "grpc.max_connection_age_ms": keepalive.maxAgeMs,
    "grpc.max_connection_age_grace_ms": keepalive.maxAgeGraceMs,
    "grpc.max_concurrent_streams": keepalive.maxConcurrentCalls,
  };
}

/** The server's credentials; refuses plain text on an address that other machines reach, unless it was allowed. */
export function credentialsOf(listen: ListenSettings): ServerCredentials {
  refusePlaintext("gRPC", listen);
  return listen.tls === undefined ? ServerCredentials.createInsecure() : new RenewableCredentials(listen.tls);
}

export function addressOf({ host, port }: ListenSettings): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
