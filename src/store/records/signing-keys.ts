/** Keys of the service's own access tokens, encrypted: one a day for each secret that they are encrypted under. */
import { requireReaders } from "./readers.ts";
import { all, type Refusal, run, type Step, sql } from "./sql.ts";

export interface SealedSigningKey {
  readonly id: string;
  /** The day on which it signs, since 1970. */
  readonly day: number;
  /** Names the secret. */
  readonly sealedBy: string;
  readonly sealed: string;
}

interface KeyRow {
  readonly id: string;
  readonly day: number;
  readonly sealed_by: string;
  readonly sealed: string;
}

/** The release that knows tokens of ours: an older replica would refuse them. */
const tokensVersion = 23;

const list = sql<KeyRow>(
  "list_signing_keys",
  "SELECT id, day, sealed_by, sealed FROM signing_keys ORDER BY day, sealed_by",
);
const insert = sql(
  "insert_signing_key",
  `INSERT INTO signing_keys (id, day, sealed_by, sealed) VALUES ($1, $2, $3, $4)
   ON CONFLICT (day, sealed_by) DO NOTHING`,
);
const remove = sql("delete_signing_keys", "DELETE FROM signing_keys WHERE day < $1");

export function* listSigningKeys(): Step<readonly SealedSigningKey[]> {
  return (yield* all(list)).map(({ id, day, sealed_by: sealedBy, sealed }) => ({
    id,
    day,
    sealedBy,
    sealed,
  }));
}

/** Changes nothing where that day has one under this secret: whoever was first made it. */
export function* makeSigningKey(key: SealedSigningKey): Step<Refusal | undefined> {
  const refusal = yield* requireReaders(tokensVersion);
  if (refusal !== undefined) return refusal;
  yield* run(insert, key.id, key.day, key.sealedBy, key.sealed);
  return undefined;
}

/** Deletes those of the days before this one. */
export function* deleteSigningKeys(day: number): Step<void> {
  yield* run(remove, day);
}
