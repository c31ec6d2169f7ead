/** How long the certificates last that the service shows, and that it trusts its clients by. */
import { X509Certificate } from "node:crypto";
import type { Config } from "../../config/schema.ts";
import type { Finding } from "./finding.ts";

const dayMs = 86_400_000;
const warnDays = 30;

/** The service's own certificate and the authority of its clients, where it speaks TLS. */
export function checkCertificates({ listen }: Pick<Config, "listen">, nowMs: number): readonly Finding[] {
  const { tls } = listen.grpc;
  if (tls === undefined) return [];
  return [
    certificateFinding("the certificate of gRPC", tls.cert, nowMs),
    ...(tls.clientCa === undefined ? [] : [certificateFinding("clientCa", tls.clientCa, nowMs)]),
  ];
}

function certificateFinding(name: string, pem: string, nowMs: number): Finding {
  const subject = "TLS";
  const { validFromDate, validToDate } = new X509Certificate(pem);
  const until = validToDate.toISOString().slice(0, 10);
  if (validFromDate.getTime() > nowMs) return { subject, level: "fail", text: `${name} is not valid yet` };
  if (validToDate.getTime() < nowMs) return { subject, level: "fail", text: `${name} ended on ${until}` };
  const isShort = validToDate.getTime() - nowMs < warnDays * dayMs;
  return { subject, level: isShort ? "warn" : "ok", text: `${name} lasts until ${until}` };
}
