import { describe, expect, it } from "vitest";
import { Settler } from "../../../../src/dispatch/delivery/settler.ts";
import type { DeliveryState } from "../../../../src/domain/delivery-state.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toClaimantId, toDeliveryId, toGatewayId } from "../../../../src/domain/ids.ts";
import { noProgress } from "../../../../src/domain/message.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import type { Settlement, SettleOutcome } from "../../../../src/store/settling.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { buildAttempt, buildPart } from "../../../support/store-builders.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

function settlement(id: string): Settlement {
  return {
    deliveryId: toDeliveryId(id),
    claimant: toClaimantId("c"),
    claimNumber: 1,
    timeMs: 1,
    lane: "NORMAL",
    attempt: undefined,
    verdict: {
      kind: "retry",
      gatewayId: toGatewayId("north"),
      availableTimeMs: 5,
      progress: noProgress,
      mayHaveBeenSent: false,
    },
  };
}

function setUp(answer: (ids: readonly string[]) => readonly SettleOutcome[]) {
  const clock = createFakeClock();
  const calls: (readonly string[])[] = [];
  const waiting: unknown[] = [];
  const rooms: number[] = [];
  const settled: unknown[] = [];
  const stored = new Map<string, DeliveryState>();
  const settler = new Settler({
    store: {
      settle: async (entries) => {
        const ids = entries.map((entry) => entry.deliveryId as string);
        calls.push(ids);
        await Promise.resolve();
        return answer(ids);
      },
      readStates: (ids) => Promise.resolve(ids.map((id) => stored.get(id) ?? "QUEUED")),
    },
    clock,
    log: silentLogger,
    retryMs: 100,
    onWaiting: (...args) => waiting.push(args),
    onRoom: () => {
      rooms.push(settler.uncommittedParts(toGatewayId("north")));
    },
  });
  settler.onSettled((id, state) => settled.push([id, state]));
  return { settler, clock, calls, waiting, rooms, settled, stored };
}

const queued = (ids: readonly string[]): SettleOutcome[] =>
  ids.map(() => ({ kind: "settled", state: "QUEUED" }));

describe("Settler", () => {
  it("settles what comes together in one call, and what gathers meanwhile in the next", async () => {
    const { settler, calls, waiting, settled } = setUp(queued);
    settler.add(settlement("1"));
    settler.add(settlement("2"));
    await Promise.resolve();
    settler.add(settlement("3"));
    settler.add(settlement("4"));
    await settler.drained();
    expect(calls).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
    expect(waiting[0]).toEqual(["north", "NORMAL", 5]);
    expect(settled.map((one) => (one as unknown[])[0])).toEqual(["1", "2", "3", "4"]);
  });

  it("keeps everything while the store is away, in order, and settles when it is back", async () => {
    let isAway = true;
    const { settler, calls, clock } = setUp((ids) => {
      if (isAway) throw new SmsError("SERVICE_UNAVAILABLE");
      return queued(ids);
    });
    settler.add(settlement("1"));
    await settle();
    settler.add(settlement("2"));
    clock.advance(100);
    await settle();
    expect(settler.unsettled).toBe(2);
    isAway = false;
    clock.advance(200);
    await settler.drained();
    expect(calls.at(-1)).toEqual(["1", "2"]);
  });

  it("gives up on the one settlement that the store cannot take, and on no other", async () => {
    const { settler, clock, settled } = setUp((ids) => {
      if (ids.includes("bad")) throw new SmsError("INTERNAL_ERROR");
      return queued(ids);
    });
    for (const id of ["1", "bad", "2"]) settler.add(settlement(id));
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(2_000);
    }
    expect(settled.map((one) => (one as unknown[])[0])).toEqual(["1", "2"]);
    expect(settler.unsettled).toBe(0);
    expect(clock.waiting).toBe(0);
  });

  it("settles nothing twice that was stored although its batch failed", async () => {
    const { settler, clock, settled, stored, calls } = setUp((ids) => {
      if (ids.length === 1 && ids[0] !== "bad") return queued(ids);
      stored.set("1", "SUBMITTED");
      throw new SmsError("INTERNAL_ERROR");
    });
    for (const id of ["1", "bad", "2"]) settler.add(settlement(id));
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(2_000);
    }
    expect(calls.slice(1).flat()).not.toContain("1");
    expect(settled).toContainEqual(["1", "SUBMITTED"]);
    expect(settled).toContainEqual(["2", "QUEUED"]);
    expect(settler.unsettled).toBe(0);
  });

  it("counts the parts of a gateway that are answered and not on disk, and tells when there are fewer", async () => {
    const answers: SettleOutcome[][] = [];
    const { settler, rooms, clock } = setUp((ids) => {
      const outcomes = answers.shift();
      if (outcomes === undefined) throw new SmsError("SERVICE_UNAVAILABLE");
      return outcomes.slice(0, ids.length);
    });
    const north = toGatewayId("north");
    const attempt = buildAttempt([buildPart({ id: "a" }), buildPart({ number: 2, id: "b" })], {
      gatewayId: north,
    });
    settler.add({ ...settlement("1"), attempt });
    settler.add(settlement("2"));
    expect(settler.uncommittedParts(north)).toBe(2);
    await settle();
    expect(settler.uncommittedParts(north)).toBe(2);
    expect(rooms).toEqual([]);
    answers.push(queued(["1", "2"]));
    clock.advance(1_000);
    await settle();
    expect(settler.uncommittedParts(north)).toBe(0);
    expect(rooms).toEqual([0]);
  });

  it("tells no state of a settlement whose claim was lost, and lets the queue be asked, where it may wait already", async () => {
    const { settler, settled, waiting } = setUp((ids) => ids.map(() => ({ kind: "fenced" })));
    settler.add(settlement("1"));
    await settler.drained();
    expect(settled).toEqual([]);
    expect(waiting).toEqual([["north", "NORMAL", 5]]);
  });
});
