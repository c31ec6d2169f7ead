import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planSessions } from "../../../../src/store/postgres/plan-sessions.ts";

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 9 });
const gatewayId = "north";

/** Lets every replica act once, in turn, on what stands; answers whether something moved. */
function playRound(owners: (string | undefined)[], replicaIds: readonly string[]): boolean {
  let hasMoved = false;
  for (const replicaId of replicaIds) {
    const slots = owners.map((owner, slot) => ({
      slot,
      state:
        owner === replicaId ? ("own" as const) : owner === undefined ? ("free" as const) : ("taken" as const),
    }));
    const plan = planSessions({ gatewayId, sessions: owners.length, slots, replicaId, replicaIds });
    for (const slot of plan.take) {
      expect(owners[slot]).toBeUndefined();
      owners[slot] = replicaId;
    }
    if (plan.surplus !== undefined) owners[plan.surplus] = undefined;
    hasMoved ||= plan.take.length > 0 || plan.surplus !== undefined;
  }
  return hasMoved;
}

describe("planSessions", () => {
  it("comes to rest with all sessions owned and nobody having two more than another, whoever joins or leaves", () => {
    fc.assert(
      fc.property(
        fc.array(names, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 32 }),
        (casts, sessions) => {
          const owners = new Array<string | undefined>(sessions).fill(undefined);
          for (const cast of casts) {
            owners.forEach((owner, slot) => {
              if (owner !== undefined && !cast.includes(owner)) owners[slot] = undefined;
            });
            let rounds = 0;
            while (playRound(owners, cast)) expect(++rounds).toBeLessThan(100);
            const counts = cast.map((name) => owners.filter((owner) => owner === name).length);
            expect(owners).not.toContain(undefined);
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
            expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(sessions / cast.length));
          }
        },
      ),
    );
  });

  it("moves no session for the sake of order", () => {
    const owners = ["a", "a", "b", "b"] as (string | undefined)[];
    expect(playRound(owners, ["a", "b"])).toBe(false);
  });

  it("gives what the configuration has no more of up first, and takes nothing of it", () => {
    const replica = { gatewayId, sessions: 1, replicaId: "a", replicaIds: ["a"] };
    const beyond = [
      { slot: 0, state: "free" },
      { slot: 1, state: "own" },
      { slot: 2, state: "free" },
    ] as const;
    expect(planSessions({ ...replica, slots: beyond })).toEqual({ take: [], surplus: 1 });
    expect(planSessions({ ...replica, slots: beyond.map((slot) => ({ ...slot, state: "free" })) })).toEqual({
      take: [0],
      surplus: undefined,
    });
  });
});
