import { beforeEach, describe, expect, it } from "vitest";
import type { Over } from "../../../../src/app/calls/limiter.ts";
import { createLimits, type Limits, type Together } from "../../../../src/app/calls/limits.ts";
import { type Standing, standingOf } from "../../../../src/app/calls/standing.ts";
import type { Taken } from "../../../../src/app/calls/taken.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import type { RateLimit } from "../../../../src/domain/rate-limit.ts";
import type { MessageCounts } from "../../../../src/store/records/message-counts.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";

const shop = toAccountId("shop");
const ofShop = { accountId: shop };
const hourMs = 3_600_000;
const perSecond = (messageCount: number) => [{ windowMs: 1_000, messageCount }];
const perHour = (messageCount: number) => [{ windowMs: hourMs, messageCount }];

let clock: FakeClock;
let stopping: AbortController;
let totals: Partial<MessageCounts>;
let reading: Promise<void> | undefined;
let readings: number;
let standing: Standing;
const untold = new AbortController().signal;
const limitsOf = (replicaId: string | undefined): Limits =>
  createLimits({
    standings: { of: () => standing },
    store: {
      async readCounts() {
        readings += 1;
        await reading;
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
  reading = undefined;
  readings = 0;
  standing = standingOf({ id: shop, state: "ACTIVE", policy: "{}" });
});

/** Sets the limits, as the account stands from now on, and lets them be obeyed. */
function set(limits: Limits, rateLimits: readonly RateLimit[] | undefined): void {
  standing = standingOf({ id: shop, state: "ACTIVE", policy: JSON.stringify({ rateLimits }) });
  limits.obey(ofShop, rateLimits);
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

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
    set(limits, perSecond(2));
    keep(limits.take(ofShop, 5) as Taken, 5);
    const over = limits.take(ofShop, 1);
    expect(over).toMatchObject({ kind: "second", retryAfterMs: 2_000, refusal: { code: "RATE_LIMITED" } });
    clock.advance(2_000);
    keep(limits.take(ofShop, 1) as Taken, 1);
    expect(readings).toBe(0);
  });

  it("give back what was refused, replayed or only looked at", () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(1));
    for (let index = 0; index < 5; index++) taken(limits.take(ofShop, 1) as Taken).end();
    expect(limits.figures(ofShop)).toEqual({ limit: 1, remaining: 1, resetMs: 0 });
  });

  it("go on where the store says that an hour stands, once it is read, and tell when the next begins", async () => {
    const hour = clock.now() / hourMs;
    totals = { hour, hourCount: 7 };
    const limits = limitsOf(undefined);
    set(limits, perHour(10));
    expect(limits.knownFigures(ofShop), "not read yet").toBeUndefined();
    const [first, second] = await Promise.all([limits.take(ofShop, 2), limits.take(ofShop, 2)]);
    keep(first, 2);
    expect(second).toMatchObject({
      kind: "window",
      refusal: { code: "MSG_LIMIT_EXCEEDED" },
      retryAfterMs: hourMs,
    });
    expect(readings).toBe(1);
    expect(limits.figures(ofShop)).toMatchObject({ limit: 10, remaining: 1 });
    clock.advance(hourMs);
    keep(await limits.take(ofShop, 10), 10);
    expect(readings, "nobody else counts").toBe(1);
  });

  it("count what was stored, not what was asked for, and read again where nobody knows", async () => {
    const limits = limitsOf(undefined);
    set(limits, perHour(10));
    keep(await limits.take(ofShop, 5), 3);
    expect(limits.knownFigures(ofShop)?.remaining).toBe(7);
    const doubtful = taken(await limits.take(ofShop, 2));
    doubtful.doubt();
    doubtful.end();
    totals = { hour: clock.now() / hourMs, hourCount: 5 };
    keep(await limits.take(ofShop, 1), 1);
    expect(limits.knownFigures(ofShop)?.remaining).toBe(4);
  });

  it("read again each second beside other processes, and share the second evenly with them", async () => {
    totals = { replicaCount: 2 };
    const limits = limitsOf("a");
    set(limits, [...perSecond(4), ...perHour(100)]);
    keep(await limits.take(ofShop, 1), 1);
    expect(limits.figures(ofShop)).toMatchObject({ remaining: 1 });
    totals = { replicaCount: 2, hour: clock.now() / hourMs, hourCount: 51 };
    clock.advance(1_000);
    keep(await limits.take(ofShop, 1), 1);
    expect(readings).toBe(2);
    set(limits, perHour(100));
    expect(limits.figures(ofShop), "50 of others and 2 of its own").toMatchObject({ remaining: 48 });
  });

  it("keep what was taken while a policy changes", () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(2));
    keep(limits.take(ofShop, 2) as Taken, 2);
    set(limits, perSecond(2));
    expect(limits.take(ofShop, 1)).toMatchObject({ kind: "second" });
    set(limits, undefined);
    expect(limits.figures(ofShop)).toBeUndefined();
  });

  it("let those who wait through in their order, each once there is room", async () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(1));
    keep(limits.take(ofShop, 3) as Taken, 3);
    const order: number[] = [];
    const waiting = [2, 1, 1].map((count, index) =>
      limits.takeInTurn(ofShop, count, untold).then((outcome) => {
        keep(outcome, count);
        order.push(index);
      }),
    );
    expect(limits.waiting(ofShop)).toBe(3);
    for (const expected of [[], [], [0], [0], [0, 1], [0, 1, 2]]) {
      await turns();
      clock.advance(1_000);
      await turns();
      expect(order).toEqual(expected);
    }
    await Promise.all(waiting);
    expect(limits.waiting(ofShop)).toBe(0);
  });

  it("end the waiting when the service stops", async () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(1));
    keep(limits.take(ofShop, 9) as Taken, 9);
    const waiting = [limits.takeInTurn(ofShop, 1, untold), limits.takeInTurn(ofShop, 1, untold)];
    await turns();
    stopping.abort();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(clock.waiting).toBe(0);
  });

  it("let parts of one call pass a second together, into debt, and an hour part by part", async () => {
    const limits = limitsOf(undefined);
    set(limits, [...perSecond(2), ...perHour(5)]);
    const together: Together = { hasPassed: false, refused: undefined };
    for (let part = 0; part < 5; part++) keep(await limits.take(ofShop, 1, together), 1);
    expect(await limits.take(ofShop, 1, together)).toMatchObject({ kind: "window" });
    expect(limits.take(ofShop, 1)).toMatchObject({ kind: "second", retryAfterMs: 2_000 });
  });

  it("refuse parts of one call together, too, however much is free again meanwhile", () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(10));
    keep(limits.take(ofShop, 20) as Taken, 20);
    const together: Together = { hasPassed: false, refused: undefined };
    expect(limits.take(ofShop, 1, together)).toMatchObject({ kind: "second" });
    clock.advance(5_000);
    expect(limits.take(ofShop, 1, together)).toMatchObject({ kind: "second" });
    keep(limits.take(ofShop, 1) as Taken, 1);
  });

  it("give back to the second what of a message was not stored", () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(10));
    keep(limits.take(ofShop, 8) as Taken, 3);
    expect(limits.knownFigures(ofShop)).toMatchObject({ remaining: 7 });
  });

  it("give nothing to a limit that was set after the message took", async () => {
    const limits = limitsOf(undefined);
    set(limits, perHour(100));
    const before = taken(await limits.take(ofShop, 5));
    set(limits, [...perSecond(5), ...perHour(100)]);
    keep(await limits.take(ofShop, 5), 5);
    before.end();
    expect(limits.take(ofShop, 1)).toMatchObject({ kind: "second", retryAfterMs: 200 });
  });

  it("tell the wait of the day where the hour is used up, too, and none where the day is too small", async () => {
    const dayMs = 24 * hourMs;
    const limits = limitsOf(undefined);
    set(limits, [...perHour(4), { windowMs: dayMs, messageCount: 5 }]);
    keep(await limits.take(ofShop, 4), 4);
    expect(limits.take(ofShop, 1)).toMatchObject({ kind: "window", retryAfterMs: hourMs });
    expect(limits.take(ofShop, 2)).toMatchObject({ kind: "window", retryAfterMs: dayMs });
    set(limits, [...perHour(8), { windowMs: dayMs, messageCount: 5 }]);
    expect(limits.take(ofShop, 6)).toMatchObject({ kind: "window", retryAfterMs: undefined });
    set(limits, [...perHour(3), { windowMs: dayMs, messageCount: 5 }]);
    expect(limits.take(ofShop, 4)).toMatchObject({ kind: "window", retryAfterMs: undefined });
  });

  it("count in an hour what came while it had no limit and the second had one", async () => {
    const limits = limitsOf(undefined);
    set(limits, [...perSecond(100), ...perHour(10)]);
    keep(await limits.take(ofShop, 2), 2);
    set(limits, perSecond(100));
    keep(await limits.take(ofShop, 7), 7);
    set(limits, perHour(10));
    expect(await limits.take(ofShop, 2)).toMatchObject({ kind: "window" });
    keep(await limits.take(ofShop, 1), 1);
  });

  it("read again after a reading amid messages, which counted them twice, and after one that a doubt overtook", async () => {
    const hour = clock.now() / hourMs;
    const limits = limitsOf(undefined);
    set(limits, perHour(10));
    keep(await limits.take(ofShop, 1), 1);
    const onTheirWay = taken(await limits.take(ofShop, 4));
    const doubtful = [taken(await limits.take(ofShop, 1)), taken(await limits.take(ofShop, 1))];
    const [first, second] = doubtful;
    first?.doubt();
    first?.end();
    const read = Promise.withResolvers<void>();
    reading = read.promise;
    const next = limits.take(ofShop, 1);
    onTheirWay.stored(4);
    onTheirWay.end();
    second?.doubt();
    second?.end();
    totals = { hour, hourCount: 5 };
    read.resolve();
    keep(await next, 1);
    totals = { hour, hourCount: 6 };
    keep(await limits.take(ofShop, 4), 4);
    expect(readings, "again at once for the doubt").toBe(3);
    expect(limits.knownFigures(ofShop)).toMatchObject({ remaining: 0 });
  });

  it("settle within a second what was read while messages were on their way", async () => {
    const hour = clock.now() / hourMs;
    const limits = limitsOf(undefined);
    set(limits, perSecond(1_000));
    const onTheirWay = taken(await limits.take(ofShop, 4));
    set(limits, perHour(10));
    totals = { hour, hourCount: 4 };
    keep(await limits.take(ofShop, 1), 1);
    onTheirWay.stored(4);
    onTheirWay.end();
    expect(await limits.take(ofShop, 2), "the four count twice").toMatchObject({ kind: "window" });
    totals = { hour, hourCount: 5 };
    clock.advance(1_000);
    keep(await limits.take(ofShop, 5), 5);
    clock.advance(1_000);
    await limits.take(ofShop, 1);
    expect(readings).toBe(2);
  });

  it("tell how an hour stands that was never read, after a reading, and of an account that sent nothing yet", async () => {
    const limits = limitsOf(undefined);
    set(limits, perHour(10));
    totals = { hour: clock.now() / hourMs, hourCount: 3 };
    expect(limits.knownFigures(ofShop)).toBeUndefined();
    expect(await limits.figures(ofShop)).toMatchObject({ limit: 10, remaining: 7 });
    const others = limitsOf(undefined);
    set(limits, perSecond(5));
    expect(others.knownFigures(ofShop)).toMatchObject({ limit: 5, remaining: 5 });
  });

  it("let those who have gone leave the line at once, and those behind them on", async () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(1));
    keep(limits.take(ofShop, 1) as Taken, 1);
    const leaving = new AbortController();
    const gone = Array.from({ length: 256 }, () => limits.takeInTurn(ofShop, 1, leaving.signal));
    const live = limits.takeInTurn(ofShop, 1, untold);
    await turns();
    leaving.abort();
    for (const one of gone) await expect(one).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    clock.advance(1_000);
    keep(await live, 1);
    await turns();
    expect([limits.waiting(ofShop), clock.waiting]).toEqual([0, 0]);
    const last = limits.takeInTurn(ofShop, 1, leaving.signal);
    await expect(last).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("give back what was taken for somebody who left while it was read", async () => {
    const limits = limitsOf("a");
    set(limits, perSecond(1));
    const read = Promise.withResolvers<void>();
    reading = read.promise;
    const leaving = new AbortController();
    const gone = limits.takeInTurn(ofShop, 1, leaving.signal);
    await turns();
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    read.resolve();
    await turns();
    expect(limits.knownFigures(ofShop)).toMatchObject({ remaining: 1 });
  });

  it("hold within a second for those who wait, when they change, are gone or their account may not send", async () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(1));
    keep(limits.take(ofShop, 1_000) as Taken, 1_000);
    const first = limits.takeInTurn(ofShop, 1, untold);
    const second = limits.takeInTurn(ofShop, 1, untold);
    await turns();
    // Nobody but those who wait would look.
    const rateLimits = perSecond(1_000);
    standing = standingOf({ id: shop, state: "ACTIVE", policy: JSON.stringify({ rateLimits }) });
    clock.advance(1_000);
    await turns();
    clock.advance(1_000);
    keep(await first, 1);
    keep(await second, 1);
    clock.advance(1_000);
    keep(limits.take(ofShop, 500_000) as Taken, 500_000);
    const third = limits.takeInTurn(ofShop, 1, untold);
    await turns();
    standing = standingOf({ id: shop, state: "ACTIVE", policy: "{}" });
    clock.advance(1_000);
    keep(await third, 1);
    expect(limits.knownFigures(ofShop)).toBeUndefined();
    set(limits, perSecond(1));
    keep(limits.take(ofShop, 500) as Taken, 500);
    const last = [limits.takeInTurn(ofShop, 1, untold), limits.takeInTurn(ofShop, 1, untold)];
    await turns();
    standing = standingOf({ id: shop, state: "SENDING_DISABLED", policy: "{}" });
    clock.advance(1_000);
    for (const one of last) await expect(one).rejects.toMatchObject({ code: "SMS_DISABLED" });
  });

  it("keep calls that do not wait from taking each token before somebody who does", async () => {
    const limits = limitsOf(undefined);
    set(limits, perSecond(10));
    keep(limits.take(ofShop, 10) as Taken, 10);
    let hasPassed = false;
    const waiting = limits.takeInTurn(ofShop, 3, untold).then((outcome) => {
      keep(outcome, 3);
      hasPassed = true;
    });
    await turns();
    const told: (number | undefined)[] = [];
    for (let count = 0; count < 10 && !hasPassed; count++) {
      clock.advance(100);
      // Before the one that waits is awake.
      const outcome = limits.take(ofShop, 1) as Taken | Over;
      if ("refusal" in outcome) told.push(outcome.retryAfterMs);
      else {
        keep(outcome, 1);
        told.push(0);
      }
      await turns();
    }
    expect(told, "one is overtaken once, and then the next wait is what holds after it").toEqual([0, 300]);
    await waiting;
    expect(limits.take(ofShop, 1)).toMatchObject({ retryAfterMs: 300 });
  });

  it("of a key and its account are judged together: one that is over takes nothing of the other", async () => {
    const limits = limitsOf(undefined);
    const till = { accountId: shop, keyLimits: { keyId: "till", limits: [...perSecond(10), ...perHour(2)] } };
    expect(limits.obey(till, perSecond(3))).toBe(true);
    const first = taken(await limits.take(till, 2));
    expect(first.counting).toEqual(["key till"]);
    first.stored(2);
    first.end();
    expect(await limits.take(till, 1)).toMatchObject({
      kind: "window",
      refusal: { details: { quota: { subject: "key till" } } },
    });
    expect(limits.figures(ofShop), "given back").toMatchObject({ limit: 3, remaining: 1 });
    expect(limits.figures(till)).toMatchObject({ limit: 2, remaining: 0 });
    keep(await limits.take(ofShop, 1), 1);
    expect(await limits.take(till, 1)).toMatchObject({
      kind: "second",
      refusal: { details: { quota: { subject: "account shop" } } },
    });
    expect(limits.obey({ accountId: shop }, undefined)).toBe(false);
    expect(limits.obey(till, undefined), "the key's own stay").toBe(true);
  });
});
