/**
 * PostgreSQL's text holds no U+0000. So that both stores treat it alike, it is written as ESC N, and ESC itself (which no accepted
 * text holds) as ESC E.
 */

export function packText(text: string): string {
  return text.includes("\u0000") || text.includes("\u001b")
    ? text.replaceAll("\u001b", "\u001bE").replaceAll("\u0000", "\u001bN")
    : text;
}

export function unpackText(packed: string): string {
  return packed.includes("\u001b")
    ? packed.replaceAll("\u001bN", "\u0000").replaceAll("\u001bE", "\u001b")
    : packed;
}

export function packOptional(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : packText(text);
}

export function unpackOptional(packed: string | null): string | null {
  return packed === null ? null : unpackText(packed);
}
