/** Pieces of work that run beside others, each at most once at a time by its key. */
export class EachOnce {
  readonly #running = new Map<string, Promise<void>>();

  has(key: string): boolean {
    return this.#running.has(key);
  }

  /** Runs it unless the same is running; `work` does not reject. */
  run(key: string, work: () => Promise<void>): void {
    if (this.#running.has(key)) return;
    this.#running.set(
      key,
      work().finally(() => this.#running.delete(key)),
    );
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
