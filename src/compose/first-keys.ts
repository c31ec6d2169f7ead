/**
 * Keys without which a service could not be used or looked after: an operator's where there is none, and, where nobody could call at
 * all, one that sends.
 */
import { existsSync, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { serviceItself } from "../app/calls/act.ts";
import type { Keys } from "../app/keys/create-keys.ts";
import { codeOf } from "../config/code-of.ts";
import { accountScopes, operatorScopes, type Scope } from "../domain/scopes.ts";
import type { Logger } from "../observability/logger.ts";

/** Where the keys are that were made now. */
export interface FirstKeys {
  readonly operatorKeyFile: string;
  /** Undefined where accounts had keys before. */
  readonly defaultKeyFile: string | undefined;
}

/** A key of that name belongs to another store, which has it as a hash only: it is kept under the next free name. */
async function setAside(path: string, log: Logger): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  let number = 1;
  while (existsSync(`${path}.${number}`)) number += 1;
  await rename(path, `${path}.${number}`);
  log.warn(
    { path, keptAs: `${path}.${number}` },
    "A key of another store was in the way of a new one, and is kept under another name.",
  );
}

/**
 * Makes the keys that are missing; undefined where none is. Only the owner of the process may read the files. Rejects where nobody
 * could call and the folder cannot be written; where only an operator is missing, the log says so instead.
 */
export async function ensureFirstKeys(
  keys: Pick<Keys, "hasAny" | "create">,
  folder: string,
  log: Logger,
): Promise<FirstKeys | undefined> {
  if (await keys.hasAny("ADMIN")) return undefined;
  const canAnybodyCall = await keys.hasAny();
  const make = async (account: string, scopes: readonly Scope[]) => {
    const path = join(folder, `${account}.key`);
    await setAside(path, log);
    // Opened first: a key that nobody could ever read would stay in the store.
    await using file = await open(path, "w", 0o600).catch((cause: unknown) => {
      throw new Error(
        `The first key cannot be written to ${path} (${codeOf(cause)}). Let the service's user write there, or name keys under accounts.`,
        { cause },
      );
    });
    const wanted = { accountId: account, scopes, displayName: "made at the first start" };
    const { secret } = await keys.create(
      { ...wanted, keyId: "", expireTimeMs: undefined, rateLimits: [] },
      serviceItself("first start"),
    );
    await file.writeFile(`${secret}\n`);
    return path;
  };
  try {
    // The operator's key first: were the second write to fail, an operator could still make further keys.
    const operatorKeyFile = await make("operator", operatorScopes);
    return {
      operatorKeyFile,
      defaultKeyFile: canAnybodyCall ? undefined : await make("default", accountScopes),
    };
  } catch (err) {
    if (!canAnybodyCall) throw err;
    log.warn(
      { err, folder },
      "Nobody may look after gateways, keys and backups: no key has the scope ADMIN, and none could be written.",
    );
    return undefined;
  }
}
