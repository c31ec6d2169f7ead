/** What is erased is gone from the file, from its log and from backups, also in files of releases that did not overwrite it. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeCutOffBackups } from "../../../../src/app/maintenance/download-backup.ts";
import { migrateFile, planFileMigration } from "../../../../src/store/sqlite/migrate-file.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { acceptSubmitted, account, buildReceipt, dayMs, startMs } from "../../../support/store-builders.ts";

const isRoot = process.getuid?.() === 0;
let folder = "";
let path = "";
let warnings: string[] = [];
const opened: Store[] = [];

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const log = { error: () => {}, warn: (_fields: unknown, sentence: string) => void warnings.push(sentence) };
  const store = await openSqliteStore({
    path,
    clock: createFakeClock(startMs),
    log: log as never,
    ...options,
  });
  opened.push(store);
  return store;
}

const retention = {
  bodiesMs: dayMs,
  reportsMs: 7 * dayMs,
  messagesMs: 30 * dayMs,
  requestIdsMs: 7 * dayMs,
  parkedReceiptsMs: dayMs,
  referencesMs: 3 * dayMs,
  smscIdsMs: 7 * dayMs,
  auditMs: 7 * dayMs,
};
const textAt = (index: number) =>
  `Your secret code is ${700_000 + index} ${"and so on ".repeat(index % 150)}`;
const count = 150;

/** Some short texts and some that need pages of their own, all final. */
async function fill(store: Store): Promise<void> {
  const { claimant } = await store.join(startMs);
  for (let index = 0; index < count; index++) {
    const message = { content: { kind: "text", text: textAt(index) } } as const;
    await acceptSubmitted(store, claimant, [`id-${index}`], { message });
    await store.recordReceipts([buildReceipt(`id-${index}`, { arrivalTimeMs: startMs + 1 })]);
  }
}

/** As a release left it that did not overwrite what it erased. */
async function fillAsBefore(): Promise<void> {
  await fill(await open());
  await opened.splice(0)[0]?.close();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA secure_delete = OFF; UPDATE messages SET text = NULL");
  db.exec("DELETE FROM meta WHERE key = 'overwrites'");
  db.close();
  expect(readableIn(path)).toBeGreaterThan(0);
}

function readableIn(file: string): number {
  const octets = existsSync(file) ? readFileSync(file).toString("latin1") : "";
  return Array.from({ length: count }, (_, index) => `secret code is ${700_000 + index}`).filter((text) =>
    octets.includes(text),
  ).length;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-residue-"));
  path = join(folder, "relay.db");
  warnings = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("a body that retention has erased", () => {
  it("can be read nowhere any more: not in the file, its log, or a backup", async () => {
    const store = await open();
    await fill(store);
    expect(readableIn(path) + readableIn(`${path}-wal`)).toBeGreaterThan(0);
    await store.clean(startMs + 2 * dayMs, retention, 50);
    await store.backup(join(folder, "copy.db"));
    const places = [path, `${path}-wal`, join(folder, "copy.db")];
    // Where a reader held the log in that moment it is emptied a second later.
    await expect.poll(() => places.map(readableIn)).toEqual([0, 0, 0]);
    expect(statSync(`${path}-wal`).size).toBe(0);
  });
});

describe("a file of a release that left erased texts behind", () => {
  beforeEach(fillAsBefore);

  it("is written anew by the next start, once, with all that is in it", async () => {
    writeFileSync(`${path}.rewritten`, "what a start left that was killed");
    const store = await open();
    expect(readableIn(path)).toBe(0);
    const { messages } = await store.listMessages(account, {}, { before: undefined, limit: 1_000 });
    expect(messages).toHaveLength(count);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes("rewritten"))).toEqual([]);
    await store.close();
    const { ino } = statSync(path);
    await (await open()).close();
    expect(statSync(path).ino, "the same file at the start after it").toBe(ino);
    expect(warnings).toEqual([]);
  });

  it("is written anew by migrate, which tells beforehand what that takes", async () => {
    const plan = planFileMigration(path, 0);
    expect(plan).toMatchObject({ rewrite: { needsOctets: statSync(path).size, hasRoom: true } });
    await expect(migrateFile(path, 0)).resolves.toMatchObject({ rewrite: plan.rewrite });
    expect(readableIn(path)).toBe(0);
    expect(planFileMigration(path, 0).rewrite).toBeUndefined();
  });

  it("stays as it is where what a former start left cannot be removed, and the service starts all the same", async () => {
    mkdirSync(`${path}.rewritten`);
    await (await open()).close();
    expect(warnings).toEqual([expect.stringContaining("tries again")]);
    rmSync(`${path}.rewritten`, { recursive: true });
    await open();
    expect(readableIn(path)).toBe(0);
  });

  it("stays as it is where the disk has no room, with a warning at the start and a refusal of migrate", async () => {
    const keepFreeOctets = Number.MAX_SAFE_INTEGER;
    const { ino } = statSync(path);
    await expect(migrateFile(path, keepFreeOctets)).rejects.toThrow(/MiB more than store\.minFreeDisk/);
    await (await open({ keepFreeOctets })).close();
    expect(warnings).toEqual([expect.stringContaining("sms-relay migrate")]);
    expect(statSync(path).ino).toBe(ino);
  });
});

describe.skipIf(!isRoot)("a disk that fills while the file is written anew (only root can mount one)", () => {
  it("keeps no service from starting: the file stays as it is, and the next start tries again", async () => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]);
    try {
      path = join(disk, "relay.db");
      await fillAsBefore();
      const { bavail, bsize } = statfsSync(disk);
      // Enough for the log of a start, and not for the file once more.
      writeFileSync(join(disk, "ballast"), Buffer.alloc(bavail * bsize - 128 * 1024));
      const store = await open({ keepFreeOctets: -(1024 ** 3) });
      expect(warnings).toEqual([expect.stringContaining("tries again")]);
      const { messages } = await store.listMessages(account, {}, { before: undefined, limit: 1_000 });
      expect(messages).toHaveLength(count);
      await opened.splice(0)[0]?.close();
      expect(readdirSync(disk).filter((name) => name.includes("rewritten"))).toEqual([]);
      rmSync(join(disk, "ballast"));
      await open();
      expect(warnings).toHaveLength(1);
      expect(readableIn(path)).toBe(0);
    } finally {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      execFileSync("umount", [disk]);
    }
  });
});

describe("a backup", () => {
  it("is refused where it would take the disk's floor, and the store goes on", async () => {
    const store = await open({ keepFreeOctets: Number.MAX_SAFE_INTEGER });
    await expect(store.backup(join(folder, "copy.db"))).rejects.toMatchObject({
      code: "OVERLOADED",
      message: expect.stringMatching(/no room for a backup: \d+ MiB are needed/),
    });
    expect(readdirSync(folder).filter((name) => name.startsWith("copy"))).toEqual([]);
    expect(store.damage()).toBeUndefined();
    await store.join(startMs);
  });

  it("that a killed service left is removed at the next start, and nothing of anybody else", async () => {
    const id = "0b9cd3a4-5be7-4d5c-9d5e-0123456789ab";
    const left = [
      `relay.db.backup-${id}`,
      `relay.db.backup-${id}.partial`,
      `relay.db.backup-${id}.partial-journal`,
    ];
    const former = [`backup-${id}.db`, `backup-${id}.db.partial`];
    const others = ["relay.db.backup-2026", `other.db.backup-${id}.partial`, "backup-monday.db"];
    for (const name of [...left, ...former, ...others]) writeFileSync(join(folder, name), "texts");
    await removeCutOffBackups(path, Date.now());
    expect(readdirSync(folder).sort()).toEqual([...former, ...others].sort());
    await removeCutOffBackups(path, Date.now() + 2 * 3_600_000);
    expect(readdirSync(folder).sort()).toEqual([...others].sort());
  });
});
