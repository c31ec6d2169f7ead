/**
 * Remembers in the store the credentials that each gateway was last bound with, to tell a wrong password from one that the SMSC does not
 * know for the moment (P52). The store holds a fingerprint: a slow hash, salted by the store and the account, since passwords of SMPP are
 * short.
 */
import { scrypt } from "node:crypto";
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { BindProof } from "../../gateways/smpp/create-smpp-gateway.ts";
import type { SmppGatewaySettings } from "../../gateways/smpp/settings.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";

export interface BindProofDeps {
  readonly store: Pick<Store, "id" | "boundCredentials" | "noteBound">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  /** What gateways are called, and were. */
  readonly names: () => GatewayNames;
}

export type Credentials = Pick<SmppGatewaySettings, "id" | "host" | "port" | "systemId" | "password">;

export type ProofOf = (credentials: Credentials) => BindProof;

const fingerprintOctets = 16;

/** Makes the function that makes the proofs; they compute one fingerprint at a time, in the background. */
export function createBindProofs(deps: BindProofDeps): ProofOf {
  const { store, clock, log } = deps;
  let last: Promise<unknown> = Promise.resolve();

  function fingerprintOf({ host, port, systemId, password }: Credentials): Promise<string> {
    const salt = JSON.stringify([store.id, host.toLowerCase(), port, systemId]);
    const next = last.then(() => hash(password, salt));
    last = next;
    return next;
  }

  async function knownOf(ids: readonly GatewayId[]): Promise<readonly string[]> {
    const bound = await store.boundCredentials();
    return bound.flatMap(({ gatewayId, fingerprint }) => (ids.includes(gatewayId) ? [fingerprint] : []));
  }

  return (credentials) => {
    const { id } = credentials;
    let fingerprint: Promise<string> | undefined;
    let isNoted = false;

    async function note(): Promise<void> {
      fingerprint ??= fingerprintOf(credentials);
      const bound = { gatewayId: id, fingerprint: await fingerprint };
      if (!(await knownOf([id])).includes(bound.fingerprint)) await store.noteBound(bound, clock.now());
    }

    return {
      async hasBound() {
        try {
          fingerprint ??= fingerprintOf(credentials);
          const ids = [id, ...deps.names().formerIdsOf(id)];
          const [own, known] = await Promise.all([fingerprint, knownOf(ids)]);
          return known.includes(own);
        } catch (err) {
          log.often.warn(
            { err, gateway: id },
            "The store cannot tell now whether these credentials were ever taken.",
          );
          return undefined;
        }
      },
      noteBound() {
        if (isNoted) return;
        isNoted = true;
        note().catch((err: unknown) => {
          // The next bind tries again.
          isNoted = false;
          log.debug({ err, gateway: id }, "That the gateway was bound could not be stored.");
        });
      },
    };
  };
}

function hash(password: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, fingerprintOctets, (error, key) => {
      if (error === null) resolve(key.toString("hex"));
      else reject(error);
    });
  });
}
