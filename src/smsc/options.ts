/** The options that a simulator starts with, and their defaults. */
import type { ServerOptions } from "node:https";
import { type Clock, systemClock } from "../observability/clock.ts";
import type { BehaviourSpec } from "./behaviours/spec.ts";
import type { MessageIdNotation } from "./message-id.ts";
import { DEFAULT_RULES, type OutcomeRule } from "./outcome-rules.ts";

/** A system_id that may bind. */
export interface SimulatorAccount {
  readonly systemId: string;
  readonly password: string;
  /** Most sessions at a time; default unbounded. */
  readonly maxSessions?: number;
}

export interface SimulatorOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on; default 2775, 0 takes a free one. */
  readonly port?: number;
  /** Serves TLS with this certificate. */
  readonly tls?: Pick<ServerOptions, "key" | "cert" | "ca" | "requestCert" | "rejectUnauthorized">;
  /** Who may bind; default anybody. */
  readonly accounts?: "any" | readonly SimulatorAccount[];
  /** Outcomes by destination; default DEFAULT_RULES. */
  readonly rules?: readonly OutcomeRule[];
  /** Share of the messages that no rule matches which are delivered, 0 to 1; the others end UNDELIV. Default 1. */
  readonly deliveryRate?: number;
  /** Time from acceptance to the receipt; default 500 ms. */
  readonly receiptDelayMs?: number;
  /** Up to this is added to the delay at random; default 0. */
  readonly receiptJitterMs?: number;
  /** Most receipts and handset messages a second to one account; default unbounded. */
  readonly receiptsPerSecond?: number;
  /** Receipts and handset messages that wait for a receiver, by account; the oldest go first. Default 100,000. */
  readonly maxQueuedReceipts?: number;
  /** How often a receipt is tried, and how long after a refusal; default 10 times, 1 s. */
  readonly receiptAttempts?: number;
  readonly receiptRetryMs?: number;
  /** How far the dates in receipts are ahead of UTC; default 0. */
  readonly utcOffsetMinutes?: number;
  /** Notation of message ids in responses and in receipts; default decimal in both. */
  readonly messageIds?: { readonly response: MessageIdNotation; readonly receipt: MessageIdNotation };
  /** Number of the first message; default the time in microseconds, so that ids differ after a restart. */
  readonly firstMessageNumber?: number;
  /** Whether receipts carry the submit_sm's user_message_reference; default true. */
  readonly echoUserMessageReference?: boolean;
  /** Most deliver_sm's of a session without an answer at a time; default 100. */
  readonly window?: number;
  /** How long an ESME may take to answer a deliver_sm; default 10 s. */
  readonly responseTimeoutMs?: number;
  /** Silence after which an ESME is asked with enquire_link; default 30 s, 0 never. */
  readonly enquireLinkIntervalMs?: number;
  /** How long a connection may stay unbound; default 30 s. */
  readonly bindTimeoutMs?: number;
  /** Received messages that are kept for `received()`, query_sm and cancel_sm; default 100,000. */
  readonly maxReceived?: number;
  /** A file to which each accepted or refused submit is appended as a line of JSON before it is answered. */
  readonly recordTo?: string;
  /** Hostile behaviours from the start; default none. */
  readonly behaviours?: readonly BehaviourSpec[];
  /** Seed of everything that happens at random; default 1. */
  readonly seed?: number;
  /** Time; default the machine's. */
  readonly clock?: Clock;
}

/** The options with every gap filled. */
export type SimulatorSettings = Required<
  Omit<SimulatorOptions, "tls" | "recordTo" | "receiptsPerSecond" | "firstMessageNumber" | "behaviours">
> &
  Pick<SimulatorOptions, "tls" | "recordTo" | "receiptsPerSecond" | "firstMessageNumber" | "behaviours">;

const DEFAULTS = {
  host: "127.0.0.1",
  port: 2775,
  accounts: "any",
  rules: DEFAULT_RULES,
  deliveryRate: 1,
  receiptDelayMs: 500,
  receiptJitterMs: 0,
  maxQueuedReceipts: 100_000,
  receiptAttempts: 10,
  receiptRetryMs: 1_000,
  utcOffsetMinutes: 0,
  messageIds: { response: "decimal", receipt: "decimal" },
  echoUserMessageReference: true,
  window: 100,
  responseTimeoutMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  bindTimeoutMs: 30_000,
  maxReceived: 100_000,
  seed: 1,
  clock: systemClock,
} as const satisfies SimulatorOptions;

/** Fills the gaps. */
export function withDefaults(options: SimulatorOptions): SimulatorSettings {
  return { ...DEFAULTS, ...options };
}
