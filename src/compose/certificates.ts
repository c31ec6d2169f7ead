/** The certificates that the service presents, and the authority by which it knows its clients, with the times at which they end. */
import { X509Certificate } from "node:crypto";
import type { Config } from "../config/schema.ts";

export interface ShownCertificate {
  /** `listener`, `listener-client-ca`, the same with `api-` or `callbacks-` before it, or `gateway:` with the gateway's id. */
  readonly label: string;
  /** For people. */
  readonly title: string;
  readonly pem: string;
}

/** Those of a configuration. */
export function certificatesOf({
  listen,
  gateways,
}: Pick<Config, "listen" | "gateways">): readonly ShownCertificate[] {
  const { grpc, api, callbacks } = listen;
  const found = (label: string, title: string, pem: string | undefined): readonly ShownCertificate[] =>
    pem === undefined ? [] : [{ label, title, pem }];
  return [
    ...found("listener", "the certificate of gRPC", grpc.tls?.cert),
    ...found("listener-client-ca", "clientCa", grpc.tls?.clientCa),
    ...found("api-listener", "the certificate of the API", api?.tls?.cert),
    ...found("api-listener-client-ca", "clientCa of the API", api?.tls?.clientCa),
    ...found("callbacks-listener", "the certificate of the callbacks' door", callbacks?.tls?.cert),
    ...found("callbacks-listener-client-ca", "clientCa of the callbacks' door", callbacks?.tls?.clientCa),
    ...gateways.flatMap((gateway) =>
      found(`gateway:${gateway.id}`, `the certificate for gateway ${gateway.id}`, gateway.tls?.cert),
    ),
  ];
}

/** When each ends, for the figures. */
export function certificateEnds(config: Pick<Config, "listen" | "gateways">) {
  return certificatesOf(config).map(({ label, pem }) => ({
    label,
    endTimeMs: new X509Certificate(pem).validToDate.getTime(),
  }));
}
