/** How the command line speaks TLS: whom it trusts, which name it expects, and which certificate it presents. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext, getCACertificates, type PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions } from "nice-grpc";
import { keyPairFault } from "../../config/key-pair.ts";
import { type CliContext, usageFault } from "../context.ts";
import { readOptionFile } from "../option-values.ts";
import { readVariable } from "./client-variables.ts";

export interface TlsOptions {
  readonly tls?: boolean;
  readonly ca?: string;
  readonly tlsName?: string;
  readonly cert?: string;
  readonly certKey?: string;
}

/** What the configuration of the service says about its TLS. */
export interface ServiceTls {
  /** PEM file of the certificate that the service presents. */
  readonly certFile: string;
  readonly wantsClientCertificate: boolean;
}

export interface Security {
  readonly credentials: ChannelCredentials;
  readonly channelOptions: ChannelOptions;
}

/** For a service on `host`; `service` is known where its configuration is. */
export function securityOf(
  options: TlsOptions,
  context: CliContext,
  host: string,
  service: ServiceTls | undefined,
): Security {
  const ca = options.ca ?? readVariable("SMS_RELAY_CA", context);
  const own = ownCertificate(options, context);
  if (options.tls !== true && ca === undefined && own === undefined && service === undefined) {
    return { credentials: ChannelCredentials.createInsecure(), channelOptions: {} };
  }
  if (service?.wantsClientCertificate === true && own === undefined) {
    throw usageFault(
      "The service asks its clients for a certificate (listen.grpc.tls.clientCa): give --cert and --cert-key, or SMS_RELAY_CERT and SMS_RELAY_CERT_KEY.",
    );
  }
  const known =
    ca === undefined && service !== undefined
      ? readOptionFile(service.certFile, "listen.grpc.tls.cert", context)
      : undefined;
  const trusted =
    ca === undefined
      ? [...getCACertificates("default"), ...(known === undefined ? [] : [known])]
      : [readOptionFile(ca, options.ca === undefined ? "SMS_RELAY_CA" : "--ca", context)];
  const pinned = known === undefined ? undefined : new X509Certificate(known);
  const name = options.tlsName ?? serverNameFor(host, pinned);
  return {
    credentials: ChannelCredentials.createFromSecureContext(
      // A certificate that is given by itself is trusted, also where an authority outside of the list has signed it.
      createSecureContext({ ca: trusted, ...own, allowPartialTrustChain: true }),
      {
        checkServerIdentity(_name: string, shown: PeerCertificate) {
          if (pinned?.raw.equals(shown.raw) === true) return undefined;
          return checkServerIdentity(options.tlsName ?? host, shown);
        },
      },
    ),
    channelOptions: {
      ...(name !== undefined && { "grpc.ssl_target_name_override": name }),
      ...(options.tlsName !== undefined && { "grpc.default_authority": options.tlsName }),
    },
  };
}

/** The name to ask for where the host is an address: TLS allows none there (RFC 6066 §3). */
function serverNameFor(host: string, pinned: X509Certificate | undefined): string | undefined {
  if (isIP(host) === 0) return undefined;
  return /DNS:([A-Za-z0-9.-]+)/.exec(pinned?.subjectAltName ?? "")?.[1] ?? "localhost";
}

function ownCertificate(options: TlsOptions, context: CliContext) {
  const certFile = options.cert ?? readVariable("SMS_RELAY_CERT", context);
  const keyFile = options.certKey ?? readVariable("SMS_RELAY_CERT_KEY", context);
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw usageFault("--cert and --cert-key go together.");
  const pair = {
    cert: readOptionFile(certFile, "--cert", context),
    key: readOptionFile(keyFile, "--cert-key", context),
  };
  const fault = keyPairFault(pair.cert, pair.key);
  if (fault === undefined) return pair;
  const [option, file] = fault.of === "cert" ? ["--cert", certFile] : ["--cert-key", keyFile];
  throw usageFault(`${option}: ${file} ${fault.rule}.`);
}
