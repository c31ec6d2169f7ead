/** The requests of a stream, each read off the wire when it is asked for; meanwhile the caller is slowed down by HTTP/2's flow control. */
export class StreamedRequests implements AsyncIterableIterator<object, undefined> {
  readonly #read: () => void;
  #resolve: ((next: IteratorResult<object, undefined>) => void) | undefined;
  #isOver = false;

  /** `read` has the next one put, at once or later. */
  constructor(read: () => void) {
    this.#read = read;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<object, undefined>> {
    return new Promise((resolve) => {
      if (this.#isOver) {
        resolve(over);
        return;
      }
      this.#resolve = resolve;
      this.#read();
    });
  }

  put(request: object): void {
    this.#resolve?.({ done: false, value: request });
    this.#resolve = undefined;
  }

  /** No more come, whatever the reason; harmless when repeated. */
  end(): void {
    this.#isOver = true;
    this.#resolve?.(over);
    this.#resolve = undefined;
  }
}

const over = { done: true, value: undefined } as const;
