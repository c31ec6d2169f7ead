import { expect, it } from "vitest";
import { createPumpingGuard } from "../../../src/app/sending/pumping-guard.ts";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { guardWindowMs, type PumpingGuard } from "../../../src/policy/pumping-guard.ts";
import type { Store } from "../../../src/store/store.ts";
import { describeStore } from "./describe-store.ts";

const shop = toAccountId("shop");
const bank = toAccountId("bank");
const anna = "+46701000001" as E164;
const bert = "+46701000002" as E164;
const caps: PumpingGuard = { blocks: true, recipientCap: 4, prefixCap: 6, regionCap: 8 };

describeStore("what was sent to few destinations", (test) => {
  const count = (destination: string, sent: number, accountId = shop) => ({
    ...{ accountId, kind: "recipient", destination, replica: "a", count: sent },
  });

  it("is kept by hour, account, destination and replica, and read from any one on", async () => {
    const many = Array.from({ length: 120 }, (_, index) => count(`+4670${1_000 + index}`, index));
    await test.store.putGuardCounts(7, "a", many);
    await test.store.putGuardCounts(7, "b", [count("+46701000", 9)]);
    await test.store.putGuardCounts(7, "a", [count("+46701001", 77)]);
    await test.store.putGuardCounts(8, "a", [count("+46701000", 5)]);
    await test.restart();
    const first = await test.store.listGuardCounts(7, undefined, 3);
    expect(first.map(({ destination, replica, count: sent }) => [destination, replica, sent])).toEqual([
      ["+46701000", "a", 0],
      ["+46701000", "b", 9],
      ["+46701001", "a", 77],
    ]);
    expect(await test.store.listGuardCounts(7, first.at(-1), 1_000)).toHaveLength(118);
    expect(await test.store.listGuardCounts(8, undefined, 1_000)).toHaveLength(1);
  });

  it("is deleted some time after its hour, in steps", async () => {
    const many = Array.from({ length: 25 }, (_, index) => count(`+4670${1_000 + index}`, index));
    await test.store.putGuardCounts(7, "a", many);
    await test.store.putGuardCounts(8, "a", [count("+46701000", 5)]);
    expect(await test.store.deletePastGuardCounts(7, 10)).toBe(0);
    for (const deleted of [10, 10, 5, 0]) expect(await test.store.deletePastGuardCounts(8, 10)).toBe(deleted);
    expect(await test.store.listGuardCounts(8, undefined, 10)).toHaveLength(1);
  });
});

describeStore("the guard of an account", (test) => {
  /** A process on the store. */
  function run(store: Store) {
    const told: string[] = [];
    const onCapped = (kind: string, mode: string) => told.push(`${kind} ${mode}`);
    const guard = createPumpingGuard({ store, clock: test.clock, log: silentLogger, onCapped });
    const begin = async (accountId = shop, policy = caps) => guard.begin(accountId, policy, { sends: true });
    const sentTo = async (number: E164, accountId = shop) => (await begin(accountId)).sentTo(number, "SE");
    const send = async (number: E164, times: number, accountId = shop) => {
      for (let time = 0; time < times; time += 1) {
        const request = await begin(accountId);
        request.take(number, "SE", request.sentTo(number, "SE"));
        request.keep([{ recipient: number, admission: { kind: "queued" } }] as never);
        request.end();
      }
    };
    const look = async () => {
      test.clock.advance(1_000);
      await guard.look();
    };
    return { begin, sentTo, send, look, told };
  }

  it("counts by recipient, prefix and country, of each account for itself, and gives back what was not stored", async () => {
    const here = run(test.store);
    await here.send(anna, 2);
    await here.send(bert, 1);
    expect(await here.sentTo(anna)).toEqual({ recipient: 2, prefix: 3, region: 3 });
    expect(await here.sentTo(anna, bank)).toEqual({ recipient: 0, prefix: 0, region: 0 });
    const request = await here.begin();
    request.take(anna, "SE", request.sentTo(anna, "SE"));
    expect(request.sentTo(anna, "SE"), "in the request itself").toEqual({
      recipient: 3,
      prefix: 4,
      region: 4,
    });
    request.end();
    expect(await here.sentTo(anna)).toEqual({ recipient: 2, prefix: 3, region: 3 });
    expect(here.told).toEqual([]);
    await here.send(anna, 3);
    expect(here.told, "the fifth").toEqual(["recipient block"]);
  });

  it("begins anew with the next hour", async () => {
    const here = run(test.store);
    await here.send(anna, 3);
    test.clock.advance(guardWindowMs);
    expect(await here.sentTo(anna)).toEqual({ recipient: 0, prefix: 0, region: 0 });
    await here.look();
    expect(await here.sentTo(anna)).toEqual({ recipient: 0, prefix: 0, region: 0 });
  });

  it("finds after a restart what was above half a cap", async () => {
    const here = run(test.store);
    await here.send(anna, 3);
    await here.send(bert, 1);
    await here.look();
    await test.restart(test.clock.now());
    const again = run(test.store);
    expect(await again.sentTo(anna)).toEqual({ recipient: 3, prefix: 4, region: 4 });
    expect((await again.sentTo(bert)).recipient, "below").toBe(0);
    await again.send(anna, 1);
    await again.look();
    const third = run(test.store);
    expect((await third.sentTo(anna)).recipient).toBe(4);
  });

  it("writes again what could not be written", async () => {
    let fails = true;
    const store = Object.create(test.store) as Store;
    const put: Store["putGuardCounts"] = (...input) =>
      fails ? Promise.reject(new Error("away")) : test.store.putGuardCounts(...input);
    Object.defineProperty(store, "putGuardCounts", { value: put });
    const here = run(store);
    await here.send(anna, 3);
    await expect(here.look()).rejects.toThrow("away");
    fails = false;
    await here.look();
    expect((await run(test.store).sentTo(anna)).recipient).toBe(3);
  });

  it("knows after two looks what another replica let pass", async () => {
    const elsewhere = await test.openElsewhere();
    // One process has a file for itself.
    if (elsewhere === test.store) return;
    const [here, there] = [run(test.store), run(elsewhere)];
    await here.send(anna, 1);
    await there.send(anna, 3);
    await there.look();
    await here.look();
    expect((await here.sentTo(anna)).recipient).toBe(4);
    await there.send(anna, 1);
    await there.look();
    await here.look();
    expect((await here.sentTo(anna)).recipient, "not twice").toBe(5);
  });
});
