/** The one list of services: what each is called, which scope the key of each of its calls has to hold, and who answers. */
import type { CompatServiceDefinition, Server, ServiceImplementation } from "nice-grpc";
import type { App } from "../../app/create-app.ts";
import type { Scope } from "../../domain/scopes.ts";
import { GatewayServiceDefinition } from "../../gen/smsrelay/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../../gen/smsrelay/v1/key_service.ts";
import { MaintenanceServiceDefinition } from "../../gen/smsrelay/v1/maintenance_service.ts";
import { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import { SubscriptionServiceDefinition } from "../../gen/smsrelay/v1/subscription_service.ts";
import { tellingEncoded } from "../calls/encoded-responses.ts";
import type { Guard } from "../calls/guard.ts";
import { type ServiceOf, wireDefinition } from "../calls/wire-definition.ts";
import { createGatewayService, gatewayScopes } from "../gateways/gateway-service.ts";
import { createKeyService, keyScopes } from "../keys/key-service.ts";
import { createMaintenanceService, maintenanceScopes } from "../maintenance/maintenance-service.ts";
import { createMessageCalls, messageScopes } from "../messages/message-calls.ts";
import { createReportCalls, reportScopes } from "../reports/report-calls.ts";
import { createSendingCalls, type SendingCallsDeps, sendingScopes } from "../sending/sending-calls.ts";
import { createSubscriptionService, subscriptionScopes } from "../subscriptions/subscription-service.ts";

export interface ServicesDeps extends App, Omit<SendingCallsDeps, "sending" | "workInHand"> {
  readonly guard: Guard;
}

interface Served {
  readonly definition: ServiceOf;
  /** By the key of the call in the definition. */
  readonly scopes: Readonly<Record<string, Scope>>;
  addTo(server: Server, deps: ServicesDeps): void;
}

const { streamDeliveryReports } = SmsServiceDefinition.methods;
const smsService = {
  ...SmsServiceDefinition,
  methods: {
    ...SmsServiceDefinition.methods,
    streamDeliveryReports: {
      ...streamDeliveryReports,
      responseType: tellingEncoded(streamDeliveryReports.responseType),
    },
  },
};

const services: readonly Served[] = [
  served(smsService, { ...sendingScopes, ...messageScopes, ...reportScopes }, (deps) => ({
    ...createSendingCalls(deps),
    ...createMessageCalls(deps),
    ...createReportCalls(deps),
  })),
  served(SubscriptionServiceDefinition, subscriptionScopes, createSubscriptionService),
  served(GatewayServiceDefinition, gatewayScopes, createGatewayService),
  served(KeyServiceDefinition, keyScopes, createKeyService),
  served(MaintenanceServiceDefinition, maintenanceScopes, createMaintenanceService),
];

function served<Definition extends ServiceOf & CompatServiceDefinition>(
  definition: Definition,
  scopes: Readonly<Record<keyof Definition["methods"] & string, Scope>>,
  create: (deps: ServicesDeps) => ServiceImplementation<Definition>,
): Served {
  return {
    definition,
    scopes,
    addTo: (server, deps) => server.add(wireDefinition(definition), create(deps)),
  };
}

export const serviceNames: readonly string[] = services.map(({ definition }) => definition.fullName);

export function addServices(server: Server, deps: ServicesDeps): void {
  for (const service of services) service.addTo(server, deps);
}

const calls = services.flatMap(({ definition: { fullName, methods }, scopes }) =>
  Object.entries(methods).map(([key, { name, options }]) => ({
    path: `/${fullName}/${name}`,
    scope: scopes[key] as Scope,
    isRead: options.idempotencyLevel === "NO_SIDE_EFFECTS",
  })),
);

/** Which scope the key of a call has to hold, by its path, for instance `/smsrelay.v1.SmsService/SendSms`. What is not here needs no key: health and reflection. */
export const methodScopes: ReadonlyMap<string, Scope> = new Map(
  calls.map(({ path, scope }) => [path, scope]),
);

/** They change nothing, so that an answer which is too much is refused and may be asked for again. */
export const readingPaths: ReadonlySet<string> = new Set(
  calls.filter(({ isRead }) => isRead).map(({ path }) => path),
);
