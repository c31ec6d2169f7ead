/** Finds the line and column of a setting in the YAML text, for messages that an editor can jump to. */
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from "yaml";

export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The position of the value at `path`, or of its name with `atName`; where it is absent, that of the closest group around it.
 */
export function locate(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
  atName: boolean,
): Position {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  path.forEach((step, index) => {
    const isLast = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      node = isPair(pair) ? pair.value : undefined;
      const named = isPair(pair) ? offsetOf(pair.key) : undefined;
      offset = (isLast && atName ? named : (offsetOf(node) ?? named)) ?? offset;
    } else if (isSeq(node)) {
      node = typeof step === "number" ? node.items[step] : undefined;
      offset = offsetOf(node) ?? offset;
    } else {
      node = undefined;
    }
  });
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
