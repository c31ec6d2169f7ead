import { expect, it } from "vitest";
import type { IncomingPart } from "../../../src/domain/receipt.ts";
import { dayMs, gateway, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

function part(sequence: number, more: Partial<IncomingPart> = {}): IncomingPart {
  return {
    gatewayId: gateway,
    from: "46701234567",
    to: "72404",
    dataCoding: 0,
    text: `part ${sequence}`,
    data: Uint8Array.of(sequence),
    udh: Uint8Array.of(5, 0, 3, 9, 3, sequence),
    concatenation: { reference: 9, total: 3, sequence },
    arrivalTimeMs: startMs,
    ...more,
  };
}

describeStore("messages from handsets", (test) => {
  it("P37 completes a message by its distinct parts in any order", async () => {
    const stored = await test.store.recordIncoming([part(3), part(1), part(3), part(2)]);
    expect(new Set(stored.map(({ id }) => id)).size).toBe(1);
    expect(stored.map(({ isComplete }) => isComplete)).toEqual([false, false, false, true]);
    const [again] = await test.store.recordIncoming([part(1)]);
    expect(again).toEqual({ id: stored[0]?.id, isComplete: true });
  });

  it("P37 begins a new message where a reference is used again", async () => {
    const [first] = await test.store.recordIncoming([part(1)]);
    const others = await test.store.recordIncoming([
      part(1, { data: Uint8Array.of(99) }),
      part(1, { from: "46709999999" }),
      part(1, { concatenation: { reference: 9, total: 2, sequence: 1 } }),
      part(2, { arrivalTimeMs: startMs + 2 * dayMs }),
    ]);
    expect(new Set([first, ...others].map((stored) => stored?.id)).size).toBe(5);
  });

  it("takes a message of one part as complete", async () => {
    const stored = await test.store.recordIncoming([part(1, { concatenation: undefined, text: undefined })]);
    expect(stored).toMatchObject([{ isComplete: true }]);
  });
});
