/** A gRPC client of a service on this machine, with the key of an account. */

import { type Channel, ChannelCredentials, createChannel, createClientFactory, Metadata } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { type SmsServiceClient, SmsServiceDefinition } from "../../src/gen/smsrelay/v1/sms_service.ts";
import {
  type SubscriptionServiceClient,
  SubscriptionServiceDefinition,
} from "../../src/gen/smsrelay/v1/subscription_service.ts";

export interface SmsClient extends Disposable {
  readonly sms: SmsServiceClient;
  readonly subscriptions: SubscriptionServiceClient;
  /** Closes the connection; calls under way end with an error. */
  close(): void;
}

/** Connects to 127.0.0.1 without TLS. */
export function connectSmsClient(port: number, apiKey: string): SmsClient {
  const channel: Channel = createChannel(`127.0.0.1:${port}`, ChannelCredentials.createInsecure(), {
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 200,
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
  });
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  const defaults = { "*": { metadata: Metadata({ authorization: `Bearer ${apiKey}` }) } };
  const sms = factory.create(SmsServiceDefinition, channel, defaults);
  const subscriptions = factory.create(SubscriptionServiceDefinition, channel, defaults);
  const close = () => channel.close();
  return { sms, subscriptions, close, [Symbol.dispose]: close };
}
