/** The one list of services: what each is called, which scope the key of each of its calls has to hold, and who answers. */
import type { App } from "../../app/create-app.ts";
import type { Scope } from "../../domain/scopes.ts";
import { AccountServiceDefinition } from "../../gen/smsrelay/v1/account_service.ts";
import { AdminServiceDefinition } from "../../gen/smsrelay/v1/admin_service.ts";
import { GatewayServiceDefinition } from "../../gen/smsrelay/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../../gen/smsrelay/v1/key_service.ts";
import { MaintenanceServiceDefinition } from "../../gen/smsrelay/v1/maintenance_service.ts";
import { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import { SubscriptionServiceDefinition } from "../../gen/smsrelay/v1/subscription_service.ts";
import { accountScopes, createAccountService } from "../accounts/account-service.ts";
import { adminScopes, createAdminService } from "../accounts/admin-service.ts";
import type { Handlers, ServiceOf } from "../calls/handlers.ts";
import { type ServedService, serveContract } from "../calls/served-service.ts";
import { createGatewayService, gatewayScopes } from "../gateways/gateway-service.ts";
import { createIdentityCalls, identityScopes } from "../identities/identity-calls.ts";
import { createKeyService, keyScopes } from "../keys/key-service.ts";
import { createMaintenanceService, maintenanceScopes } from "../maintenance/maintenance-service.ts";
import { createMessageCalls, messageScopes } from "../messages/message-calls.ts";
import {
  createRateImportCalls,
  createRateListCalls,
  rateImportScopes,
  rateListScopes,
} from "../money/rate-calls.ts";
import { createReportCalls, reportScopes } from "../reports/report-calls.ts";
import { createSendingCalls, type SendingCallsDeps, sendingScopes } from "../sending/sending-calls.ts";
import { createSubscriptionService, subscriptionScopes } from "../subscriptions/subscription-service.ts";

export type ServicesDeps = App & Omit<SendingCallsDeps, "sending" | "workInHand" | "accountLimits">;

interface Listed {
  readonly service: ServiceOf;
  /** By the key of the call in the definition. */
  readonly scopes: Readonly<Record<string, Scope>>;
  serve(deps: ServicesDeps): ServedService;
}

const services: readonly Listed[] = [
  listed(SmsServiceDefinition, { ...sendingScopes, ...messageScopes, ...reportScopes }, (deps) => ({
    ...createSendingCalls(deps),
    ...createMessageCalls(deps),
    ...createReportCalls(deps),
  })),
  listed(SubscriptionServiceDefinition, subscriptionScopes, createSubscriptionService),
  listed(AccountServiceDefinition, { ...accountScopes, ...rateListScopes }, (deps) => ({
    ...createAccountService(deps),
    ...createRateListCalls(deps),
  })),
  listed(AdminServiceDefinition, { ...adminScopes, ...identityScopes, ...rateImportScopes }, (deps) => ({
    ...createAdminService(deps),
    ...createIdentityCalls(deps),
    ...createRateImportCalls(deps),
  })),
  listed(GatewayServiceDefinition, gatewayScopes, createGatewayService),
  listed(KeyServiceDefinition, keyScopes, createKeyService),
  listed(MaintenanceServiceDefinition, maintenanceScopes, createMaintenanceService),
];

function listed<Service extends ServiceOf>(
  service: Service,
  scopes: Readonly<Record<keyof Service["methods"] & string, Scope>>,
  handlers: (deps: ServicesDeps) => Handlers<Service>,
): Listed {
  return { service, scopes, serve: (deps) => serveContract(service, scopes, handlers(deps)) };
}

export const serviceNames: readonly string[] = services.map(({ service }) => service.fullName);

export function serveAll(deps: ServicesDeps): readonly ServedService[] {
  return services.map((service) => service.serve(deps));
}

/** Which scope the key of a call has to hold, by its path, for instance `/smsrelay.v1.SmsService/SendSms`. What is not here needs no key: health and reflection. */
export const methodScopes: ReadonlyMap<string, Scope> = new Map(
  services.flatMap(({ service: { fullName, methods }, scopes }) =>
    Object.entries(methods).map(([key, { name }]) => [`/${fullName}/${name}`, scopes[key] as Scope]),
  ),
);
