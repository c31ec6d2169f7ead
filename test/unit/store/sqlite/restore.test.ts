import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { type Logger, silentLogger } from "../../../../src/observability/logger.ts";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { acceptClaimed, account, buildAcceptance, startMs } from "../../../support/store-builders.ts";

let folder = "";
const opened: Store[] = [];

async function open(name: string, log: Logger = silentLogger): Promise<Store> {
  const store = await openSqliteStore({ path: join(folder, name), clock: createFakeClock(startMs), log });
  opened.push(store);
  return store;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-restore-"));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

const nobody = toAccountId("nobody");
const linesOf = (store: Store) =>
  store.line.former.map((line) => ({ id: line.id, last: line.lastOf(account), none: line.lastOf(nobody) }));

describe("a restored copy", () => {
  it("says once how much of it waits and is sent, also if it was sent since", async () => {
    const told: object[] = [];
    const log = { ...silentLogger, warn: (facts: object) => void told.push(facts) };
    const store = await open("store.db", log);
    const { claimant } = await store.join(startMs);
    await acceptClaimed(store, claimant);
    await store.accept([buildAcceptance({ recipients: 7 })]);
    await store.backup(join(folder, "copy.db"));
    await store.close();
    expect(told).toEqual([]);
    const copy = await open("copy.db", log);
    const { recovery } = await copy.join(startMs);
    expect(recovery.claimsVoided).toBe(1);
    await copy.close();
    await open("copy.db", log);
    expect(told).toEqual([{ path: join(folder, "copy.db"), waiting: 8 }]);
  });
});

describe("the line of report numbers", () => {
  it("stays the same over restarts, and through a backup for the store itself", async () => {
    const store = await open("store.db");
    expect(store.line).toEqual({ id: store.id, former: [] });
    await store.backup(join(folder, "copy.db"));
    await store.close();
    expect((await open("store.db")).line).toEqual({ id: store.id, former: [] });
  });

  it("begins anew in a copy, once, and remembers what the copy shares with the store", async () => {
    const store = await open("store.db");
    await store.join(startMs);
    await store.accept([buildAcceptance({ recipients: 7 })]);
    await store.openSubscription(account, "crm", 5, startMs);
    await store.backup(join(folder, "copy.db"));
    await store.accept([buildAcceptance({ recipients: 3 })]);

    const copy = await open("copy.db");
    expect(copy.id).toBe(store.id);
    expect(copy.line.id).not.toBe(store.line.id);
    expect(linesOf(copy)).toEqual([{ id: store.line.id, last: 7, none: 0 }]);
    expect(await copy.readSubscription(account, "crm")).toMatchObject({ position: 5 });
    const { line } = copy;
    await copy.join(startMs);
    await copy.accept([buildAcceptance({ recipients: 2 })]);
    await copy.close();

    const again = await open("copy.db");
    expect(again.line.id).toBe(line.id);
    await again.backup(join(folder, "second.db"));
    expect(linesOf(await open("second.db"))).toEqual([
      { id: store.line.id, last: 7, none: 0 },
      { id: line.id, last: 9, none: 0 },
    ]);
  });
});
