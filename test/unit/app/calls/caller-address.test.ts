import { describe, expect, it } from "vitest";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";

const forwarded =
  (...values: readonly string[]) =>
  () =>
    values.join(",");

const proxies = createCallerAddresses(["10.0.0.0/8", "2001:db8::/32"]);

describe("where a call comes from", () => {
  it("is the peer's address where it is no trusted proxy, whatever the call says", () => {
    for (const addresses of [createCallerAddresses([]), proxies])
      expect(addresses.of(forwarded("203.0.113.9"), "192.0.2.1:4000")).toBe("192.0.2.1");
  });

  it("is the last address before the trusted proxies, and never what somebody wrote in front of it", () => {
    const from = (...values: string[]) => proxies.of(forwarded(...values), "10.0.0.1:4000");
    expect(from("203.0.113.9")).toBe("203.0.113.9");
    expect(from("1.1.1.1, 203.0.113.9, 10.0.0.7")).toBe("203.0.113.9");
    expect(from("1.1.1.1", "203.0.113.9,10.0.0.7")).toBe("203.0.113.9");
    expect(from("203.0.113.9:1234")).toBe("203.0.113.9");
    expect(from("::ffff:203.0.113.9")).toBe("203.0.113.9");
    expect(proxies.of(forwarded("[2001:db9::1]:80"), "[2001:db8::2]:1")).toBe("2001:db9::1");
    expect(proxies.of(forwarded("203.0.113.9"), "[::ffff:10.0.0.1]:4000")).toBe("203.0.113.9");
  });

  it("is the proxy itself where it says nothing, or what cannot be read", () => {
    const from = (...values: string[]) => proxies.of(forwarded(...values), "10.0.0.1:4000");
    for (const value of ["", "unknown", "203.0.113.9, _hidden", "203.0.113.9,", "10.0.0.3, 10.0.0.2"])
      expect(from(value), value).toBe("10.0.0.1");
    expect(from()).toBe("10.0.0.1");
    expect(from(`203.0.113.9${",10.0.0.2".repeat(40)}`)).toBe("10.0.0.1");
  });

  it("is nowhere for a socket of this machine's own", () => {
    expect(proxies.of(forwarded("203.0.113.9"), "unix:/run/sms-relay.sock")).toBeUndefined();
  });
});
