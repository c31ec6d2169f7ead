import { describe, expect, it } from "vitest";
import { createFairQueue } from "../../../src/store/fair-queue.ts";

/** Reads that wait until the test ends them, by the order in which they began. */
function setUp(width: number, maxWaiting: number) {
  const queue = createFairQueue(width, maxWaiting);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const results: Promise<unknown>[] = [];
  const ask = (account: string | undefined, name: string) => {
    const result = queue.run(account, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
    results.push(result.catch(() => undefined));
    return result;
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { queue, begun, ask, end };
}

describe("the fair queue", () => {
  it("P61 lets another account's read wait for one of the account that asks for much", async () => {
    const { begun, ask, end } = setUp(1, 1_000);
    for (let index = 0; index < 50; index++) void ask("shop", `shop-${index}`);
    void ask("other", "other-0");
    void ask("other", "other-1");
    await end("shop-0");
    await end("shop-1");
    await end("other-0");
    await end("shop-2");
    expect(begun).toEqual(["shop-0", "shop-1", "other-0", "shop-2", "other-1"]);
  });

  it("runs as many as its width at once, and goes on after one that failed", async () => {
    const { queue, begun, ask, end } = setUp(2, 1_000);
    const failing = queue.run("shop", () => Promise.reject(new Error("no")));
    void ask("shop", "a");
    void ask("shop", "b");
    await expect(failing).rejects.toThrow("no");
    await new Promise(setImmediate);
    expect(begun).toEqual(["a", "b"]);
    expect(queue.pending).toBe(2);
    await end("a");
    await end("b");
    expect(queue.pending).toBe(0);
  });

  it("P61 refuses an account that lets too many wait, and takes those of others", async () => {
    const { ask } = setUp(1, 20);
    void ask("shop", "running");
    void ask("shop", "w1");
    void ask("shop", "w2");
    await expect(ask("shop", "w3")).rejects.toMatchObject({
      code: "OVERLOADED",
      details: { quota: { subject: "account shop" } },
    });
    const others = Array.from({ length: 18 }, (_, index) => ask(`other-${index}`, `o${index}`));
    await expect(ask("one-more", "late")).rejects.toMatchObject({
      details: { quota: { subject: "service" } },
    });
    expect(others).toHaveLength(18);
  });
});
