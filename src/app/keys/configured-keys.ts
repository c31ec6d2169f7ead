/** Keys of the configuration, which are known by their SHA-256 and live as long as they stand there. */
import { hash } from "node:crypto";
import { toAccountId } from "../../domain/ids.ts";
import type { Scope } from "../../domain/scopes.ts";
import type { Principal } from "../calls/principal.ts";
import { rememberRight } from "./remember-right.ts";

/** A key of the configuration: as written, or `sha256:` and its hash in hexadecimal. */
export interface ConfiguredKey {
  readonly accountId: string;
  readonly scopes: readonly Scope[];
  readonly key: string;
}

export interface ConfiguredKeys {
  readonly holders: readonly Principal[];
  find(presented: string): Principal | undefined;
  holderOf(keyId: string): Principal | undefined;
  isRemembered(presented: string): boolean;
}

/** Longer ones the configuration does not take. */
const maxLength = 256;

export function createConfiguredKeys(configured: readonly ConfiguredKey[]): ConfiguredKeys {
  const byHash = new Map(configured.map(entryOf));
  const byId = new Map([...byHash.values()].map((holder) => [holder.keyId, holder]));
  const right = new Map<string, Principal>();
  return {
    holders: [...byHash.values()],
    find(presented) {
      const remembered = right.get(presented);
      if (remembered !== undefined || presented.length > maxLength) return remembered;
      const holder = byHash.get(hash("sha256", presented));
      if (holder !== undefined) rememberRight(right, presented, holder);
      return holder;
    },
    holderOf: (keyId) => byId.get(keyId),
    isRemembered: (presented) => right.has(presented),
  };
}

/** Found by its hash: whoever times the look-up learns of a hash, not of a key. Known by it, not by its place, which becomes another key's: tokens name the key that they were issued for. */
function entryOf(entry: ConfiguredKey): readonly [string, Principal] {
  const hashed = entry.key.startsWith("sha256:") ? entry.key.slice(7) : hash("sha256", entry.key);
  const keyId = `cfg-${hashed.slice(0, 12)}`;
  return [hashed, { keyId, accountId: toAccountId(entry.accountId), scopes: entry.scopes }];
}
