/** Removes what SMSCs pad fields with: NUL, blanks and other white space at either end of a value, which are no part of it. */

const padding = /^[\0\s]+|[\0\s]+$/g;

/** The value without its padding. */
export function trimPadding(value: string): string {
  return isPadded(value, 0) || isPadded(value, value.length - 1) ? value.replace(padding, "") : value;
}

/** Most values are not, and a look at two characters shows it. */
function isPadded(value: string, at: number): boolean {
  const code = value.charCodeAt(at);
  return code <= 0x20 || code > 0x7f;
}
