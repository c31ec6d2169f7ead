/**
 * UCS-2 as SMS carries it: UTF-16, big-endian, without a byte order mark.
 */

/** The octets of a text, two a UTF-16 code unit. */
export function encodeUcs2(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    octets[index * 2] = unit >> 8;
    octets[index * 2 + 1] = unit & 0xff;
  }
  return octets;
}

/** The text of octets; an odd octet at the end shows as U+FFFD. */
export function decodeUcs2(octets: Uint8Array): string {
  let text = "";
  for (let index = 0; index + 1 < octets.length; index += 2) {
    text += String.fromCharCode(((octets[index] ?? 0) << 8) | (octets[index + 1] ?? 0));
  }
  return octets.length % 2 === 0 ? text : `${text}\uFFFD`;
}
