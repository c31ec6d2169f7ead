import { describe, expect, it } from "vitest";
import { type AccountId, type MessageId, toAccountId } from "../../../src/domain/ids.ts";
import type { KnownRequest } from "../../../src/store/accepting.ts";
import { createRequestLookups } from "../../../src/store/request-lookups.ts";

const shop = toAccountId("shop");
const bank = toAccountId("bank");

type Answers = readonly (KnownRequest | undefined)[];

/** Lookups over reads that are answered by hand. */
function setUp() {
  const reads: { accountId: AccountId; ids: readonly string[]; answer: PromiseWithResolvers<Answers> }[] = [];
  const find = createRequestLookups((accountId, ids) => {
    const answer = Promise.withResolvers<Answers>();
    reads.push({ accountId, ids, answer });
    return answer.promise;
  });
  return { find, reads };
}

const known = (name: string): KnownRequest => ({ messageId: name as MessageId, hash: name });
/** What came in together is read at the end of the loop's turn. */
const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("looking up request ids", () => {
  it("reads together what came in together, and then what came meanwhile, each with its own answer", async () => {
    const { find, reads } = setUp();
    const first = Promise.all(["a", "b"].map((id) => find(shop, id)));
    expect(reads).toEqual([]);
    await turns();
    expect(reads.map(({ ids }) => ids)).toEqual([["a", "b"]]);
    const second = Promise.all(["c", "d", "c"].map((id) => find(shop, id)));
    await turns();
    expect(reads).toHaveLength(1);
    reads[0]?.answer.resolve([known("a"), undefined]);
    expect(await first).toEqual([known("a"), undefined]);
    await turns();
    expect(reads[1]?.ids).toEqual(["c", "d", "c"]);
    reads[1]?.answer.resolve([undefined, known("d"), undefined]);
    expect(await second).toEqual([undefined, known("d"), undefined]);
    await turns();
    void find(shop, "e");
    await turns();
    expect(reads[2]?.ids).toEqual(["e"]);
  });

  it("lets no account wait for another, and none ask for more than a read should take", async () => {
    const { find, reads } = setUp();
    for (let index = 0; index <= 500; index++) void find(shop, String(index));
    void find(bank, "a");
    await turns();
    expect(reads.map(({ accountId, ids }) => [accountId, ids.length])).toEqual([
      [shop, 200],
      [bank, 1],
    ]);
    for (let index = 0; index < 3; index++) {
      const open = reads.filter(({ accountId }) => accountId === shop).at(-1);
      open?.answer.resolve(open.ids.map(() => undefined));
      await turns();
    }
    expect(reads.filter(({ accountId }) => accountId === shop).map(({ ids }) => ids.length)).toEqual([
      200, 200, 101,
    ]);
  });

  it("fails those whom a failed read was for, and goes on with the others", async () => {
    const { find, reads } = setUp();
    const first = find(shop, "a");
    await turns();
    const second = find(shop, "b");
    reads[0]?.answer.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await turns();
    reads[1]?.answer.resolve([known("b")]);
    expect(await second).toEqual(known("b"));
  });
});
