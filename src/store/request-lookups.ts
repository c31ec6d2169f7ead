/**
 * Looks up request ids: one read of an account is under way at a time, and the next is for all that were asked for meanwhile. Whoever
 * calls without pause, and is refused after a look at each, costs the reads that others need next to nothing.
 */
import type { AccountId } from "../domain/ids.ts";
import type { KnownRequest } from "./accepting.ts";

/** By the places of the ids. */
export type ReadRequests = (
  accountId: AccountId,
  ids: readonly string[],
) => Promise<readonly (KnownRequest | undefined)[]>;

interface Asked {
  readonly id: string;
  readonly answer: PromiseWithResolvers<KnownRequest | undefined>;
}

/** A millisecond of a reader. */
const mostAtOnce = 200;

export function createRequestLookups(
  read: ReadRequests,
): (accountId: AccountId, id: string) => Promise<KnownRequest | undefined> {
  /** What waits, of accounts of which a read is under way. */
  const waiting = new Map<AccountId, Asked[]>();

  async function answerAll(accountId: AccountId, asked: readonly Asked[]): Promise<void> {
    try {
      const found = await read(
        accountId,
        asked.map(({ id }) => id),
      );
      for (const [index, { answer }] of asked.entries()) answer.resolve(found[index]);
    } catch (error) {
      for (const { answer } of asked) answer.reject(error);
    }
  }

  async function readOn(accountId: AccountId, queue: Asked[]): Promise<void> {
    waiting.set(accountId, queue);
    // What came in together is read together: waking a reader costs more than reading.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) await answerAll(accountId, queue.splice(0, mostAtOnce));
    waiting.delete(accountId);
  }

  return (accountId, id) => {
    const asked: Asked = { id, answer: Promise.withResolvers() };
    const queue = waiting.get(accountId);
    if (queue === undefined) void readOn(accountId, [asked]);
    else queue.push(asked);
    return asked.answer.promise;
  };
}
