/**
 * Packs septets into octets and back (3GPP TS 23.038 §6.1.2.1), with the fill bits that a user data header needs so
 * that the text starts on a septet boundary (3GPP TS 23.040 §9.2.3.24).
 */

const CARRIAGE_RETURN = 0x0d;

/** Bits between a header of so many octets (its length octet included) and the next septet boundary, 0 to 6. */
export function fillBitsAfter(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7;
}

/**
 * Packs septets after `fillBits` zero bits. Seven spare bits at the end would read as one more `@`, so they are
 * filled with CR (3GPP TS 23.038 §6.1.2.3.1).
 */
export function packSeptets(septets: Uint8Array, fillBits = 0): Uint8Array {
  const bits = fillBits + septets.length * 7;
  const octets = new Uint8Array(Math.ceil(bits / 8));
  let at = fillBits;
  for (const septet of septets) {
    placeSeptet(octets, at, septet & 0x7f);
    at += 7;
  }
  if (octets.length * 8 - bits === 7) placeSeptet(octets, at, CARRIAGE_RETURN);
  return octets;
}

/**
 * Unpacks septets after `fillBits` bits. A CR that ends on the last octet's boundary is padding and is dropped,
 * since the octets alone do not tell how many septets were meant (3GPP TS 23.038 §6.1.2.3.1).
 */
export function unpackSeptets(octets: Uint8Array, fillBits = 0): Uint8Array {
  const bits = Math.max(0, octets.length * 8 - fillBits);
  const count = Math.floor(bits / 7);
  const septets = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const at = fillBits + index * 7;
    const low = octets[at >> 3] ?? 0;
    const high = octets[(at >> 3) + 1] ?? 0;
    septets[index] = (((high << 8) | low) >> (at & 7)) & 0x7f;
  }
  const padded = count * 7 === bits && septets[count - 1] === CARRIAGE_RETURN;
  return padded ? septets.subarray(0, count - 1) : septets;
}

function placeSeptet(octets: Uint8Array, bit: number, septet: number): void {
  const index = bit >> 3;
  const shifted = septet << (bit & 7);
  octets[index] = (octets[index] ?? 0) | (shifted & 0xff);
  if (shifted > 0xff) octets[index + 1] = (octets[index + 1] ?? 0) | (shifted >> 8);
}
