/**
 * How much is fuzzed and from which seed. FUZZ_SEED repeats a run that failed; FUZZ_CASES asks for more than the 100,000 cases of an
 * ordinary run, and each target takes its share of them.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { seededRandom } from "../../../support/seeded-random.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_000);
const CASES = Number(process.env["FUZZ_CASES"] ?? 100_000);

export interface FuzzRun {
  readonly seed: number;
  readonly cases: number;
  /** In [0, 1), repeated by the seed. */
  readonly random: () => number;
  /** A whole number from 0 to below `bound`. */
  readonly below: (bound: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
}

/** Begins a target's run with its share of all cases, and prints the seed. */
export function beginFuzz(target: string, share: number): FuzzRun {
  const cases = Math.ceil(CASES * share);
  console.log(`fuzz ${target}: FUZZ_SEED=${SEED}, ${cases} cases`);
  const random = seededRandom(SEED);
  const below = (bound: number) => Math.floor(random() * bound);
  return {
    seed: SEED,
    cases,
    random,
    below,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
  };
}

/** Milliseconds for a target whose cases take this many microseconds at most on a busy machine. */
export function patience(share: number, microsecondsPerCase: number): number {
  return 240_000 + (CASES * share * microsecondsPerCase) / 1_000;
}

/** Octets of the heap that are still in use after a collection. */
export function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

const interesting = [
  0x00, 0x01, 0x04, 0x08, 0x0d, 0x1b, 0x20, 0x24, 0x25, 0x3a, 0x40, 0x7f, 0x80, 0xfe, 0xff,
];

/** Octets with 1 to 8 faults: flipped, changed, inserted, doubled, cut out, cut off, or spliced with `other`. */
export function mutate(octets: Buffer, other: Buffer, { below, pick }: FuzzRun): Buffer {
  let result = Buffer.from(octets);
  for (let left = 1 + below(8); left > 0; left--) {
    const at = below(result.length + 1);
    const end = Math.min(result.length, at + 1 + below(8));
    switch (below(8)) {
      case 0:
        if (at < result.length) result.writeUInt8(result.readUInt8(at) ^ (1 << below(8)), at);
        break;
      case 1:
        if (at < result.length) result.writeUInt8(pick(interesting), at);
        break;
      case 2:
        if (at < result.length) result.writeUInt8(below(256), at);
        break;
      case 3:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.alloc(1 + below(4), pick(interesting)),
          result.subarray(at),
        ]);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
        break;
      case 5:
        result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
        break;
      case 6:
        if (below(4) === 0) result = Buffer.from(result.subarray(0, at));
        break;
      default:
        if (below(4) === 0)
          result = Buffer.concat([result.subarray(0, at), other.subarray(below(other.length + 1))]);
    }
  }
  return result;
}
