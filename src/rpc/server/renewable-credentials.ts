/** The server's certificate, which may change while it listens: existing connections go on, new ones get the new certificate. */
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Where it is set, clients must show a certificate. */
  readonly clientCa?: string | undefined;
}

export class RenewableCredentials extends ServerCredentials {
  readonly #asksClients: boolean;

  constructor(tls: ServerTls) {
    super({ requestCert: tls.clientCa !== undefined }, contextOf(tls));
    this.#asksClients = tls.clientCa !== undefined;
  }

  /** Shows another certificate; throws where it cannot be used, or where it would change whether clients are asked for theirs. */
  renew(tls: ServerTls): void {
    if ((tls.clientCa !== undefined) !== this.#asksClients)
      throw new Error("whether clients need certificates (clientCa) changes with a restart only");
    const context = contextOf(tls);
    // The stack would drop every new connection after a context that cannot be made.
    createSecureContext(context);
    this.updateSecureContextOptions(context);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ cert, key, clientCa }: ServerTls): SecureContextOptions {
  return { cert: [cert], key: [key], ...(clientCa !== undefined && { ca: clientCa }) };
}
