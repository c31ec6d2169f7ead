/** Where a call comes from, behind proxies too. */
import { compileIpRanges, readAddress } from "../../domain/ip-ranges.ts";
import { memoized } from "../../memory/memoized.ts";

/** What the header says, read only where it is believed; its values with commas between them. */
export type ForwardedFor = () => string;

export interface CallerAddresses {
  /**
   * The address that a call comes from: the peer's, or, where that is a trusted proxy, the last of `x-forwarded-for` that is none. What
   * others wrote in front of it is not believed. Undefined where there is none (a socket of this machine's own).
   */
  of(forwardedFor: ForwardedFor, peer: string): string | undefined;
  /** Whether this is the address of a trusted proxy, as a connection's, whose certificate is not the caller's. */
  isProxy(peer: string): boolean;
}

/** How far back a list of addresses is read: longer ones are somebody's play. */
const mostHops = 32;

/** Connections from which calls come at a time, of which each has an address. */
const maxKnown = 1_000;

export function createCallerAddresses(trustedProxies: readonly string[]): CallerAddresses {
  const addressOf = memoized(maxKnown, (peer) => readAddress(peer) ?? "");
  const readPeer = (peer: string) => addressOf(peer) || undefined;
  if (trustedProxies.length === 0)
    return { of: (_forwardedFor, peer) => readPeer(peer), isProxy: () => false };
  const isTrusted = compileIpRanges(trustedProxies);
  const isProxy = (peer: string) => {
    const address = readPeer(peer);
    return address !== undefined && isTrusted(address);
  };
  return {
    isProxy,
    of(forwardedFor, peer) {
      if (!isProxy(peer)) return readPeer(peer);
      const hops = forwardedFor().split(",").slice(-mostHops);
      for (const hop of hops.toReversed()) {
        const address = readAddress(hop.trim());
        if (address === undefined) break;
        if (!isTrusted(address)) return address;
      }
      return readPeer(peer);
    },
  };
}
