import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DemandShare, type PublishedDemand } from "../../../../src/policy/limits/demand-share.ts";
import { MessageBucket } from "../../../../src/policy/limits/message-bucket.ts";

const stepMs = 50;
const tenSeconds = 10_000 / stepMs;

interface Script {
  readonly joinMs: number;
  /** Messages a second, anew every two seconds. */
  readonly demands: readonly number[];
  /** How long each exchange with the store takes, in turn. */
  readonly delaysMs: readonly number[];
  /** Of that, how much goes by before the others are read. */
  readonly readPart: number;
  readonly messageSize: number;
}

interface Run {
  /** Messages taken by step, of each replica. */
  readonly taken: readonly (readonly number[])[];
  /** What the shares came to together, by step. */
  readonly sums: readonly number[];
  /** At the end. */
  readonly shares: readonly number[];
}

/** Replicas that share a limit through one table: each begins a second after it last did, or once it is done. */
function run(limit: number, scripts: readonly Script[], untilMs: number): Run {
  const table = new Map<string, PublishedDemand>();
  const replicas = scripts.map((script, index) => ({
    script,
    id: `r${index}`,
    share: new DemandShare(),
    bucket: new MessageBucket(0, script.joinMs),
    asked: 0,
    taken: [] as number[],
    exchanges: 0,
    nextMs: script.joinMs,
    beganMs: script.joinMs,
    due: [] as { atMs: number; run: (nowMs: number) => void }[],
  }));
  const sums: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += stepMs) {
    for (const replica of replicas) {
      const { script, id, share, bucket } = replica;
      let taken = 0;
      if (nowMs >= script.joinMs) {
        for (let index = 0; index < replica.due.length; ) {
          const [step] = (replica.due[index]?.atMs ?? 0) <= nowMs ? replica.due.splice(index, 1) : [];
          if (step === undefined) index += 1;
          else step.run(nowMs);
        }
        if (replica.nextMs <= nowMs) {
          const delayMs = script.delaysMs[replica.exchanges % script.delaysMs.length] ?? 0;
          const demand = replica.asked / ((nowMs - replica.beganMs) / 1_000 || 1);
          const begunMs = nowMs;
          replica.asked = 0;
          replica.exchanges += 1;
          replica.beganMs = nowMs;
          replica.nextMs = Number.POSITIVE_INFINITY;
          // Reading, obeying, publishing and hearing of it each take their part of the time.
          const after = (part: number, atMs: number, next: (nowMs: number) => void) => {
            replica.due.push({ atMs: atMs + delayMs * part, run: next });
          };
          after(script.readPart, nowMs, (readMs) => {
            const others = [...table].flatMap(([other, row]) => (other === id ? [] : [row]));
            after((1 - script.readPart) / 3, readMs, (obeyMs) => {
              share.learn({ begunMs, readMs, others });
              const stored = share.publish(demand);
              after((1 - script.readPart) / 3, obeyMs, (publishedMs) => {
                table.set(id, { demand, publishedMs, seenMs: readMs });
                after((1 - script.readPart) / 3, publishedMs, (heardMs) => {
                  stored(heardMs);
                  replica.nextMs = Math.max(begunMs + 1_000, heardMs + stepMs);
                });
              });
            });
          });
        }
        bucket.setRate(limit * share.shareOf(limit, nowMs), nowMs);
        const demand = script.demands[Math.floor(nowMs / 2_000) % script.demands.length] ?? 0;
        for (let count = Math.round((demand * stepMs) / 1_000); count > 0; count -= script.messageSize) {
          replica.asked += script.messageSize;
          if (bucket.take(script.messageSize, nowMs) === 0) taken += script.messageSize;
        }
      }
      replica.taken.push(taken);
    }
    sums.push(replicas.reduce((sum, { share }) => sum + share.shareOf(limit, nowMs), 0));
  }
  return {
    taken: replicas.map((replica) => replica.taken),
    sums,
    shares: replicas.map(({ share }) => share.shareOf(limit, untilMs)),
  };
}

function mostInTenSeconds(taken: Run["taken"]): number {
  const sums = (taken[0] ?? []).map((_, step) => taken.reduce((sum, own) => sum + (own[step] ?? 0), 0));
  let most = 0;
  let window = 0;
  for (const [step, sum] of sums.entries()) {
    window += sum - (sums[step - tenSeconds] ?? 0);
    most = Math.max(most, window);
  }
  return most;
}

const prompt: Pick<Script, "joinMs" | "delaysMs" | "readPart" | "messageSize"> = {
  joinMs: 0,
  delaysMs: [0],
  readPart: 0.5,
  messageSize: 1,
};

/** Replicas of which each has nothing to do or far too much, so that every share that is given is used up. */
const worlds = fc.integer({ min: 20, max: 400 }).chain((limit) =>
  fc.record({
    limit: fc.constant(limit),
    scripts: fc.array(
      fc.record({
        joinMs: fc.oneof(fc.constant(0), fc.nat(20_000)),
        demands: fc.array(fc.oneof(fc.constant(0), fc.constant(limit * 10), fc.nat(limit * 10)), {
          minLength: 1,
          maxLength: 8,
        }),
        delaysMs: fc.array(
          fc.oneof({ arbitrary: fc.nat(300), weight: 3 }, { arbitrary: fc.nat(9_000), weight: 1 }),
          { minLength: 1, maxLength: 6 },
        ),
        readPart: fc.constantFrom(0, 0.1, 0.5, 1),
        messageSize: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  }),
);

describe("sharing a limit by demand", () => {
  it("never gives away more than the whole, however late anybody reads, obeys, publishes or joins", () => {
    fc.assert(
      fc.property(worlds, ({ limit, scripts }) => {
        expect(Math.max(...run(limit, scripts, 40_000).sums)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 150 },
    );
  });

  it("lets any ten seconds pass 1.2 of the limit and one message a replica", () => {
    fc.assert(
      fc.property(worlds, ({ limit, scripts }) => {
        const messages = scripts.reduce((sum, { messageSize }) => sum + messageSize, 0);
        const { taken } = run(limit, scripts, 40_000);
        expect(mostInTenSeconds(taken)).toBeLessThanOrEqual(12 * limit + messages);
      }),
      { numRuns: 150 },
    );
  });

  it("gives nearly all to the one that is asked, and the same to all that are asked alike", () => {
    const idle = { ...prompt, demands: [0] };
    const busy = { ...prompt, demands: [500] };
    expect(run(100, [busy, idle, idle], 10_000).shares[0]).toBeGreaterThan(0.9);
    for (const share of run(100, [busy, busy, busy], 10_000).shares) expect(share).toBeCloseTo(1 / 3, 2);
  });

  it("gives the whole limit to one that is alone", () => {
    expect(run(100, [{ ...prompt, demands: [500] }], 3_000).shares).toEqual([1]);
  });

  it("leaves nothing to one that was cut off, which takes nothing by itself", () => {
    const cutOff = { ...prompt, demands: [500], delaysMs: [0, 0, 0, 0, 0, 60_000] };
    const { shares, sums } = run(100, [{ ...prompt, demands: [500] }, cutOff], 20_000);
    expect(shares).toEqual([1, 0]);
    expect(Math.max(...sums)).toBeLessThanOrEqual(1 + 1e-9);
  });

  it("follows demand that moves to another replica within a few seconds", () => {
    const first = { ...prompt, demands: [500, 500, 500, 500, 500, 0, 0, 0, 0, 0] };
    const second = { ...prompt, demands: [0, 0, 0, 0, 0, 500, 500, 500, 500, 500] };
    const [from = 1, to = 0] = run(100, [first, second], 16_000).shares;
    expect(to).toBeGreaterThan(0.9);
    expect(from).toBeLessThan(0.1);
  });
});
