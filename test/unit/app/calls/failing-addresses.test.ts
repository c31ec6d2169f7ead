import { describe, expect, it } from "vitest";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";
import { createFailingAddresses } from "../../../../src/app/calls/failing-addresses.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function setUp() {
  const clock = createFakeClock();
  return { clock, failing: createFailingAddresses(clock, createCallerAddresses(["10.9.0.0/16"])) };
}

function fail(
  failing: ReturnType<typeof createFailingAddresses>,
  address: string | undefined,
  times: number,
) {
  for (let i = 0; i < times; i++) failing.note(address);
}

describe("addresses that failed", () => {
  it("may try as they like until they have failed twenty times in a minute, and ten times a second from then on", () => {
    const { clock, failing } = setUp();
    for (let i = 0; i < 19; i++) {
      expect(failing.heldBackMs("192.0.2.1")).toBeUndefined();
      failing.note("192.0.2.1");
    }
    expect(failing.heldBackMs("192.0.2.1")).toBeUndefined();
    failing.note("192.0.2.1");
    let tries = 0;
    for (let ms = 0; ms < 1_000; ms++) {
      const heldBack = failing.heldBackMs("192.0.2.1");
      if (heldBack === undefined) {
        tries += 1;
        failing.note("192.0.2.1");
      } else expect(heldBack).toBe(100 - (ms % 100));
      clock.advance(1);
    }
    expect(tries).toBe(10);
  });

  it("are free again soon after they stop, and wholly a minute later", () => {
    const { clock, failing } = setUp();
    fail(failing, "192.0.2.1", 1_000);
    expect(failing.heldBackMs("192.0.2.1")).toBeUndefined();
    expect(failing.heldBackMs("192.0.2.1")).toBeGreaterThan(0);
    clock.advance(3_001);
    for (let i = 0; i < 3; i++) expect(failing.heldBackMs("192.0.2.1")).toBeUndefined();
    clock.advance(60_000);
    fail(failing, "192.0.2.1", 19);
    for (let i = 0; i < 3; i++) expect(failing.heldBackMs("192.0.2.1")).toBeUndefined();
  });

  it("hold nobody else back, and a trusted proxy is none", () => {
    const { failing } = setUp();
    fail(failing, "192.0.2.1", 100);
    failing.heldBackMs("192.0.2.1");
    expect(failing.heldBackMs("192.0.2.1")).toBeDefined();
    fail(failing, "10.9.0.1", 100);
    for (const other of ["10.9.0.1", "192.0.2.2", "2001:db8::1", undefined])
      for (let i = 0; i < 3; i++) expect(failing.heldBackMs(other)).toBeUndefined();
  });

  it("are a network of 2^64 in IPv6, however they are written", () => {
    const { failing } = setUp();
    for (let i = 0; i < 30; i++) failing.note(`2001:db8:0:1::${i.toString(16)}`);
    failing.heldBackMs("2001:db8:0:1::1");
    for (const same of ["2001:db8:0:1:ffff::1", "2001:0db8:0000:0001::", "2001:db8::1:0:0:0:1"])
      expect(failing.heldBackMs(same), same).toBeDefined();
    for (const other of ["2001:db8:0:2::1", "2001:db8::1", "::1"])
      for (let i = 0; i < 3; i++) expect(failing.heldBackMs(other), other).toBeUndefined();
  });

  it("are ten thousand at most, of which the oldest is forgotten", () => {
    const { failing } = setUp();
    const isHeldBack = (address: string) =>
      [failing.heldBackMs(address), failing.heldBackMs(address)].some((ms) => ms !== undefined);
    fail(failing, "192.0.2.1", 30);
    for (let i = 0; i < 9_999; i++) failing.note(`10.0.${i >> 8}.${i & 255}`);
    expect(isHeldBack("192.0.2.1")).toBe(true);
    failing.note("203.0.113.9");
    expect(isHeldBack("192.0.2.1")).toBe(false);
  });
});
