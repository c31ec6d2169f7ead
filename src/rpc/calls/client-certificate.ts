/**
 * Whom the certificate of a connection names, where the TLS of the listener has verified it: its SPIFFE id (X509-SVID), else its subject.
 * Asked once a connection, and remembered with it: never by an address, which is another's a moment later.
 */
import { X509Certificate } from "node:crypto";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { CertifiedCaller } from "../../app/calls/principal.ts";

const known = new WeakMap<object, CertifiedCaller | undefined>();

/** `connection` stands for it: the same object for each call on it. Undefined where no verified certificate names anybody. */
export function certifiedCaller(
  call: Pick<ServerInterceptingCallInterface, "getAuthContext">,
  connection: object,
): CertifiedCaller | undefined {
  if (known.has(connection)) return known.get(connection);
  // The stack answers one only where it was verified.
  const { sslPeerCertificate: shown } = call.getAuthContext();
  const caller = shown && callerOf(new X509Certificate(shown.raw));
  known.set(connection, caller);
  return caller;
}

export function callerOf(certificate: X509Certificate): CertifiedCaller | undefined {
  const value = nameOf(certificate);
  return value === undefined ? undefined : { value, untilMs: certificate.validToDate.getTime() };
}

/** SPIFFE ID §2, without a port, a query or a fragment. */
const spiffeForm = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/;

/** A certificate with a SPIFFE id has no other URI (X509-SVID §2): one with several names nobody, also not by its subject. */
function nameOf({ subjectAltName = "", subject }: X509Certificate): string | undefined {
  const uris = urisOf(subjectAltName);
  if (!uris.some((uri) => /^"?spiffe:/i.test(uri))) return subjectOf(subject);
  const [uri] = uris;
  return uris.length === 1 && uri !== undefined && spiffeForm.test(uri) ? uri : undefined;
}

/** Node puts a value with commas or quotation marks into a JSON string, so that it cannot look like a further name. */
function urisOf(names: string): readonly string[] {
  const entries = names.match(/[^,"\s][^,"]*("(?:[^"\\]|\\.)*")?/g) ?? [];
  return entries.filter((entry) => entry.startsWith("URI:")).map((entry) => entry.slice("URI:".length));
}

/**
 * In the form of RFC 4514, the last part first, as `openssl x509 -noout -subject -nameopt RFC2253` prints it. Node has a line for each
 * part, in which commas, plus signs and controls of a value are escaped, and none at all where the subject is empty.
 */
function subjectOf(subject: string | undefined): string | undefined {
  const parts = (subject ?? "").split("\n").map((part) => part.split(" + ").reverse().join("+"));
  return parts.reverse().join(",") || undefined;
}
