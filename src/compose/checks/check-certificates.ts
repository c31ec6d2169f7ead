/** Checks how long the certificates last that the service presents, and those by which it trusts its clients. */
import { X509Certificate } from "node:crypto";
import type { Config } from "../../config/schema.ts";
import { certificatesOf } from "../certificates.ts";
import type { Finding } from "./finding.ts";

const dayMs = 86_400_000;
const warnDays = 30;

/** The service's own certificates, that of the listener and those for gateways, and the authority of its clients. */
export function checkCertificates(
  config: Pick<Config, "listen" | "gateways">,
  nowMs: number,
): readonly Finding[] {
  return certificatesOf(config).map(({ title, pem }) => certificateFinding(title, pem, nowMs));
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
