import { spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrateFile } from "../../../../src/store/sqlite/migrate-file.ts";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { processorMs } from "../../../support/processor-ms.ts";
import { account, buildAcceptance, startMs } from "../../../support/store-builders.ts";

let folder = "";
let path = "";
const opened: Store[] = [];

async function open(at = path): Promise<Store> {
  const store = await openSqliteStore({ path: at, clock: createFakeClock(startMs) });
  opened.push(store);
  return store;
}

async function refusal(at = path): Promise<unknown> {
  return await open(at).then(
    () => expect.fail("the store was opened"),
    (error: unknown) => error,
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-open-"));
  path = join(folder, "relay.db");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("opening a SQLite store", () => {
  it("keeps its id over restarts and writes ahead to a log", async () => {
    const first = await open();
    await first.close();
    const second = await open();
    expect(second.id).toBe(first.id);
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/);
    const db = new DatabaseSync(path, { readOnly: true });
    expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    db.close();
  });

  it("refuses a second service on the same file, also through another name, and names the file", async () => {
    await open();
    expect(await refusal()).toMatchObject({
      name: "StoreUnavailableError",
      reason: "LOCKED",
      message: expect.stringContaining(path),
    });
    const link = join(folder, "link.db");
    symlinkSync(path, link);
    expect(await refusal(link)).toMatchObject({ reason: "LOCKED" });
  });

  it("gives the file free when it is closed", async () => {
    const store = await open();
    await Promise.all([store.close(), store.close()]);
    await open();
    await expect(store.readStates([])).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    await expect(store.accept([buildAcceptance()])).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("refuses a schema that this program cannot read, and takes a newer one that it can", async () => {
    await (await open()).close();
    const setMeta = (key: string, value: number) => {
      const db = new DatabaseSync(path);
      db.prepare("UPDATE meta SET value = ? WHERE key = ?").run(value, key);
      db.close();
    };
    setMeta("version", 99);
    await (await open()).close();
    setMeta("min_reader", 98);
    expect(await refusal()).toMatchObject({
      reason: "NEWER_SCHEMA",
      message: expect.stringMatching(/schema 99.*reads schema 98/),
    });
  });

  it("refuses a file that is no database, a cut one, and one with a damaged schema", async () => {
    writeFileSync(
      path,
      "These are notes, and they are longer than a header of a hundred octets would be. ".repeat(3),
    );
    expect(await refusal()).toMatchObject({ reason: "CORRUPT" });
    expect(readFileSync(path, "utf8")).toContain("notes");
    rmSync(path);
    await (await open()).close();
    truncateSync(path, 8192);
    expect(await refusal()).toMatchObject({ reason: "CORRUPT" });
    rmSync(path);
    await (await open()).close();
    const octets = readFileSync(path);
    octets.fill(0xff, 100, 4096);
    writeFileSync(path, octets);
    expect(await refusal()).toMatchObject({ reason: "CORRUPT", message: expect.stringContaining("backup") });
  });

  it("refuses the database of another program and leaves it alone", async () => {
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE notes (text TEXT)");
    db.close();
    chmodSync(path, 0o664);
    const before = readFileSync(path);
    expect(await refusal()).toMatchObject({ reason: "NOT_OURS" });
    await expect(migrateFile(path, 0)).rejects.toMatchObject({ reason: "NOT_OURS" });
    expect(readFileSync(path)).toEqual(before);
    expect(statSync(path).mode & 0o777).toBe(0o664);
    expect(readdirSync(folder)).toEqual(["relay.db"]);
    const again = new DatabaseSync(path);
    expect(again.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "notes" }]);
    again.close();
  });

  it("refuses a folder that is missing, and a folder in place of the file", async () => {
    expect(await refusal(join(folder, "none", "relay.db"))).toMatchObject({ reason: "NO_FOLDER" });
    mkdirSync(path);
    expect(await refusal()).toMatchObject({ reason: "NOT_WRITABLE" });
  });

  it("copies a consistent state while it writes, which opens as a store", async () => {
    const store = await open();
    await store.join(startMs);
    let isCopying = true;
    let accepted = 0;
    const writing = (async () => {
      while (isCopying) {
        await store.accept([buildAcceptance({ recipients: 20 })]);
        accepted += 1;
      }
    })();
    await store.accept(Array.from({ length: 50 }, () => buildAcceptance({ recipients: 20 })));
    const target = join(folder, "copy.db");
    await store.backup(target);
    isCopying = false;
    await writing;
    await expect(store.backup(target)).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
    const nowhere = join(folder, "none", "copy.db");
    await expect(store.backup(nowhere)).rejects.toMatchObject({ code: "INVALID_PARAMETER" });

    const copy = await open(target);
    expect(copy.id).toBe(store.id);
    const { last } = await copy.reportBounds(account);
    expect(last % 20).toBe(0);
    expect(last).toBeGreaterThanOrEqual(1_000);
    expect(last).toBeLessThanOrEqual(1_000 + accepted * 20);
    expect((await copy.backlog()).queued).toBe(last);
    const db = new DatabaseSync(target, { readOnly: true });
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    db.close();
  });

  it("P42 keeps everything that was acknowledged before a kill -9, and starts again on the same file", async () => {
    const program = join(import.meta.dirname, "../../../fault/programs/accept-until-killed.ts");
    const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
    const acknowledged: string[] = [];
    const exited = new Promise((resolve) => child.once("exit", resolve));
    let rest = "";
    for await (const chunk of child.stdout) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      acknowledged.push(...lines);
      if (acknowledged.length >= 300) child.kill("SIGKILL");
    }
    await exited;
    const store = await open();
    await store.join(startMs);
    const { messages: listed } = await store.listMessages(account, {}, { before: undefined, limit: 100_000 });
    const kept = new Set<string>(listed.map(({ message }) => message.id));
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });

  it("starts with a backlog of 20,000 without reading it", async () => {
    const store = await open();
    await store.join(startMs);
    await store.accept(Array.from({ length: 20 }, () => buildAcceptance({ recipients: 1_000 })));
    await store.close();
    const again = await open();
    const usedMs = processorMs();
    expect((await again.join(startMs)).recovery.claimsVoided).toBe(0);
    expect(processorMs() - usedMs).toBeLessThan(1_000);
  });
});
