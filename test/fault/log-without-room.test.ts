/** The log cannot be emptied after cleaning, since the file below it cannot grow: each step is answered with its own outcome all the same. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { systemClock } from "../../src/observability/clock.ts";
import { openSqliteStore } from "../../src/store/sqlite/open.ts";
import { startNode } from "../support/node-process.ts";
import { buildAcceptance, startMs } from "../support/store-builders.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("answers each batch once where emptying the log fails after it", async () => {
  const path = join(folder, "store.db");
  const store = await openSqliteStore({ path, clock: systemClock });
  await store.join(startMs);
  for (let round = 0; round < 40; round += 1) await store.accept([buildAcceptance({ recipients: 1_000 })]);
  await store.close();
  // Files of the program may be as large as this one is, so that its log, which is smaller, can grow and it cannot.
  const blocks = Math.floor(statSync(path).size / 512);
  const limited = ["sh", "-c", `trap "" XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh"];
  const program = join(import.meta.dirname, "programs", "clean-below-limit.ts");
  await using running = startNode(program, [path], { under: limited });
  const { said, logOctets } = JSON.parse(await running.nextLine()) as { said: unknown[]; logOctets: number };
  expect(said).toEqual([
    "accepted accepted",
    expect.any(Number),
    "accepted accepted",
    true,
    "accepted accepted",
  ]);
  expect(said[1]).toBeGreaterThan(0);
  expect(logOctets, "the log, which could not be emptied").toBeGreaterThan(0);
});
