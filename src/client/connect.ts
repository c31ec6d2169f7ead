/**
 * A long-lived client of every service of the contract over one channel: with keepalive, short pauses between connections, and retries of
 * what may be repeated.
 */
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import { createChannel, createClientFactory } from "nice-grpc";
import { type ClientMiddleware, Metadata } from "nice-grpc-common";
import { type GatewayServiceClient, GatewayServiceDefinition } from "../gen/smsrelay/v1/gateway_service.ts";
import { type KeyServiceClient, KeyServiceDefinition } from "../gen/smsrelay/v1/key_service.ts";
import {
  type MaintenanceServiceClient,
  MaintenanceServiceDefinition,
} from "../gen/smsrelay/v1/maintenance_service.ts";
import { type SmsServiceClient, SmsServiceDefinition } from "../gen/smsrelay/v1/sms_service.ts";
import {
  type SubscriptionServiceClient,
  SubscriptionServiceDefinition,
} from "../gen/smsrelay/v1/subscription_service.ts";
import { type CallTimeout, endInTime } from "./call-timeout.ts";
import { keepErrorDetails } from "./error-details.ts";
import { longestPauseMs } from "./pause.ts";
import { serviceConfig } from "./service-config.ts";

export interface ConnectOptions {
  /** `host:port`, or any target that gRPC knows. */
  readonly address: string;
  /** The API key. */
  readonly key: string;
  /** `ChannelCredentials.createSsl()`, or `createInsecure()` for a service on the same machine: the key is sent in the clear. */
  readonly credentials: ChannelCredentials;
  /** Further options of the channel, and other values for those set here. */
  readonly channelOptions?: ChannelOptions;
}

export interface SmsRelayClient extends Disposable {
  readonly sms: SmsServiceClient<CallTimeout>;
  readonly subscriptions: SubscriptionServiceClient<CallTimeout>;
  readonly gateways: GatewayServiceClient<CallTimeout>;
  readonly keys: KeyServiceClient<CallTimeout>;
  readonly maintenance: MaintenanceServiceClient<CallTimeout>;
  /** Ends its calls and its connection. */
  close(): void;
}

/** Makes a client; nothing goes over the wire before the first call. */
export function connect({ address, key, credentials, channelOptions }: ConnectOptions): SmsRelayClient {
  const channel = createChannel(address, credentials, {
    "grpc.max_receive_message_length": 16 * 1024 ** 2,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_reconnect_backoff_ms": longestPauseMs,
    "grpc.service_config": JSON.stringify(serviceConfig),
    ...channelOptions,
  });
  const authorize: ClientMiddleware = (call, options) =>
    call.next(call.request, {
      ...options,
      metadata: Metadata(options.metadata).set("authorization", `Bearer ${key}`),
    });
  const factory = createClientFactory().use(keepErrorDetails).use(authorize).use(endInTime);
  const close = () => channel.close();
  return {
    sms: factory.create(SmsServiceDefinition, channel),
    subscriptions: factory.create(SubscriptionServiceDefinition, channel),
    gateways: factory.create(GatewayServiceDefinition, channel),
    keys: factory.create(KeyServiceDefinition, channel),
    maintenance: factory.create(MaintenanceServiceDefinition, channel),
    close,
    [Symbol.dispose]: close,
  };
}
