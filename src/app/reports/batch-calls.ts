/** Joins calls that come at the same time into one: while a batch is under way, what arrives waits for the next, with no timer. */

/** Makes a function for one entry out of one for many. Outcomes are in the order of entries; a batch that throws fails all of its entries. */
export function batchCalls<Entry, Outcome>(
  run: (entries: readonly Entry[]) => Promise<readonly Outcome[]>,
  maxEntries: number,
): (entry: Entry) => Promise<Outcome> {
  interface Waiting {
    readonly entry: Entry;
    readonly resolve: (outcome: Outcome) => void;
    readonly reject: (cause: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let isRunning = false;

  async function drain(): Promise<void> {
    isRunning = true;
    // Entries of the same turn of the event loop share the first batch too.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxEntries);
      try {
        const outcomes = await run(batch.map(({ entry }) => entry));
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) reject(new Error("a batch answered too few outcomes"));
          else resolve(outcome);
        });
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    isRunning = false;
  }

  return (entry) =>
    new Promise((resolve, reject) => {
      waiting.push({ entry, resolve, reject });
      if (!isRunning) void drain();
    });
}
