/** A signal that may be given many times and is awaited by one; one that is given while nobody waits is not lost. */

export interface Waker {
  /** Bound, so that it can be handed on as a listener. */
  readonly wake: () => void;
  /** Resolves at the first `wake` after this call. */
  next(): Promise<void>;
}

export function createWaker(): Waker {
  let pending: PromiseWithResolvers<void> | undefined;
  return {
    wake: () => {
      pending?.resolve();
      pending = undefined;
    },
    next() {
      pending ??= Promise.withResolvers<void>();
      return pending.promise;
    },
  };
}
