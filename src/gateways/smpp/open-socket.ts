/** Opens the connection to an SMSC, plain or under TLS. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SmppGatewaySettings } from "./settings.ts";

/** Throws where the TLS settings are no such; everything else is told by the socket. */
export function openSocket({ host, port, tls }: Pick<SmppGatewaySettings, "host" | "port" | "tls">): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  return connectTls({
    host,
    port,
    rejectUnauthorized: tls.rejectUnauthorized,
    // Left out, the name is the host, and none is sent for an address (RFC 6066 §3).
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  });
}
