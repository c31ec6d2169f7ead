/** Gateways of kind `smpp`: what their configuration says to the adapter, and whether an SMSC can be reached and accepts the account. */
import type { GatewayConfig } from "../../config/gateway-schema.ts";
import { assertNever } from "../../domain/assert-never.ts";
import { toGatewayId } from "../../domain/ids.ts";
import type { SessionRole } from "../../gateways/smpp/bind.ts";
import { ESME_RALYBND } from "../../gateways/smpp/classify-status.ts";
import { createSmppGateway } from "../../gateways/smpp/create-smpp-gateway.ts";
import { type ProbeOutcome, probeBind, probeConnection } from "../../gateways/smpp/probe.ts";
import { type SmppGatewaySettings, windowFor } from "../../gateways/smpp/settings.ts";
import type { Clock } from "../../observability/clock.ts";
import { commandStatusName } from "../../smpp/command-status.ts";
import type { Finding } from "../checks/finding.ts";
import type { GatewayAdapter, GatewayKind } from "./gateway-kind.ts";

type SmppConfig = Extract<GatewayConfig, { readonly kind: "smpp" }>;

export const smppKind: GatewayKind<SmppConfig> = {
  routeOf: ({ receipts, profile }) => ({ expectsReceipts: receipts !== "none", profile }),
  adapterOf,
  check: checkSmsc,
};

/** The adapter's settings. */
export function smppSettingsOf(config: SmppConfig): SmppGatewaySettings {
  const { tls } = config;
  return {
    id: toGatewayId(config.id),
    host: config.host,
    port: config.port,
    tls: tls && {
      ca: tls.ca,
      servername: tls.servername,
      rejectUnauthorized: tls.rejectUnauthorized,
      cert: tls.cert,
      key: tls.key,
    },
    systemId: config.systemId,
    password: config.password,
    systemType: config.systemType,
    interfaceVersion: config.interfaceVersion,
    addressRange: config.addressRange,
    addressRangeTon: config.addressRangeTon,
    addressRangeNpi: config.addressRangeNpi,
    bindMode: config.bindMode,
    sessions: config.sessions,
    window: config.window ?? windowFor(config.rate, config.sessions),
    connectTimeoutMs: config.connectTimeout,
    bindTimeoutMs: config.bindTimeout,
    responseTimeoutMs: config.responseTimeout,
    ambiguityHoldMs: config.ambiguityHold,
    enquireLinkIntervalMs: config.enquireLinkInterval,
    enquireLinkTimeoutMs: config.enquireLinkTimeout,
    enquireLinkMisses: config.enquireLinkMisses,
    reconnectMinMs: config.reconnectMin,
    reconnectMaxMs: config.reconnectMax,
    maxUnansweredDeliveries: config.maxUnansweredDeliveries,
    profile: config.profile,
    addresses: config.addresses,
    serviceType: config.serviceType,
    priorityFlag: config.priorityFlag,
    protocolId: config.protocolId,
    validityForm: config.validityForm,
    maxValidityMs: config.maxValidity,
    tlvs: config.tlvs,
    receipts: config.receipts,
    messageIdForm: config.messageIdForm,
    acceptedMeans: config.acceptedMeans,
    plainTextReceipts: config.plainTextReceipts,
    echoesUserMessageReference: config.echoesUserMessageReference,
    carrierTlv: config.carrierTlv,
    receiptUtcOffsetMinutes: config.receiptUtcOffsetMinutes,
    statusClass: Object.fromEntries(
      Object.entries(config.statusClass).map(([status, statusClass]) => [Number(status), statusClass]),
    ),
  };
}

function adapterOf(config: SmppConfig): GatewayAdapter {
  const settings = smppSettingsOf(config);
  const { id, window } = settings;
  return {
    // The window follows the rate where it is not set.
    identity: JSON.stringify({ ...settings, window: undefined }),
    window,
    make: ({ metrics, isBoundElsewhere, proofOf, ...parts }) =>
      createSmppGateway(settings, {
        ...parts,
        isBoundElsewhere: () => isBoundElsewhere(id),
        proof: proofOf(settings),
        metrics: {
          count: (event) => metrics.lateAnswers.add(1, id, event),
          countRefusedBind: () => metrics.refusedBinds.add(1, id),
        },
      }),
  };
}

/** Connects, and binds and unbinds in each role of the gateway where `isBinding`. */
async function checkSmsc(config: SmppConfig, isBinding: boolean, clock: Clock): Promise<readonly Finding[]> {
  const settings = smppSettingsOf(config);
  const address = `${config.host}:${config.port}${config.tls === undefined ? "" : " (TLS)"}`;
  const describe = (outcome: ProbeOutcome, done: string): Finding => {
    const subject = `gateway ${config.id}`;
    switch (outcome.kind) {
      case "reached":
        return { subject, level: "ok", text: `${address} ${done}` };
      case "failed":
        return { subject, level: "fail", text: `${address} cannot be reached or used: ${outcome.reason}` };
      case "refused":
        return { subject, ...refusalOf(outcome.commandStatus, address) };
      default:
        return assertNever(outcome);
    }
  };
  if (!isBinding) return [describe(await probeConnection(settings, clock), "takes connections")];
  const roles: readonly SessionRole[] =
    config.bindMode === "transceiver" ? ["transceiver"] : ["transmitter", "receiver"];
  const findings: Finding[] = [];
  for (const role of roles) {
    const done = `takes ${config.systemId} as ${role}`;
    findings.push(describe(await probeBind(settings, role, clock), done));
  }
  return findings;
}

function refusalOf(commandStatus: number, address: string): Pick<Finding, "level" | "text"> {
  const name = commandStatusName(commandStatus);
  if (commandStatus === ESME_RALYBND) {
    return { level: "warn", text: `${address} answers ${name}: the account is bound already, elsewhere` };
  }
  return { level: "fail", text: `${address} refuses the bind with ${name}` };
}
