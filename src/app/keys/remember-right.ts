/**
 * Keys whose hash is not computed again for each call, which costs a microsecond for configured ones and three for stored ones. They are let
 * in, too, where their address showed wrong ones too often: the oldest goes first, so that never all of them have to wait at once. Only keys
 * that were right get in, so that whoever guesses learns nothing from a look-up.
 */
const maxRemembered = 10_000;

export function rememberRight<Value>(values: Map<string, Value>, key: string, value: Value): void {
  if (values.size >= maxRemembered && !values.has(key))
    for (const oldest of values.keys()) if (values.delete(oldest)) break;
  values.set(key, value);
}
