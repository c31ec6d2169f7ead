import { expect, it } from "vitest";
import type { SealedSigningKey } from "../../../src/store/records/signing-keys.ts";
import { describeStore } from "./describe-store.ts";

const key: SealedSigningKey = {
  id: "a",
  day: 20_000,
  sealedBy: "one",
  sealed: "x".repeat(80),
};

describeStore("signing keys", (test) => {
  it("are one a day under a secret, whichever process made it first, and outlive it", async () => {
    const others = [
      { ...key, id: "c", day: 20_001 },
      { ...key, id: "d", sealedBy: "two" },
    ];
    const elsewhere = await test.openElsewhere();
    const twins = ["a", "b"].map((id) => ({ ...key, id }));
    await Promise.all([test.store, elsewhere].map((store, at) => store.makeSigningKey(twins[at] ?? key)));
    for (const other of others) await test.store.makeSigningKey(other);
    await test.restart();
    const found = await test.store.listSigningKeys();
    expect(found.filter(({ sealedBy, day }) => sealedBy === "one" && day === key.day)).toHaveLength(1);
    expect(found.filter(({ id }) => id === "c" || id === "d").map(({ id }) => id)).toEqual(["d", "c"]);
    expect(found).toContainEqual(others[0]);
  });

  it("are deleted when their last token has ended, and not before", async () => {
    const later = { ...key, id: "c", day: 20_001 };
    for (const one of [key, later]) await test.store.makeSigningKey(one);
    await test.store.deleteSigningKeys(20_000);
    expect(await test.store.listSigningKeys()).toEqual([key, later]);
    await test.store.deleteSigningKeys(20_001);
    expect(await test.store.listSigningKeys()).toEqual([later]);
  });
});
