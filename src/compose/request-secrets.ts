/**
 * The secrets that hashes of requests are keyed by: those of the configuration, else one in a file beside the store, so that whoever has
 * the database alone cannot try texts against it. Replicas on PostgreSQL have no folder in common; without a configured secret they use the
 * store's id, which is in the database, and so know each other's request ids.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../config/code-of.ts";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../observability/logger.ts";
import type { Store } from "../store/store.ts";

export const requestSecretFile = "request-hash.secret";
const secretOctets = 32;
const leastCharacters = 32;

/** The first keys what is new, all are compared with. */
export async function requestSecretsOf(
  { secrets, store: { path, url } }: Pick<Config, "secrets" | "store">,
  store: Pick<Store, "id">,
  log: Logger,
): Promise<readonly [string, ...string[]]> {
  const file = join(dirname(path), requestSecretFile);
  const kept = await readRequestSecret(file);
  const others = kept === undefined ? [store.id] : [kept, store.id];
  const [first, ...rest] = secrets.requestHash ?? [];
  if (first !== undefined) return [first, ...rest, ...others];
  if (url === undefined) return [kept ?? (await makeSecret(file)), store.id];
  log.warn(
    {},
    "Hashes of requests are keyed by the store's id, which stands in the same database. Set secrets.requestHash, alike at all replicas.",
  );
  return kept === undefined ? [store.id] : [store.id, kept];
}

/** Undefined where there is none; no link is followed. Rejects with a sentence where it cannot be used. */
export async function readRequestSecret(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const text = (await file.readFile("utf8")).trim();
    if (text.length >= leastCharacters) return text;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return undefined;
    const why = code === "ELOOP" ? "is a symbolic link, which is not followed" : `cannot be read (${code})`;
    throw new Error(
      `${path} ${why}: request ids of before are known by it. Let the service's user read it, and put the file itself there`,
      { cause: error },
    );
  }
  throw new Error(
    `${path} holds no secret of ${leastCharacters} characters or more; restore it, or remove it to get a new one`,
  );
}

/** For the owner of the process alone; whole, and on disk, before anything is keyed by it. */
async function makeSecret(path: string): Promise<string> {
  const secret = randomBytes(secretOctets).toString("base64url");
  const begun = `${path}.${randomBytes(4).toString("hex")}`;
  {
    await using file = await open(begun, "wx", 0o600);
    await file.writeFile(`${secret}\n`);
    await file.sync();
  }
  await rename(begun, path);
  await using folder = await open(dirname(path), "r");
  await folder.sync();
  return secret;
}
