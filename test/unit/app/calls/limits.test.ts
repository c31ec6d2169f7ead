import { beforeEach, describe, expect, it } from "vitest";
import type { Over, Taken } from "../../../../src/app/calls/account-limiter.ts";
import { createLimits, type Limits } from "../../../../src/app/calls/limits.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import type { AccountTotals } from "../../../../src/store/records/account-totals.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";

const shop = toAccountId("shop");
const hourMs = 3_600_000;
const perSecond = (messageCount: number) => [{ windowMs: 1_000, messageCount }];
const perHour = (messageCount: number) => [{ windowMs: hourMs, messageCount }];

let clock: FakeClock;
let stopping: AbortController;
let totals: Partial<AccountTotals>;
let readings: number;
const limitsOf = (replicaId: string | undefined): Limits =>
  createLimits({
    store: {
      async readTotals() {
        readings += 1;
        return { hour: 0, hourCount: 0, day: 0, dayCount: 0, replicaCount: 1, ...totals };
      },
      sessions: { replicaId },
    },
    clock,
    stopping: stopping.signal,
  });

beforeEach(() => {
  clock = createFakeClock();
  stopping = new AbortController();
  totals = {};
  readings = 0;
});

function taken(outcome: Taken | Over): Taken {
  if ("refusal" in outcome) throw new Error(outcome.refusal.message);
  return outcome;
}

const keep = (outcome: Taken | Over, count: number) => {
  const one = taken(outcome);
  one.stored(count);
  one.end();
};

describe("limits of accounts", () => {
  it("read nothing for a limit of a second in one process, and are asked at once", () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perSecond(2));
    keep(limits.take(shop, 5) as Taken, 5);
    const over = limits.take(shop, 1);
    expect(over).toMatchObject({ kind: "second", retryAfterMs: 2_000, refusal: { code: "RATE_LIMITED" } });
    clock.advance(2_000);
    keep(limits.take(shop, 1) as Taken, 1);
    expect(readings).toBe(0);
  });

  it("give back what was refused, replayed or only looked at", () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perSecond(1));
    for (let index = 0; index < 5; index++) taken(limits.take(shop, 1) as Taken).end();
    expect(limits.figures(shop)).toEqual({ limit: 1, remaining: 1, resetMs: 0 });
  });

  it("go on where the store says that an hour stands, once it is read, and tell when the next begins", async () => {
    const hour = clock.now() / hourMs;
    totals = { hour, hourCount: 7 };
    const limits = limitsOf(undefined);
    limits.obey(shop, perHour(10));
    expect(limits.figures(shop), "not read yet").toBeUndefined();
    const [first, second] = await Promise.all([limits.take(shop, 2), limits.take(shop, 2)]);
    keep(first, 2);
    expect(second).toMatchObject({
      kind: "window",
      refusal: { code: "MSG_LIMIT_EXCEEDED" },
      retryAfterMs: hourMs,
    });
    expect(readings).toBe(1);
    expect(limits.figures(shop)).toMatchObject({ limit: 10, remaining: 1 });
    clock.advance(hourMs);
    keep(await limits.take(shop, 10), 10);
    expect(readings, "nobody else counts").toBe(1);
  });

  it("count what was stored, not what was asked for, and read again where nobody knows", async () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perHour(10));
    keep(await limits.take(shop, 5), 3);
    expect(limits.figures(shop)?.remaining).toBe(7);
    const doubtful = taken(await limits.take(shop, 2));
    doubtful.doubt();
    doubtful.end();
    totals = { hour: clock.now() / hourMs, hourCount: 5 };
    keep(await limits.take(shop, 1), 1);
    expect(limits.figures(shop)?.remaining).toBe(4);
  });

  it("read again each second beside other processes, and share the second evenly with them", async () => {
    totals = { replicaCount: 2 };
    const limits = limitsOf("a");
    limits.obey(shop, [...perSecond(4), ...perHour(100)]);
    keep(await limits.take(shop, 1), 1);
    expect(limits.figures(shop)).toMatchObject({ remaining: 1 });
    totals = { replicaCount: 2, hour: clock.now() / hourMs, hourCount: 51 };
    clock.advance(1_000);
    keep(await limits.take(shop, 1), 1);
    expect(readings).toBe(2);
    limits.obey(shop, perHour(100));
    expect(limits.figures(shop), "50 of others and 2 of its own").toMatchObject({ remaining: 48 });
  });

  it("keep what was taken while a policy changes", () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perSecond(2));
    keep(limits.take(shop, 2) as Taken, 2);
    limits.obey(shop, perSecond(2));
    expect(limits.take(shop, 1)).toMatchObject({ kind: "second" });
    limits.obey(shop, undefined);
    expect(limits.figures(shop)).toBeUndefined();
  });

  it("let those who wait through in their order, each once there is room", async () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perSecond(1));
    keep(limits.take(shop, 3) as Taken, 3);
    const order: number[] = [];
    const waiting = [2, 1, 1].map((count, index) =>
      limits.takeInTurn(shop, count).then((outcome) => {
        keep(outcome, count);
        order.push(index);
      }),
    );
    expect(limits.hasLine(shop)).toBe(true);
    for (const expected of [[], [], [0], [0], [0, 1], [0, 1, 2]]) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      clock.advance(1_000);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(order).toEqual(expected);
    }
    await Promise.all(waiting);
    expect(limits.hasLine(shop)).toBe(false);
  });

  it("end the waiting when the service stops", async () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, perSecond(1));
    keep(limits.take(shop, 9) as Taken, 9);
    const waiting = [limits.takeInTurn(shop, 1), limits.takeInTurn(shop, 1)];
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    stopping.abort();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(clock.waiting).toBe(0);
  });

  it("let parts of one call pass a second together, into debt, and an hour part by part", async () => {
    const limits = limitsOf(undefined);
    limits.obey(shop, [...perSecond(2), ...perHour(5)]);
    const together = { hasPassed: false };
    for (let part = 0; part < 5; part++) keep(await limits.take(shop, 1, together), 1);
    expect(await limits.take(shop, 1, together)).toMatchObject({ kind: "window" });
    expect(limits.take(shop, 1)).toMatchObject({ kind: "second", retryAfterMs: 2_000 });
  });
});
