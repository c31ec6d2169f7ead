/**
 * Opaque tokens that callers hand back to us. A checksum keyed by the store's id binds each to the store and to what it was made for, so
 * that a foreign or broken one is recognised; it keeps nothing secret.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

const checksumOctets = 9;

export interface TokenSealer {
  /** The token for `value` under `purpose`, for instance a kind and an account. */
  seal(purpose: string, value: string): string;
  /** The value in a token that was sealed for the same purpose by the same store; else undefined. */
  open(purpose: string, token: string): string | undefined;
}

const form = /^[A-Za-z0-9_-]{12,1024}$/;

/** Makes the sealer of one store. */
export function createTokenSealer(storeId: string): TokenSealer {
  const checksum = (purpose: string, value: string) =>
    createHmac("sha256", storeId).update(`${purpose}\u0000${value}`).digest().subarray(0, checksumOctets);
  return {
    seal: (purpose, value) =>
      Buffer.concat([checksum(purpose, value), Buffer.from(value)]).toString("base64url"),
    open(purpose, token) {
      if (!form.test(token)) return undefined;
      const octets = Buffer.from(token, "base64url");
      if (octets.length < checksumOctets) return undefined;
      const value = octets.toString("utf8", checksumOctets);
      return timingSafeEqual(checksum(purpose, value), octets.subarray(0, checksumOctets))
        ? value
        : undefined;
    },
  };
}
