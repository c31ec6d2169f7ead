/** What every stored short text must be: free of U+FFFD, which decoders leave for broken UTF-8 (P41), and of control characters. */

/** C0, DEL and C1 controls, U+FFFD. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const forbidden = /[\u0000-\u001f\u007f-\u009f\ufffd]/;

/** Whether the text is well-formed UTF-16 without controls and without U+FFFD. */
export function isCleanText(text: string): boolean {
  return !forbidden.test(text) && text.isWellFormed();
}

/** Characters (code points) of a text, counted no further than needed to compare with `limit`. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  if (text.length > limit * 2) return true;
  return [...text].length > limit;
}
