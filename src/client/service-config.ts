/**
 * The gRPC service config of the contract: which calls gRPC itself may try again. UNAVAILABLE alone, and only calls with an
 * idempotency_level: gRPC cannot see a request_id, and a SendSms whose answer was lost would go twice (docs/adr/0165).
 */
import { AccountServiceDefinition } from "../gen/smsrelay/v1/account_service.ts";
import { AdminServiceDefinition } from "../gen/smsrelay/v1/admin_service.ts";
import { GatewayServiceDefinition } from "../gen/smsrelay/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../gen/smsrelay/v1/key_service.ts";
import { MaintenanceServiceDefinition } from "../gen/smsrelay/v1/maintenance_service.ts";
import { SmsServiceDefinition } from "../gen/smsrelay/v1/sms_service.ts";
import { SubscriptionServiceDefinition } from "../gen/smsrelay/v1/subscription_service.ts";

interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<
    Record<string, { readonly name: string; readonly options: { readonly idempotencyLevel?: string } }>
  >;
}

const definitions: readonly ServiceDefinition[] = [
  AccountServiceDefinition,
  AdminServiceDefinition,
  GatewayServiceDefinition,
  KeyServiceDefinition,
  MaintenanceServiceDefinition,
  SmsServiceDefinition,
  SubscriptionServiceDefinition,
];

const repeatable = definitions.flatMap(({ fullName: service, methods }) =>
  Object.values(methods)
    .filter(({ options }) => options.idempotencyLevel !== undefined)
    .map(({ name: method }) => ({ service, method })),
);

/** In the JSON form of grpc.service_config.ServiceConfig. */
export const serviceConfig = {
  methodConfig: [
    {
      name: repeatable,
      retryPolicy: {
        // As many as gRPC allows: 0.5, 1, 2 and 4 seconds apart, longer than a restart takes.
        maxAttempts: 5,
        initialBackoff: "0.5s",
        maxBackoff: "10s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
};
