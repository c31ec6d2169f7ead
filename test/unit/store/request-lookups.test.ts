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
const turns = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

describe("looking up request ids", () => {
  it("reads the first at once, and all that came meanwhile by one read, each with its own answer", async () => {
    const { find, reads } = setUp();
    const found = Promise.all(["a", "b", "c", "b"].map((id) => find(shop, id)));
    expect(reads.map(({ ids }) => ids)).toEqual([["a"]]);
    reads[0]?.answer.resolve([known("a")]);
    await turns();
    expect(reads[1]?.ids).toEqual(["b", "c", "b"]);
    reads[1]?.answer.resolve([undefined, known("c"), undefined]);
    expect(await found).toEqual([known("a"), undefined, known("c"), undefined]);
    await turns();
    void find(shop, "d");
    expect(reads[2]?.ids).toEqual(["d"]);
  });

  it("lets no account wait for another, and none ask for more than a read should take", async () => {
    const { find, reads } = setUp();
    for (let index = 0; index <= 500; index++) void find(shop, String(index));
    void find(bank, "a");
    expect(reads.map(({ accountId, ids }) => [accountId, ids.length])).toEqual([
      [shop, 1],
      [bank, 1],
    ]);
    for (let index = 0; index < 4; index++) {
      const open = reads.filter(({ accountId }) => accountId === shop).at(-1);
      open?.answer.resolve(open.ids.map(() => undefined));
      await turns();
    }
    expect(reads.filter(({ accountId }) => accountId === shop).map(({ ids }) => ids.length)).toEqual([
      1, 200, 200, 100,
    ]);
  });

  it("fails those whom a failed read was for, and goes on with the others", async () => {
    const { find, reads } = setUp();
    const [first, second] = [find(shop, "a"), find(shop, "b")];
    reads[0]?.answer.reject(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await turns();
    reads[1]?.answer.resolve([known("b")]);
    expect(await second).toEqual(known("b"));
  });
});
