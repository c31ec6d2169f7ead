import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { account, buildAcceptance, startMs } from "../../../support/store-builders.ts";

let folder = "";
let path = "";
let sentences: string[] = [];
const opened: Store[] = [];

async function open(): Promise<Store> {
  const log = {
    warn: () => {},
    error: (_fields: unknown, sentence: string) => void sentences.push(sentence),
    often: silentLogger.often,
  };
  const store = await openSqliteStore({ path, clock: createFakeClock(startMs), log });
  opened.push(store);
  return store;
}

/** A store with some pages, written and closed. */
async function fill(): Promise<void> {
  const store = await open();
  await store.join(startMs);
  await store.accept(Array.from({ length: 20 }, () => buildAcceptance({ recipients: 50 })));
  await store.close();
}

function overwrite(start: number, octets: number): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, randomBytes(octets), 0, octets, start);
  closeSync(descriptor);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-damage-"));
  path = join(folder, "relay.db");
  sentences = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("a damaged store", () => {
  it("refuses to start where pages in its middle are no pages any more", async () => {
    await fill();
    overwrite(40_000, 9_000);
    await expect(open()).rejects.toMatchObject({
      name: "StoreUnavailableError",
      reason: "CORRUPT",
      message: expect.stringMatching(/relay\.db is damaged .*restore a backup/s),
    });
  });

  it("turns itself off when the damage comes while it runs, says so once, and acknowledges nothing more", async () => {
    await fill();
    const store = await open();
    expect(store.damage()).toBeUndefined();
    expect(store.isLeaseHeld()).toBe(true);
    // All but the first page, which both connections know by now.
    overwrite(4_096, statSync(path).size - 4_096);
    const away = { code: "SERVICE_UNAVAILABLE" };
    await expect(store.reportBounds(account)).rejects.toMatchObject({
      ...away,
      message: expect.not.stringContaining(path),
      cause: { reason: "CORRUPT", message: expect.stringContaining(path) },
    });
    await expect(store.accept([buildAcceptance()])).rejects.toMatchObject(away);
    await expect(store.backlog()).rejects.toMatchObject(away);
    await expect(store.backup(join(folder, "copy.db"))).rejects.toMatchObject(away);
    const further = await store.listKeys(undefined, 100, undefined).catch((error: unknown) => error);
    expect(further).toMatchObject(away);
    expect(further).not.toHaveProperty("cause");
    expect(store.damage()).toContain("restore a backup");
    expect(store.isLeaseHeld()).toBe(false);
    expect(sentences).toEqual([expect.stringMatching(/damaged.*restore a backup/)]);
  });
});

describe("a store that another process has locked", () => {
  it("names the file and the cause, to the log alone", async () => {
    await fill();
    const store = await open();
    const holder = new DatabaseSync(path);
    try {
      holder.exec("BEGIN EXCLUSIVE");
      await expect(store.join(startMs)).rejects.toMatchObject({
        code: "SERVICE_UNAVAILABLE",
        message: expect.not.stringContaining(path),
        cause: { reason: "LOCKED", message: expect.stringMatching(/relay\.db is locked by another process/) },
      });
    } finally {
      holder.close();
    }
    expect(store.damage()).toBeUndefined();
    await store.join(startMs);
  });
});

describe("the files of a store", () => {
  const modeOf = (file: string) => statSync(join(folder, file)).mode & 0o777;

  it("can be read by their owner alone, copies too", async () => {
    const before = process.umask(0);
    try {
      const store = await open();
      await store.join(startMs);
      await store.backup(join(folder, "copy.db"));
      const files = ["relay.db", "relay.db-wal", "relay.db-shm", "relay.db.lock", "copy.db"];
      expect(files.map((file) => [file, modeOf(file)])).toEqual(files.map((file) => [file, 0o600]));
    } finally {
      process.umask(before);
    }
  });

  it("lose the rights of others at a start, as a backup put in place by hand has them", async () => {
    await fill();
    chmodSync(path, 0o644);
    await open();
    expect(["relay.db", "relay.db-wal", "relay.db-shm"].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
  });
});
