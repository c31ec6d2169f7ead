/** The TLS of a listener: plain text only where nobody else can listen in, and certificates that change while it listens. */
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { isLoopback } from "../../domain/loopback.ts";

export interface ServerTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Where it is set, clients are asked for a certificate that it has signed. */
  readonly clientCa?: string | undefined;
  /** Whether they must show one; required where nothing is said. */
  readonly clientCertificate?: "required" | "optional" | undefined;
}

/** Throws where `door` would serve plain text on an address that other machines reach, unless that was allowed. */
export function refusePlaintext(
  door: string,
  {
    host,
    tls,
    allowPlaintext,
  }: { readonly host: string; readonly tls?: unknown; readonly allowPlaintext: boolean },
): void {
  if (tls === undefined && !allowPlaintext && !isLoopback(host))
    throw new Error(`plain-text ${door} on ${host} needs TLS, or allowPlaintext`);
}

/** Whether clients are asked for a certificate, and turned away without a right one; what a stack takes at its start only. */
export function clientRule({ clientCa, clientCertificate }: ServerTls): {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
} {
  return { requestCert: clientCa !== undefined, rejectUnauthorized: clientCertificate !== "optional" };
}

export function contextOf({ cert, key, clientCa }: ServerTls): SecureContextOptions {
  return { cert: [cert], key: [key], ...(clientCa !== undefined && { ca: clientCa }) };
}

/**
 * What new connections get in place of `shown`. Throws where it cannot be used, and where it would change whether clients are asked for
 * theirs, which stacks take at their start only.
 */
export function renewedContext(shown: ServerTls, next: ServerTls): SecureContextOptions {
  const [before, after] = [clientRule(shown), clientRule(next)];
  if (before.requestCert !== after.requestCert || before.rejectUnauthorized !== after.rejectUnauthorized)
    throw new Error(
      "whether clients need certificates (clientCa, clientCertificate) changes with a restart only",
    );
  const context = contextOf(next);
  // A stack would drop every new connection after a context that cannot be made.
  createSecureContext(context);
  return context;
}
