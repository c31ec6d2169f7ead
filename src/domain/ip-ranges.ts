/** Addresses of callers and ranges of them (CIDR, RFC 4632), in IPv4 and IPv6. */
import { BlockList, isIP } from "node:net";

const mapped = /^::ffff:([0-9.]+)$/i;

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address. */
export function isIpRange(text: string): boolean {
  const [, address, bits] = /^([^/%]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  if (address === undefined) return false;
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
}

/**
 * The address in a text that may have a port behind it, as peers and `x-forwarded-for` are written; an IPv4 address in IPv6's clothes is
 * IPv4, and a zone is left out. Undefined where it is none.
 */
export function readAddress(text: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
  const [address = ""] = bare.split("%");
  const plain = mapped.exec(address)?.[1] ?? address;
  return isIP(plain) === 0 ? undefined : plain.toLowerCase();
}

/** Tells whether an address is in one of the ranges, each of which `isIpRange` takes. */
export function compileIpRanges(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}
