import { describe, expect, it } from "vitest";
import { compileIpRanges, isIpRange, readAddress } from "../../../src/domain/ip-ranges.ts";

describe("ranges of addresses", () => {
  it.each([
    "192.0.2.1",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "192.0.2.128/32",
    "::1",
    "::/0",
    "2001:db8::/32",
    "fe80::1/128",
  ])("are such as %s", (range) => expect(isIpRange(range)).toBe(true));

  it.each([
    "",
    "10.0.0.0/33",
    "10.0.0/8",
    "10.0.0.0/",
    "/8",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "::/129",
    "localhost",
    "fe80::1%eth0",
    "10.0.0.0 /8",
    "10.0.0.0/8 ",
    "010.0.0.1",
  ])("are not such as «%s»", (range) => expect(isIpRange(range)).toBe(false));

  it("hold their addresses and no others", () => {
    const isIn = compileIpRanges(["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"]);
    for (const address of ["10.1.0.0", "10.1.255.255", "192.0.2.7", "2001:db8::1", "2001:db8:ffff::"])
      expect(isIn(address), address).toBe(true);
    for (const address of ["10.2.0.0", "10.0.255.255", "192.0.2.8", "2001:db9::1", "::1", "127.0.0.1"])
      expect(isIn(address), address).toBe(false);
  });

  it("take every address where they are everything", () => {
    expect(compileIpRanges(["0.0.0.0/0"])("203.0.113.9")).toBe(true);
    expect(compileIpRanges(["::/0"])("2001:db8::9")).toBe(true);
  });
});

describe("an address", () => {
  it.each([
    ["192.0.2.1:50051", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["[2001:DB8::1]:443", "2001:db8::1"],
    ["[::1]", "::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["[::FFFF:192.0.2.1]:80", "192.0.2.1"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:db8::1", "2001:db8::1"],
  ])("is read from %s", (text, address) => expect(readAddress(text)).toBe(address));

  it.each([
    "",
    "unix:/run/x.sock",
    "unknown",
    "localhost:1",
    "1.2.3",
    "1.2.3.4:x",
    "[1.2.3.4",
    "1.2.3.4, 5.6.7.8",
  ])("is not read from «%s»", (text) => expect(readAddress(text)).toBeUndefined());
});
