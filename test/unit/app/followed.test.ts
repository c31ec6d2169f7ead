import { describe, expect, it } from "vitest";
import { createFollowed } from "../../../src/app/followed.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

/** A store of one word whose answers come when the test lets them, as old as the questions. */
function setUp(isShared = true) {
  const clock = createFakeClock();
  const stored = { word: "first" };
  const waiting: (() => void)[] = [];
  const followed = createFollowed<string>({
    initial: "",
    load: () => {
      const { word } = stored;
      return new Promise((resolve) => waiting.push(() => resolve(word)));
    },
    isShared,
    clock,
  });
  async function answer(): Promise<void> {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.shift()?.();
  }
  return { clock, stored, waiting, followed, answer };
}

describe("what is followed", () => {
  it("holds what the last look found, and calls back only when that has become another", async () => {
    const { stored, followed, answer } = setUp();
    const heard: string[] = [];
    followed.onChange(() => heard.push(followed.value));
    for (const word of ["first", "first", "second"]) {
      stored.word = word;
      const look = followed.look();
      await answer();
      await look;
    }
    expect([followed.value, heard]).toEqual(["second", ["first", "second"]]);
  });

  it("looks again where something was written while it looked, which the answer may not have seen", async () => {
    const { stored, followed, answer } = setUp();
    const look = followed.look();
    stored.word = "written";
    followed.change(() => "written");
    await answer();
    await expect.poll(() => followed.value).toBe("written");
    await answer();
    await look;
    expect(followed.value).toBe("written");
  });

  it("takes no look for its own that was begun before it was asked, and begins one for all who ask meanwhile", async () => {
    const { clock, stored, waiting, followed, answer } = setUp();
    const before = followed.look();
    stored.word = "second";
    clock.advance(10);
    const after = [followed.look(), followed.look()];
    const content = followed.look(900);
    await answer();
    await before;
    await content;
    expect(followed.value).toBe("first");
    await answer();
    await Promise.all(after);
    expect([followed.value, waiting.length]).toEqual(["second", 0]);
  });

  it("may be gone by for less than a second where others write it too, and for ever where nobody does", async () => {
    for (const isShared of [true, false]) {
      const { clock, followed, answer } = setUp(isShared);
      expect(followed.isFresh()).toBe(false);
      const look = followed.look();
      clock.advance(300);
      await answer();
      await look;
      expect([followed.isFresh(), followed.isFresh(301), followed.isFresh(300)]).toEqual([
        true,
        true,
        !isShared,
      ]);
      clock.advance(700);
      expect(followed.isFresh()).toBe(!isShared);
    }
  });

  it("keeps what it holds where the store is away, and says that it could not look", async () => {
    let isAway = false;
    const followed = createFollowed<string>({
      initial: "",
      load: async () => (isAway ? Promise.reject(new Error("away")) : "found"),
      isShared: true,
      clock: createFakeClock(),
    });
    await followed.look();
    isAway = true;
    await expect(followed.look()).rejects.toThrow("away");
    expect(followed.value).toBe("found");
    isAway = false;
    await followed.look();
  });
});
