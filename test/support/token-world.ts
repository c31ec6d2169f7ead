/** Processes that issue and judge our own tokens over one list of signing keys, each with its own memory; time is the test's. */

import type { Principal } from "../../src/app/calls/principal.ts";
import { createOwnTokens, type OwnTokens } from "../../src/app/tokens/own-tokens.ts";
import type { Secrets } from "../../src/app/tokens/seal-signing-key.ts";
import { createSigningKeys, type SigningKeys } from "../../src/app/tokens/signing-keys.ts";
import { toAccountId } from "../../src/domain/ids.ts";
import { accountScopes } from "../../src/domain/scopes.ts";
import { createDataClock } from "../../src/observability/data-clock.ts";
import { silentLogger } from "../../src/observability/logger.ts";
import type { SealedSigningKey } from "../../src/store/records/signing-keys.ts";
import { createFakeClock } from "./fake-clock.ts";

export const SECRET = "the secret outside of the database";
const ownSecrets: Secrets = [SECRET];
export const TILL: Principal = { keyId: "till", accountId: toAccountId("shop"), scopes: accountScopes };

export interface TokenProcess {
  readonly signingKeys: SigningKeys;
  readonly tokens: OwnTokens;
}

export interface TokenWorld {
  readonly clock: ReturnType<typeof createFakeClock>;
  /** What the store holds. */
  rows: SealedSigningKey[];
  reads: number;
  /** Keys that hold; tests take them away. */
  readonly holders: Map<string, Principal>;
  start(options?: { readonly issues?: boolean; readonly secrets?: Secrets }): TokenProcess;
}

export function createTokenWorld(startMs?: number): TokenWorld {
  const clock = createFakeClock(startMs);
  const world: TokenWorld = {
    clock,
    rows: [],
    reads: 0,
    holders: new Map([[TILL.keyId, TILL]]),
    start({ issues = false, secrets = ownSecrets }: Parameters<TokenWorld["start"]>[0] = {}) {
      const dataClock = createDataClock(clock, silentLogger);
      const signingKeys = createSigningKeys({
        store: {
          async listSigningKeys() {
            world.reads += 1;
            return [...world.rows];
          },
          async makeSigningKey(key) {
            const isThere = world.rows.some(
              ({ day, sealedBy }) => day === key.day && sealedBy === key.sealedBy,
            );
            if (!isThere) world.rows.push(key);
            return undefined;
          },
          async deleteSigningKeys(oldest) {
            world.rows = world.rows.filter(({ day }) => day >= oldest);
          },
        },
        secrets,
        issues,
        clock: dataClock,
        log: silentLogger,
      });
      const keys = { holderOf: (keyId: string) => world.holders.get(keyId) };
      return { signingKeys, tokens: createOwnTokens({ signingKeys, keys, clock: dataClock }) };
    },
  };
  return world;
}
