/** What a program of an older release would ignore is taken only while none runs, and from then on none starts. */
import { first, type Refusal, run, type Step, sql } from "./sql.ts";

const findOlder = sql<{ id: string }>(
  "find_older_replica",
  "SELECT id FROM live_replicas WHERE reads < $1 LIMIT 1",
);
// PostgreSQL keeps it as text, which takes the number.
const raise = sql(
  "raise_min_reader",
  `UPDATE meta SET value = CAST($1 AS integer)
   WHERE key = 'min_reader' AND CAST(value AS integer) < CAST($1 AS integer)`,
);

const retryAfterMs = 10_000;

/** Whether a process on this store reads no more than a schema before this one. */
export function* hasOlderReader(version: number): Step<boolean> {
  return (yield* first(findOlder, version)) !== undefined;
}

/** SERVICE_UNAVAILABLE while a process on this store reads no more than an older schema; else undefined, and the store wants this one. */
export function* requireReaders(version: number): Step<Refusal | undefined> {
  const older = yield* first(findOlder, version);
  if (older === undefined) {
    yield* run(raise, version);
    return undefined;
  }
  return {
    refusal: "SERVICE_UNAVAILABLE",
    message: `The replica ${older.id} runs an older release, which would ignore this: stop it, or upgrade it first.`,
    details: { retryAfterMs },
  };
}
