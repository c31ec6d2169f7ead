/**
 * Concatenation references of a pair (sender as shown, recipient), counted up and never 0 in their low octet, which is all that an 8-bit
 * reference carries: some receivers fail on 0. Pure; both stores count alike (P35).
 */

/** References there are: 1 to 255 in each of 256 blocks. */
export const referenceCount = 255 * 256;

/** The position of a reference in the order of counting, from 0; −1 and so on for those that earlier releases gave with a low octet of 0. */
function positionOf(reference: number): number {
  return (reference >> 8) * 255 + (reference & 0xff) - 1;
}

/** The reference at a position, however far it has been counted. */
export function referenceAt(position: number): number {
  const wrapped = ((position % referenceCount) + referenceCount) % referenceCount;
  return Math.floor(wrapped / 255) * 256 + (wrapped % 255) + 1;
}

/** The one that follows after `count` steps. */
export function referenceAfter(reference: number, count: number): number {
  return referenceAt(positionOf(reference) + count);
}

/**
 * Where a new pair begins: at random, and not where another pair of the recipient is. Networks replace senders by one of their own, so
 * that messages of several pairs meet on the handset.
 */
export function firstReference(taken: ReadonlySet<number>, random: () => number): number {
  const from = Math.floor(random() * referenceCount);
  const lowOctets = new Set([...taken].map((reference) => reference & 0xff));
  for (let position = from; position < from + 255; position += 1) {
    const reference = referenceAt(position);
    if (!lowOctets.has(reference & 0xff)) return reference;
  }
  return referenceAt(from);
}
