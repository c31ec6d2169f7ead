import { describe, expect, it } from "vitest";
import {
  canMove,
  type DeliveryState,
  isFinal,
  toPublicState,
  transitions,
} from "../../../src/domain/delivery-state.ts";

const states = Object.keys(transitions) as DeliveryState[];

describe("the states of a delivery", () => {
  it("P9 a final state never changes", () => {
    for (const from of states.filter(isFinal)) for (const to of states) expect(canMove(from, to)).toBe(false);
  });

  it("P11 from every state a final one can be reached", () => {
    const reaches = (from: DeliveryState, seen = new Set<DeliveryState>()): boolean =>
      isFinal(from) || transitions[from].some((to) => !seen.has(to) && reaches(to, new Set([...seen, from])));
    expect(states.filter((state) => !reaches(state))).toEqual([]);
  });

  it("outward never goes back: the only step back is hidden behind QUEUED", () => {
    const rank = { SCHEDULED: 0, QUEUED: 1, SUBMITTED: 2 } as Record<string, number>;
    for (const from of states) {
      for (const to of transitions[from]) {
        expect(rank[toPublicState(to)] ?? 3).toBeGreaterThanOrEqual(rank[toPublicState(from)] ?? 3);
      }
    }
  });
});
