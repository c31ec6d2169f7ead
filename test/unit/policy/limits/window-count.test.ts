import { describe, expect, it } from "vitest";
import { WindowCount } from "../../../../src/policy/limits/window-count.ts";

const hourMs = 3_600_000;
const atMs = 100 * hourMs + 600_000;

function took(counts: WindowCount, count: number, limit: number | undefined, nowMs: number) {
  const outcome = counts.take(count, limit, nowMs);
  if (outcome.kind === "refused") throw new Error("was refused");
  return outcome.taken;
}

describe("the limit of an hour", () => {
  it("counts what is in flight, and refuses what does not fit whole until the next hour", () => {
    const counts = new WindowCount(hourMs);
    took(counts, 6, 10, atMs);
    expect(counts.take(5, 10, atMs)).toEqual({ kind: "refused", retryAfterMs: 3_000_000 });
    expect(counts.remaining(10, atMs)).toBe(4);
    expect(counts.take(4, 10, atMs).kind).toBe("taken");
    expect(counts.take(10, 10, atMs + 3_000_000).kind).toBe("taken");
  });

  it("tells no time to wait for what never passes", () => {
    expect(new WindowCount(hourMs).take(11, 10, atMs)).toEqual({ kind: "refused", retryAfterMs: undefined });
  });

  it("gives back what was not stored, and keeps what was", () => {
    const counts = new WindowCount(hourMs);
    counts.end(took(counts, 6, 10, atMs), 0);
    expect(counts.remaining(10, atMs)).toBe(10);
    counts.end(took(counts, 6, 10, atMs), 5);
    expect(counts.remaining(10, atMs)).toBe(5);
  });

  it("counts a message in the hour in which it was accepted, also where it is stored in the next", () => {
    const counts = new WindowCount(hourMs);
    const taken = took(counts, 6, 10, atMs);
    took(counts, 1, 10, atMs + hourMs);
    counts.end(taken, 6);
    expect(counts.remaining(10, atMs + hourMs)).toBe(9);
  });

  it("takes over what others have stored beside its own, at each reading anew", () => {
    const counts = new WindowCount(hourMs);
    const window = counts.windowOf(atMs);
    counts.learn(counts.begin(), window, 3, atMs);
    expect(counts.remaining(10, atMs)).toBe(7);
    counts.end(took(counts, 2, 10, atMs), 2);
    const reading = counts.begin();
    took(counts, 1, 10, atMs);
    counts.learn(reading, window, 6, atMs);
    // Six in the store, of which two are its own, and one on its way.
    expect(counts.remaining(10, atMs)).toBe(3);
    counts.learn(counts.begin(), window - 1, 9, atMs);
    expect(counts.remaining(10, atMs)).toBe(3);
  });

  it("counts what came to the store during a reading twice until the next one, never less than it is", () => {
    const counts = new WindowCount(hourMs);
    const window = counts.windowOf(atMs);
    const taken = took(counts, 4, 10, atMs);
    const reading = counts.begin();
    counts.end(taken, 4);
    counts.learn(reading, window, 4, atMs);
    expect(counts.remaining(10, atMs)).toBe(2);
    counts.learn(counts.begin(), window, 4, atMs);
    expect(counts.remaining(10, atMs)).toBe(6);
  });

  it("opens no hour again where the clock is set back", () => {
    const counts = new WindowCount(hourMs);
    took(counts, 10, 10, atMs);
    expect(counts.take(1, 10, atMs - hourMs).kind).toBe("refused");
  });

  it("tells a wait that holds where the clock was set back a little", () => {
    const counts = new WindowCount(hourMs);
    took(counts, 10, 10, atMs);
    const nowMs = atMs - 700_000;
    const outcome = counts.take(1, 10, nowMs);
    expect(outcome).toEqual({ kind: "refused", retryAfterMs: 3_700_000 });
    expect(counts.take(1, 10, nowMs + 3_700_000).kind).toBe("taken");
  });

  it("begins anew where the clock had gone far ahead, and takes no count from there", () => {
    const counts = new WindowCount(hourMs);
    took(counts, 10, 10, atMs + 1_000 * hourMs);
    const taken = took(counts, 4, 10, atMs);
    counts.learn(counts.begin(), counts.windowOf(atMs) + 1_000, 10, atMs);
    counts.end(taken, 4);
    expect(counts.remaining(10, atMs)).toBe(6);
  });

  it("only counts where it has no limit", () => {
    const counts = new WindowCount(hourMs);
    counts.end(took(counts, 6, undefined, atMs), 6);
    expect(counts.remaining(10, atMs)).toBe(4);
  });
});
