import { describe, expect, it } from "vitest";
import { MAX_SEQUENCE_NUMBER, PendingRequests } from "../../../src/smpp/pending-requests.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function setUp() {
  const clock = createFakeClock();
  const timedOut: number[] = [];
  const pending = new PendingRequests<string>({
    clock,
    timeoutMs: 1_000,
    onTimeout: ({ sequence_number }) => timedOut.push(sequence_number),
  });
  return { clock, pending, timedOut };
}

describe("pending requests", () => {
  it("count from 1 to 0x7FFFFFFF and wrap to 1", () => {
    const { pending } = setUp();
    expect(pending.nextSequence()).toBe(1);
    pending.startAfter(MAX_SEQUENCE_NUMBER - 1);
    expect(pending.nextSequence()).toBe(MAX_SEQUENCE_NUMBER);
    expect(pending.nextSequence()).toBe(1);
  });

  it("never give out a sequence number that is pending or still expects a late answer", () => {
    const { pending, clock } = setUp();
    pending.add(1, "submit_sm", true, () => {}).written = true;
    clock.advance(1_000);
    pending.add(2, "submit_sm", true, () => {});
    pending.startAfter(MAX_SEQUENCE_NUMBER);
    expect(pending.nextSequence()).toBe(3);
  });

  it("forget the oldest late ones beyond their bound", () => {
    const { pending, clock, timedOut } = setUp();
    for (let i = 1; i <= 10_001; i++) pending.add(i, "submit_sm", true, () => {}).written = true;
    clock.advance(1_000);
    expect(timedOut).toHaveLength(10_001);
    expect(pending.commandOf(1)).toBeUndefined();
    expect(pending.commandOf(2)).toBe("submit_sm");
    expect(pending.inWindow).toBe(0);
  });

  it("expect no late answer to what was never written", () => {
    const { pending, clock, timedOut } = setUp();
    pending.add(1, "submit_sm", true, () => {});
    clock.advance(1_000);
    expect(timedOut).toEqual([1]);
    expect(pending.commandOf(1)).toBeUndefined();
  });
});
