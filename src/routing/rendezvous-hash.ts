/**
 * Weighted rendezvous hashing: each gateway draws a score from (delivery, gateway), and the highest goes first. It needs no
 * memory, repeats for the same delivery, and a gateway that leaves moves only its own share.
 */

/** FNV-1a over the UTF-16 units of a text, as an unsigned 32-bit number. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * The score of one gateway for one delivery: `weight / -ln(u)` with u drawn uniformly from the two hashes, which makes the
 * chance to score highest proportional to the weight.
 */
export function rendezvousScore(deliveryHash: number, gatewayHash: number, weight: number): number {
  let mixed = deliveryHash ^ Math.imul(gatewayHash, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = (mixed ^ (mixed >>> 16)) >>> 0;
  return weight / -Math.log((mixed + 0.5) / 0x1_0000_0000);
}
