/** Turns a gateway of the configuration into what its adapter, and what routing and dispatch, want to know. */
import { type GatewayConfig, rulesOf } from "../../config/gateway-schema.ts";
import type { DispatchRoute } from "../../dispatch/dispatch-settings.ts";
import { toGatewayId } from "../../domain/ids.ts";
import type { EncodingProfile, NationalLanguage } from "../../encoding/message-plan.ts";
import type { SmppGatewaySettings } from "../../gateways/smpp/settings.ts";
import { windowFor } from "../../gateways/smpp/settings.ts";

function profileOf({ profile }: GatewayConfig): EncodingProfile {
  return {
    ...profile,
    // The schema admits 1 to 13 only.
    singleShiftLanguages: profile.singleShiftLanguages as NationalLanguage[],
    lockingShiftLanguages: profile.lockingShiftLanguages as NationalLanguage[],
  };
}

/** The adapter's settings. */
export function smppSettingsOf(config: GatewayConfig): SmppGatewaySettings {
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
    profile: profileOf(config),
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

/** The rules and the rate. */
export function dispatchRouteOf(config: GatewayConfig): DispatchRoute {
  return {
    id: toGatewayId(config.id),
    formerIds: config.formerIds.map(toGatewayId),
    priority: config.priority,
    weight: config.weight,
    rules: rulesOf(config),
    profile: profileOf(config),
    maxResends: config.maxResends,
    pdusPerSecond: config.rate,
    burst: config.burst,
    expectsReceipts: config.receipts !== "none",
  };
}
