/** Which scope the key of a call has to hold, for every method of the contract. What is not here needs no key: health and reflection. */
import type { Scope } from "../../domain/scopes.ts";
import { GatewayServiceDefinition } from "../../gen/smsrelay/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../../gen/smsrelay/v1/key_service.ts";
import { MaintenanceServiceDefinition } from "../../gen/smsrelay/v1/maintenance_service.ts";
import { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import { SubscriptionServiceDefinition } from "../../gen/smsrelay/v1/subscription_service.ts";

interface ServiceOf<Method extends string> {
  readonly fullName: string;
  readonly methods: Readonly<Record<Method, { readonly name: string }>>;
}

function scopesOf<Method extends string>(
  { fullName, methods }: ServiceOf<Method>,
  scopes: Readonly<Record<NoInfer<Method>, Scope>>,
): readonly (readonly [string, Scope])[] {
  return Object.entries<Scope>(scopes).map(([method, scope]) => [
    `/${fullName}/${methods[method as Method].name}`,
    scope,
  ]);
}

/** By the path of the call, for instance `/smsrelay.v1.SmsService/SendSms`. */
export const methodScopes: ReadonlyMap<string, Scope> = new Map([
  ...scopesOf(SmsServiceDefinition, {
    sendSms: "SEND",
    sendSmsStream: "SEND",
    previewSms: "SEND",
    cancelSms: "SEND",
    getStatus: "READ",
    listSms: "READ",
    streamDeliveryReports: "READ",
  }),
  ...scopesOf(SubscriptionServiceDefinition, {
    createSubscription: "MANAGE",
    listSubscriptions: "READ",
    deleteSubscription: "MANAGE",
    // A position moves with what was read.
    acknowledgeSubscription: "READ",
  }),
  ...scopesOf(GatewayServiceDefinition, {
    listGateways: "ADMIN",
    pauseGateway: "ADMIN",
    resumeGateway: "ADMIN",
    explainRoute: "ADMIN",
  }),
  ...scopesOf(KeyServiceDefinition, { createKey: "ADMIN", listKeys: "ADMIN", revokeKey: "ADMIN" }),
  ...scopesOf(MaintenanceServiceDefinition, { downloadBackup: "ADMIN" }),
]);
