/**
 * Which pairs of a text and a number may have been put in: never says no to one that was, seldom yes to one that was not (a Bloom filter).
 * 16 bits for each, of which 8 are looked at: 1 in 1,700 others is taken for one. Once full it gets a part twice as large beside, up to a
 * bound, from which on it says yes more and more often. Nothing is ever taken out.
 */

const firstCapacity = 131_072;
const bitsEach = 16;
const probes = 8;
/** 32 MiB in all, of 16 million pairs. */
const mostParts = 7;

interface Part {
  readonly words: Uint32Array;
  /** A power of two, less one. */
  readonly mask: number;
  readonly capacity: number;
  size: number;
}

export class PairFilter {
  readonly #parts: Part[] = [];

  /** `number` is whole and below 2^53. */
  add(seed: number, number: number): void {
    if (this.mayHave(seed, number)) return;
    const part = this.#roomy();
    part.size += 1;
    let bit = firstHash(seed, number);
    const step = secondHash(seed, number);
    for (let probe = 0; probe < probes; probe++) {
      const at = bit & part.mask;
      part.words[at >>> 5] = (part.words[at >>> 5] ?? 0) | (1 << (at & 31));
      bit = (bit + step) | 0;
    }
  }

  mayHave(seed: number, number: number): boolean {
    const { length } = this.#parts;
    if (length === 0) return false;
    const first = firstHash(seed, number);
    const step = secondHash(seed, number);
    for (let index = 0; index < length; index++) {
      const part = this.#parts[index];
      if (part !== undefined && hasAll(part, first, step)) return true;
    }
    return false;
  }

  #roomy(): Part {
    const last = this.#parts.at(-1);
    if (last !== undefined && (last.size < last.capacity || this.#parts.length === mostParts)) return last;
    const capacity = last === undefined ? firstCapacity : last.capacity * 2;
    const bits = capacity * bitsEach;
    const made = { words: new Uint32Array(bits / 32), mask: bits - 1, capacity, size: 0 };
    this.#parts.push(made);
    return made;
  }
}

function hasAll({ words, mask }: Part, first: number, step: number): boolean {
  let bit = first;
  for (let probe = 0; probe < probes; probe++) {
    const at = bit & mask;
    if (((words[at >>> 5] ?? 0) & (1 << (at & 31))) === 0) return false;
    bit = (bit + step) | 0;
  }
  return true;
}

/** Of a text, once for all numbers beside it (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0;
}

const upper = 2 ** 32;

function firstHash(seed: number, number: number): number {
  return mix(mix(seed ^ (number | 0)) ^ Math.imul((number / upper) | 0, 0x9e3779b1));
}

/** Odd, so that the bits of one pair are distinct. */
function secondHash(seed: number, number: number): number {
  return mix(mix((number | 0) ^ 0x5bd1e995) ^ (seed + ((number / upper) | 0))) | 1;
}

/** The end of MurmurHash3. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
