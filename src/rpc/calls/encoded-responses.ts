/**
 * Tells a stream's handler when a response was encoded, which the stack does once the one before it has left. The stack itself asks for
 * 16 responses ahead: 5 MiB for a reader of large reports that does not read. A handler that waits makes one ahead.
 */

interface ResponseType {
  readonly encode: (message: never, ...rest: never[]) => unknown;
}

const listeners = new WeakMap<object, () => void>();

/** The type with an encoder that tells. Served without `fromPartial` (wire-definition.ts), since a copy would tell nobody. */
export function tellingEncoded<Type extends ResponseType>(type: Type): Type {
  const encode: ResponseType["encode"] = (message, ...rest) => {
    listeners.get(message)?.();
    return type.encode(message, ...rest);
  };
  return { ...type, encode };
}

/** Resolves when the response is encoded, or when nobody takes it any more. To be called before it is handed over. */
export function whenEncoded(response: object, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    listeners.set(response, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
