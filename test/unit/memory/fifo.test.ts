import { describe, expect, it } from "vitest";
import { createFifo } from "../../../src/memory/fifo.ts";

describe("createFifo", () => {
  it("gives in the order in which it was given, however pushing and shifting alternate", () => {
    const fifo = createFifo<{ readonly number: number }>();
    const seen: number[] = [];
    let pushed = 0;
    for (let round = 0; round < 5_000; round++) {
      for (let count = 0; count < round % 3; count++) fifo.push({ number: pushed++ });
      const next = round % 5 === 0 ? undefined : fifo.shift();
      if (next !== undefined) seen.push(next.number);
      expect(fifo.size).toBe(pushed - seen.length);
      expect(fifo.peek()?.number).toBe(fifo.size === 0 ? undefined : seen.length);
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index));
    expect(seen.length).toBeGreaterThan(3_000);
  });

  it("answers undefined while it is empty, and goes on afterwards", () => {
    const fifo = createFifo<object>();
    expect(fifo.shift()).toBeUndefined();
    const item = {};
    fifo.push(item);
    expect(fifo.shift()).toBe(item);
    expect(fifo.shift()).toBeUndefined();
    expect(fifo.size).toBe(0);
  });
});
