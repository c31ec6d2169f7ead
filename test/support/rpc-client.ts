/** Clients of the gRPC door: typed ones, and a reading of the rich details that failing calls carry. */
import { Client, credentials, Metadata as GrpcMetadata } from "@grpc/grpc-js";
import {
  type CallOptions,
  type ChannelCredentials,
  ClientError,
  createChannel,
  createClientFactory,
  Metadata,
  type Status,
} from "nice-grpc";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../../src/gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../src/gen/google/rpc/status.ts";
import {
  type AccountServiceClient,
  AccountServiceDefinition,
} from "../../src/gen/smsrelay/v1/account_service.ts";
import { type AdminServiceClient, AdminServiceDefinition } from "../../src/gen/smsrelay/v1/admin_service.ts";
import {
  type GatewayServiceClient,
  GatewayServiceDefinition,
} from "../../src/gen/smsrelay/v1/gateway_service.ts";
import { type KeyServiceClient, KeyServiceDefinition } from "../../src/gen/smsrelay/v1/key_service.ts";
import {
  type MaintenanceServiceClient,
  MaintenanceServiceDefinition,
} from "../../src/gen/smsrelay/v1/maintenance_service.ts";
import { type SmsServiceClient, SmsServiceDefinition } from "../../src/gen/smsrelay/v1/sms_service.ts";
import {
  type SubscriptionServiceClient,
  SubscriptionServiceDefinition,
} from "../../src/gen/smsrelay/v1/subscription_service.ts";

export interface RpcClients extends Disposable {
  readonly sms: SmsServiceClient;
  readonly subscriptions: SubscriptionServiceClient;
  readonly gateways: GatewayServiceClient;
  readonly keys: KeyServiceClient;
  readonly accounts: AccountServiceClient;
  readonly admin: AdminServiceClient;
  readonly maintenance: MaintenanceServiceClient;
}

/** Connects under an API key, without TLS unless there are credentials for it; an undefined key sends none. */
export function connectClients(
  address: string,
  apiKey: string | undefined,
  options = {},
  tls?: ChannelCredentials,
): RpcClients {
  const channel = createChannel(address, tls, {
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
  const factory = createClientFactory();
  const metadata = apiKey === undefined ? Metadata() : Metadata({ authorization: `Bearer ${apiKey}` });
  const defaults = { "*": { metadata } };
  return {
    sms: factory.create(SmsServiceDefinition, channel, defaults),
    subscriptions: factory.create(SubscriptionServiceDefinition, channel, defaults),
    gateways: factory.create(GatewayServiceDefinition, channel, defaults),
    keys: factory.create(KeyServiceDefinition, channel, defaults),
    accounts: factory.create(AccountServiceDefinition, channel, defaults),
    admin: factory.create(AdminServiceDefinition, channel, defaults),
    maintenance: factory.create(MaintenanceServiceDefinition, channel, defaults),
    [Symbol.dispose]: () => channel.close(),
  };
}

export interface RawAnswer {
  readonly code: Status;
  readonly text: string;
  readonly octets: Buffer | undefined;
}

/** One unary call with whatever octets, by grpc-js itself. */
export function callRaw(
  address: string,
  path: string,
  octets: Uint8Array,
  { key, deadlineMs }: { readonly key?: string; readonly deadlineMs?: number } = {},
): Promise<RawAnswer> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new GrpcMetadata();
  if (key !== undefined) metadata.set("authorization", `Bearer ${key}`);
  return new Promise((resolve) => {
    client.makeUnaryRequest<Uint8Array, Buffer>(
      path,
      (value) => Buffer.from(value),
      (value) => value,
      octets,
      metadata,
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
      (error, answer) => {
        client.close();
        resolve({ code: error?.code ?? 0, text: error?.details ?? "", octets: answer });
      },
    );
  });
}

/** A failed call with its details, decoded. */
export interface RichFailure {
  readonly code: Status;
  readonly text: string;
  readonly info: ErrorInfo;
  readonly violations: BadRequest["fieldViolations"];
  readonly retry: RetryInfo | undefined;
  readonly quota: QuotaFailure | undefined;
  /** Octets of the trailer's value before base64. */
  readonly detailOctets: number;
}

/** Runs a call that must fail, and reads what the failure tells. */
export async function failureOf(call: (options: CallOptions) => Promise<unknown>): Promise<RichFailure> {
  let trailer = Metadata();
  try {
    await call({
      onTrailer: (received) => {
        trailer = received;
      },
    });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return readFailure(error, trailer);
  }
  throw new Error("the call did not fail");
}

function readFailure(error: ClientError, trailer: Metadata): RichFailure {
  const octets = trailer.get("grpc-status-details-bin");
  if (octets === undefined) throw new Error(`no details with ${error.message}`);
  const status = RpcStatus.decode(octets);
  const find = (type: string) =>
    status.details.find((detail) => detail.typeUrl.endsWith(`google.rpc.${type}`));
  const info = find("ErrorInfo");
  const bad = find("BadRequest");
  const retry = find("RetryInfo");
  const quota = find("QuotaFailure");
  if (info === undefined || status.code !== error.code) throw new Error("the details do not fit the status");
  return {
    code: error.code,
    text: error.details,
    info: ErrorInfo.decode(info.value),
    violations: bad === undefined ? [] : BadRequest.decode(bad.value).fieldViolations,
    retry: retry && RetryInfo.decode(retry.value),
    quota: quota && QuotaFailure.decode(quota.value),
    detailOctets: octets.length,
  };
}
