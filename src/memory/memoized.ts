/** A function of a text whose answers are kept for the texts that come again and again: no more than `maxCount`, and then anew. */
export function memoized<Value>(maxCount: number, compute: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = compute(text);
    if (known.size >= maxCount) known.clear();
    known.set(text, value);
    return value;
  };
}
