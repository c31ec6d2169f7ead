/** How much of the process one account may hold at a time, or all callers without a key together, and how long a call may be incomplete. */

import type { ConnectionBounds } from "../../app/calls/connections.ts";

export interface CallBounds {
  readonly connections: ConnectionBounds;
  /** Of each account. */
  readonly account: ShareBounds;
  /** Of everybody without a key: those who ask for health and reflection. */
  readonly strangers: ShareBounds;
  /** Octets of one message of a caller without a key. */
  readonly maxStrangerOctets: number;
  /** How long a request may take to arrive once it has begun; a stream may be idle for as long as it likes. */
  readonly requestMs: number;
  /** How long the answer to a unary call may lie unread. */
  readonly unreadMs: number;
}

export interface ShareBounds {
  /** Calls that are open. */
  readonly maxCalls: number;
  /** Octets of requests that have begun and are not whole. */
  readonly maxBegunOctets: number;
  /** Of these, unary ones whose octets are not looked at: not many, and each within the size of a request. */
  readonly maxUncounted: number;
  /** Octets of answers to unary calls that nobody has read. */
  readonly maxUnreadOctets: number;
}

const mebi = 1024 * 1024;

export const defaultCallBounds: CallBounds = {
  connections: { maxConnections: 2_000, maxStrangers: 256, maxOfAccount: 500 },
  account: { maxCalls: 10_000, maxBegunOctets: 64 * mebi, maxUncounted: 32, maxUnreadOctets: 32 * mebi },
  strangers: { maxCalls: 1_000, maxBegunOctets: 4 * mebi, maxUncounted: 0, maxUnreadOctets: 4 * mebi },
  maxStrangerOctets: 16 * 1024,
  requestMs: 30_000,
  unreadMs: 60_000,
};

/** The bounds that the configuration sets. */
export function callBoundsOf(limits: {
  readonly maxConnections: number;
  readonly maxConnectionsPerAccount: number;
  readonly maxCallsPerAccount: number;
  readonly maxBegunPerAccount: number;
  readonly maxUnreadPerAccount: number;
}): CallBounds {
  return {
    ...defaultCallBounds,
    connections: {
      ...defaultCallBounds.connections,
      maxConnections: limits.maxConnections,
      maxOfAccount: limits.maxConnectionsPerAccount,
    },
    account: {
      maxCalls: limits.maxCallsPerAccount,
      maxBegunOctets: limits.maxBegunPerAccount,
      maxUncounted: defaultCallBounds.account.maxUncounted,
      maxUnreadOctets: limits.maxUnreadPerAccount,
    },
  };
}

/** What one account holds now, or all strangers. */
export class Share {
  readonly bounds: ShareBounds;
  /** As QuotaFailure names it. */
  readonly subject: string;
  calls = 0;
  /** Unary requests that are not whole. */
  arriving = 0;
  begunOctets = 0;
  unreadOctets = 0;

  constructor(subject: string, bounds: ShareBounds) {
    this.subject = subject;
    this.bounds = bounds;
  }
}
