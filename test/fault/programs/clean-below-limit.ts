/**
 * Works on the store at argv[2] while its file cannot grow: accepts, cleans, accepts again. Prints what became of each step, and how many
 * octets the log has then.
 */
import { randomFillSync } from "node:crypto";
import { statSync } from "node:fs";
import { createMessageIds } from "../../../src/domain/ids.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { buildAcceptance, dayMs, startMs } from "../../support/store-builders.ts";

const path = process.argv[2] ?? "";
const store = await openSqliteStore({ path, clock: systemClock });
await store.join(startMs);
const retention = {
  bodiesMs: dayMs,
  reportsMs: dayMs,
  messagesMs: dayMs,
  requestIdsMs: dayMs,
  parkedReceiptsMs: dayMs,
  referencesMs: dayMs,
  smscIdsMs: dayMs,
  auditMs: dayMs,
};
const newId = createMessageIds(() => startMs, randomFillSync);
const accept = async () => {
  const outcomes = await store.accept([
    buildAcceptance({ recipients: 500, message: { id: newId() } }),
    buildAcceptance({ message: { id: newId() } }),
  ]);
  return outcomes.map(({ kind }) => kind).join(" ");
};
const said = [
  await accept(),
  await store.clean(startMs + 2 * dayMs, retention, 10_000),
  await accept(),
  (await store.backlog()).queued > 0,
  await accept(),
];
process.stdout.write(`${JSON.stringify({ said, logOctets: statSync(`${path}-wal`).size })}\n`);
// Closing writes the log into the file, which has no room for it.
process.exit(0);
