/** The first start of a new service makes two keys, so that it can be used at once: one that sends, one for operators. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiKeys } from "../app/api-keys.ts";
import { toAccountId } from "../domain/ids.ts";

/** Where the keys lie that were made now; undefined where there were keys before. */
export interface FirstKeys {
  readonly defaultKeyFile: string;
  readonly operatorKeyFile: string;
}

/** Makes the keys where nobody could call otherwise. Only the owner of the process may read the files. */
export async function ensureFirstKeys(keys: ApiKeys, folder: string): Promise<FirstKeys | undefined> {
  if (await keys.hasAny()) return undefined;
  const make = async (account: string, role: "ACCOUNT" | "OPERATOR") => {
    const { secret } = await keys.create({
      accountId: toAccountId(account),
      role,
      name: "made at the first start",
    });
    const file = join(folder, `${account}.key`);
    await writeFile(file, `${secret}\n`, { mode: 0o600 });
    return file;
  };
  // The operator's key first: were the second write to fail, an operator could still make further keys.
  const operatorKeyFile = await make("operator", "OPERATOR");
  return { operatorKeyFile, defaultKeyFile: await make("default", "ACCOUNT") };
}
