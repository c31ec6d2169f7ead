/** The server's certificate as gRPC's stack takes it, which may change: existing connections go on, new ones get the new certificate. */
import { ServerCredentials } from "@grpc/grpc-js";
import { clientRule, contextOf, renewedContext, type ServerTls } from "../../app/calls/server-tls.ts";

export class RenewableCredentials extends ServerCredentials {
  #tls: ServerTls;

  constructor(tls: ServerTls) {
    super(clientRule(tls), contextOf(tls));
    this.#tls = tls;
  }

  /** Shows another certificate; throws, and changes nothing, where it cannot be used. */
  renew(tls: ServerTls): void {
    this.updateSecureContextOptions(renewedContext(this.#tls, tls));
    this.#tls = tls;
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
