import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import { account, buildAcceptance, startMs } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const other = toAccountId("other");

describeStore("subscriptions", (test) => {
  it("P44 are made once, at the first position, and outlive a restart", async () => {
    const made = await test.store.openSubscription(account, "crm", 5, startMs);
    expect(made).toEqual({ name: "crm", position: 5, createTimeMs: startMs, acknowledgeTimeMs: undefined });
    await test.restart();
    expect(await test.store.openSubscription(account, "crm", 9, startMs + 1)).toEqual(made);
    expect(await test.store.readSubscription(account, "crm")).toEqual(made);
  });

  it("move forward only, and not beyond the last report", async () => {
    await test.store.accept([buildAcceptance({ recipients: 4 })]);
    await test.store.openSubscription(account, "crm", 0, startMs);
    const acknowledge = (position: number) =>
      test.store.acknowledge(account, "crm", position, startMs + position);
    expect(await acknowledge(3)).toBe("acknowledged");
    expect(await acknowledge(3)).toBe("unchanged");
    expect(await acknowledge(1)).toBe("unchanged");
    expect(await acknowledge(5)).toBe("beyond_last");
    expect(await test.store.acknowledge(account, "none", 1, startMs)).toBe("unknown_subscription");
    expect(await test.store.readSubscription(account, "crm")).toMatchObject({
      position: 3,
      acknowledgeTimeMs: startMs + 3,
    });
  });

  it("belong to their account, are listed by name and can be deleted", async () => {
    for (const name of ["b", "a"]) await test.store.openSubscription(account, name, 0, startMs);
    await test.store.openSubscription(other, "a", 0, startMs);
    expect((await test.store.listSubscriptions(account)).map(({ name }) => name)).toEqual(["a", "b"]);
    expect(await test.store.deleteSubscription(account, "a")).toBe(true);
    expect(await test.store.deleteSubscription(account, "a")).toBe(false);
    expect(await test.store.listSubscriptions(other)).toHaveLength(1);
  });
});
