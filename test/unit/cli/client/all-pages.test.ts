import { describe, expect, it } from "vitest";
import { allPages } from "../../../../src/cli/client/all-pages.ts";

/** A list of so many numbers, and what it was asked for. */
function listOf(count: number) {
  const asked: number[] = [];
  const ask = async ({ pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string }) => {
    asked.push(pageSize);
    const from = Number(pageToken);
    const to = Math.min(count, from + pageSize);
    const entries = Array.from({ length: to - from }, (_, i) => from + i);
    return [entries, to < count ? String(to) : ""] as const;
  };
  return { asked, ask };
}

describe("allPages", () => {
  it("reads to the end of the list", async () => {
    const { asked, ask } = listOf(2_500);
    expect(await allPages(ask)).toEqual(Array.from({ length: 2_500 }, (_, i) => i));
    expect(asked).toEqual([1_000, 1_000, 1_000]);
  });

  it("asks for no more than is wanted", async () => {
    const { asked, ask } = listOf(5_000);
    expect(await allPages(ask, 1_200)).toHaveLength(1_200);
    expect(asked).toEqual([1_000, 200]);
  });

  it("takes an empty list for its end", async () => {
    const { asked, ask } = listOf(0);
    expect([await allPages(ask), asked]).toEqual([[], [1_000]]);
  });
});
