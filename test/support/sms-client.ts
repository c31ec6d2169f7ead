/** A gRPC client of a service on this machine, with the key of an account. */

import { type Channel, ChannelCredentials, createChannel, createClientFactory, Metadata } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { type SmsServiceClient, SmsServiceDefinition } from "../../src/gen/smsrelay/v1/sms_service.ts";

export interface SmsClient extends Disposable {
  readonly sms: SmsServiceClient;
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
  const sms = createClientFactory()
    .use(errorDetailsClientMiddleware)
    .create(SmsServiceDefinition, channel, {
      "*": { metadata: Metadata({ authorization: `Bearer ${apiKey}` }) },
    });
  const close = () => channel.close();
  return { sms, close, [Symbol.dispose]: close };
}
