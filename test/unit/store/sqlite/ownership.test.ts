/** What happens to the files of a store behind its back is noticed, and stands in the way of nothing that is right. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { account, buildAcceptance, startMs } from "../../../support/store-builders.ts";

let folder = "";
let path = "";
let told: string[] = [];
const opened: Store[] = [];

async function open(at = path): Promise<Store> {
  const log = {
    error: ({ err }: { err: Error }, sentence: string) => void told.push(`${sentence} ${err.message}`),
    // What waits in a restored copy.
    warn: () => {},
  };
  const store = await openSqliteStore({ path: at, clock: createFakeClock(startMs), log: log as never });
  opened.push(store);
  return store;
}

/** A store that has taken one message. */
async function openUsed(): Promise<Store> {
  const store = await open();
  await store.join(startMs);
  await store.accept([buildAcceptance()]);
  return store;
}

async function expectOff(store: Store): Promise<void> {
  expect(store.damage()).toContain("removed, replaced or taken");
  expect(store.isLeaseHeld(), "whether it may send").toBe(false);
  const away = { code: "SERVICE_UNAVAILABLE", message: expect.stringContaining("changed from outside") };
  await expect(store.accept([buildAcceptance()])).rejects.toMatchObject(away);
  await expect(store.reportBounds(account)).rejects.toMatchObject(away);
  await expect(store.backup(join(folder, "copy.db"))).rejects.toMatchObject(away);
  expect(told).toHaveLength(1);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-ownership-"));
  path = join(folder, "relay.db");
  told = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

const dayMs = 86_400_000;
const keepNothing = {
  bodiesMs: 1,
  reportsMs: 1,
  messagesMs: 1,
  requestIdsMs: 1,
  parkedReceiptsMs: 1,
  referencesMs: 1,
  smscIdsMs: 1,
  auditMs: 1,
};

/** Writes until the log was checkpointed and has started over. */
async function overflowLog(store: Store): Promise<void> {
  const before = saltsOf(`${path}-wal`);
  while (saltsOf(`${path}-wal`) === before) {
    await store.accept(Array.from({ length: 500 }, () => buildAcceptance()));
  }
}

function saltsOf(log: string): string {
  return readFileSync(log).toString("hex", 16, 24);
}

/** Whether the frames that belong to the log as it stands hold the mark. */
function isMarked(log: string): boolean {
  const octets = readFileSync(log);
  const frame = 24 + octets.readUInt32BE(8);
  for (
    let at = 32;
    at + frame <= octets.length && octets.toString("hex", at + 8, at + 16) === saltsOf(log);
  ) {
    if (octets.subarray(at, at + frame).includes("log_begins_at")) return true;
    at += frame;
  }
  return false;
}

describe("a store whose files change under it", () => {
  it.each(["", "-wal", "-shm", ".lock"])("turns itself off when its file%s is removed", async (suffix) => {
    const store = await openUsed();
    rmSync(`${path}${suffix}`);
    await expect.poll(() => store.damage()).toBeDefined();
    await expectOff(store);
    expect(told[0]).toContain(`${path}${suffix} was removed`);
  });

  it("turns itself off when another file is put in its place", async () => {
    const store = await openUsed();
    await store.backup(join(folder, "copy.db"));
    renameSync(join(folder, "copy.db"), path);
    await expect.poll(() => store.damage()).toBeDefined();
    expect(told[0]).toContain("was replaced by another file");
    rmSync(join(folder, "copy.db"), { force: true });
    await expectOff(store);
  });

  it("writes nothing more in the first batch after another process has opened the file", async () => {
    const store = await openUsed();
    const other = new DatabaseSync(path);
    other.exec("UPDATE meta SET value = value + 1 WHERE key = 'epoch'");
    await expect(store.accept([buildAcceptance()])).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      cause: { reason: "TAKEN", message: expect.stringContaining("opened by another process") },
    });
    expect(other.prepare("SELECT count(*) AS count FROM messages").get()).toEqual({ count: 1 });
    other.close();
    await expectOff(store);
  });

  it("keeps what it had acknowledged where only its log was removed", async () => {
    const store = await openUsed();
    rmSync(`${path}-wal`);
    await expect.poll(() => store.damage()).toBeDefined();
    await store.close();
    const again = await open();
    expect((await again.listMessages(account, {}, { before: undefined, limit: 10 })).messages).toHaveLength(
      1,
    );
  });
});

describe("a second store on the same file", () => {
  it("is refused where the lock was removed, until the first has ended", async () => {
    const store = await openUsed();
    rmSync(`${path}.lock`);
    const refused = { reason: "LOCKED", message: expect.stringContaining("with its lock") };
    await expect(open()).rejects.toMatchObject(refused);
    await expect(open(), "once more").rejects.toMatchObject(refused);
    await store.close();
    const next = await open();
    expect((await next.join(startMs)).recovery).toEqual({
      claimsVoided: 0,
      became: {},
      mayHaveLeft: [],
    });
  });

  it("is refused by another name too", async () => {
    await openUsed();
    const other = join(folder, "other.db");
    linkSync(path, other);
    await expect(open(other)).rejects.toMatchObject({ reason: "LINKED" });
    rmSync(path);
    await expect(open(other)).rejects.toMatchObject({ reason: "LOCKED" });
    expect(existsSync(`${other}.lock`), "a lock that the refused start left").toBe(false);
  });
});

describe("a backup in the place of a store that was killed", () => {
  /** A store, its backup, and the log that a kill would have left. */
  async function killed(): Promise<{ readonly copy: string; readonly wal: string }> {
    const store = await openUsed();
    const [copy, wal] = [join(folder, "copy.db"), join(folder, "kept-wal")];
    await store.backup(copy);
    await store.accept([buildAcceptance(), buildAcceptance()]);
    copyFileSync(`${path}-wal`, wal);
    await store.close();
    return { copy, wal };
  }

  it("is refused beside the old log, and starts without it", async () => {
    const { copy, wal } = await killed();
    renameSync(copy, path);
    copyFileSync(wal, `${path}-wal`);
    await expect(open()).rejects.toMatchObject({
      reason: "FOREIGN_LOG",
      message: expect.stringMatching(/relay\.db-wal.*Move .*relay\.db-shm away/),
    });
    rmSync(`${path}-wal`);
    const restored = await open();
    expect(
      (await restored.listMessages(account, {}, { before: undefined, limit: 10 })).messages,
    ).toHaveLength(1);
  });

  it("is refused there also where it was copied and marked by hand", async () => {
    const { copy, wal } = await killed();
    const db = new DatabaseSync(copy);
    db.exec("PRAGMA journal_mode = WAL");
    db.close();
    renameSync(copy, path);
    copyFileSync(wal, `${path}-wal`);
    await expect(open()).rejects.toMatchObject({ reason: "FOREIGN_LOG" });
  });

  it.each([
    ["older", 1, 2],
    ["newer", 2, 1],
  ])("is refused where the file is a cold copy of an %s run than its log", async (_which, fileOf, logOf) => {
    const [cold, wal] = ["cold.db", "kept-wal"].map((name) => join(folder, name)) as [string, string];
    for (const run of [1, 2]) {
      const store = await openUsed();
      if (run === logOf) copyFileSync(`${path}-wal`, wal);
      await store.close();
      if (run === fileOf) copyFileSync(path, cold);
    }
    renameSync(cold, path);
    copyFileSync(wal, `${path}-wal`);
    await expect(open()).rejects.toMatchObject({ reason: "FOREIGN_LOG" });
    rmSync(`${path}-wal`);
    const { messages } = await (await open()).listMessages(account, {}, { before: undefined, limit: 10 });
    expect(messages).toHaveLength(fileOf);
  });

  it.each([
    ["checkpoints", (store: Store) => overflowLog(store)],
    ["cleaning", (store: Store) => store.clean(startMs + 1_000 * dayMs, keepNothing, 1_000)],
  ])("is refused also where the log of a later run has started over after %s", async (_why, startOver) => {
    await (await openUsed()).close();
    const cold = join(folder, "cold.db");
    copyFileSync(path, cold);
    const store = await openUsed();
    await startOver(store);
    await store.accept([buildAcceptance()]);
    await expect.poll(() => isMarked(`${path}-wal`)).toBe(true);
    const [killed, own] = ["killed.db", "own.db"].map((name) => join(folder, name)) as [string, string];
    copyFileSync(cold, killed);
    copyFileSync(path, own);
    for (const at of [killed, own]) copyFileSync(`${path}-wal`, `${at}-wal`);
    await expect(open(killed)).rejects.toMatchObject({ reason: "FOREIGN_LOG" });
    await open(own);
  });

  it("is no matter to a store that was killed again and again, beside its own log", async () => {
    let at = path;
    for (let run = 1; run <= 4; run++) {
      const store = await open(at);
      await store.join(startMs);
      await store.accept([buildAcceptance()]);
      const next = join(folder, `run-${run}.db`);
      for (const suffix of ["", "-wal"]) copyFileSync(`${at}${suffix}`, `${next}${suffix}`);
      expect(statSync(`${next}-wal`).size).toBeGreaterThan(0);
      at = next;
    }
    const { messages } = await (await open(at)).listMessages(account, {}, { before: undefined, limit: 10 });
    expect(messages).toHaveLength(4);
  });

  it("is taken with a log of its own, as a kill after its first start leaves it", async () => {
    const { copy } = await killed();
    const store = await open(copy);
    await store.join(startMs);
    await store.accept([buildAcceptance()]);
    const moved = join(folder, "moved.db");
    for (const suffix of ["", "-wal"]) copyFileSync(`${copy}${suffix}`, `${moved}${suffix}`);
    expect(statSync(`${moved}-wal`).size).toBeGreaterThan(0);
    const again = await open(moved);
    expect((await again.listMessages(account, {}, { before: undefined, limit: 10 })).messages).toHaveLength(
      2,
    );
    expect(again.line.id).toBe(store.line.id);
  });

  it("leaves nothing beside it but the copy itself", async () => {
    const { copy } = await killed();
    expect(readdirSync(folder).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
    expect(existsSync(copy)).toBe(true);
  });
});
