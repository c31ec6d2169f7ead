/** The command line's gRPC client: where the service is, which key it is called with, and its services. */
import { type Command, InvalidArgumentError } from "commander";
import { createChannel, createClientFactory, Metadata } from "nice-grpc";
import { keepErrorDetails } from "../../client/error-details.ts";
import {
  type AccountServiceClient,
  AccountServiceDefinition,
} from "../../gen/smsrelay/v1/account_service.ts";
import { type AdminServiceClient, AdminServiceDefinition } from "../../gen/smsrelay/v1/admin_service.ts";
import {
  type GatewayServiceClient,
  GatewayServiceDefinition,
} from "../../gen/smsrelay/v1/gateway_service.ts";
import { type KeyServiceClient, KeyServiceDefinition } from "../../gen/smsrelay/v1/key_service.ts";
import {
  type MaintenanceServiceClient,
  MaintenanceServiceDefinition,
} from "../../gen/smsrelay/v1/maintenance_service.ts";
import { type SmsServiceClient, SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import {
  type SubscriptionServiceClient,
  SubscriptionServiceDefinition,
} from "../../gen/smsrelay/v1/subscription_service.ts";
import { type CliContext, usageFault } from "../context.ts";
import { securityOf, type TlsOptions } from "./client-tls.ts";
import { readVariable } from "./client-variables.ts";
import { type KeyRole, keyOf, localService } from "./local-service.ts";
import { quietGrpc } from "./quiet-grpc.ts";

export interface ClientOptions extends TlsOptions {
  readonly address?: string;
  readonly key?: string;
  readonly config?: string;
  readonly json?: boolean;
  /** Seconds; `defaultTimeout` for commands without the option. */
  readonly timeout?: number;
}

const defaultTimeout = 30;

/** How much longer the command waits than the service, for an answer that is on its way. */
const answerWayMs = 1_000;

/** Adds the options of every command that makes single calls. */
export function withClientOptions(command: Command): Command {
  return withConnectionOptions(command).option(
    "--timeout <seconds>",
    "longest wait for an answer",
    parseSeconds,
    defaultTimeout,
  );
}

/** Adds the options of every command that calls the service. */
export function withConnectionOptions(command: Command): Command {
  return command
    .option(
      "--address <host:port>",
      "where the service listens (default: SMS_RELAY_ADDRESS, the configuration, 127.0.0.1:50051)",
    )
    .option(
      "--key <key>",
      "API key or access token; others see it in the list of processes (default: SMS_RELAY_KEY, then the key files beside the store)",
    )
    .option("--tls", "speak TLS (default: as the configuration says)")
    .option("--ca <file>", "speak TLS and trust this authority or certificate (default: SMS_RELAY_CA)")
    .option("--tls-name <name>", "expect this name in the certificate (default: the address)")
    .option("--cert <file>", "show this certificate to the service (default: SMS_RELAY_CERT)")
    .option("--cert-key <file>", "its private key (default: SMS_RELAY_CERT_KEY)")
    .option("--config <file>", "configuration to learn address, TLS and key files from")
    .option("--json", "print JSON instead of text");
}

/** The longest wait for an answer. */
export const timeoutMsOf = ({ timeout }: ClientOptions): number =>
  Math.ceil((timeout ?? defaultTimeout) * 1_000);

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds, at most 3600.");
}

export interface ServiceClient {
  readonly sms: SmsServiceClient;
  readonly subscriptions: SubscriptionServiceClient;
  readonly gateways: GatewayServiceClient;
  readonly keys: KeyServiceClient;
  readonly accounts: AccountServiceClient;
  readonly admin: AdminServiceClient;
  readonly maintenance: MaintenanceServiceClient;
  readonly address: string;
  /** Ends a single call at Ctrl-C or at its deadline, which the service is told too; for a call that lasts use `context.signal`. */
  callOptions(): { readonly signal: AbortSignal; readonly metadata: Metadata };
  close(): void;
}

/** Connects, calls `use`, and closes. Nothing goes over the wire before the first call. */
export async function withClient<Answer>(
  options: ClientOptions,
  context: CliContext,
  role: KeyRole,
  use: (client: ServiceClient) => Promise<Answer>,
): Promise<Answer> {
  const client = connect(options, context, role);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const keyIsShown =
  "--key stands in the list of processes and in the shell's history; SMS_RELAY_KEY or a key file does not.";

function connect(options: ClientOptions, context: CliContext, role: KeyRole): ServiceClient {
  const local = localService(options.config, context);
  const variable = "SMS_RELAY_ADDRESS";
  const address = options.address ?? readVariable(variable, context) ?? local.address;
  if (!/^\S+:[0-9]{1,5}$/.test(address)) {
    const source = options.address === undefined ? variable : "--address";
    throw usageFault(`${source} must be host:port, not ${address}.`);
  }
  const [host = "", port = ""] = partsOf(address);
  const isLocal = host === local.host && (local.port === 0 || port === String(local.port));
  const security = securityOf(options, context, host, isLocal ? local.tls : undefined);
  const key = keyOf(options.key, local, role, context);
  // Told to people; a script cannot read it, and its log need not say it each time.
  if (options.key !== undefined && context.progress !== undefined) context.err(keyIsShown);
  const authorization = `Bearer ${key}`;
  quietGrpc(context.environment);
  const channel = createChannel(address, security.credentials, {
    "grpc.max_receive_message_length": 16 * 1024 ** 2,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // Else a service that was away for a while is looked for every two minutes only.
    "grpc.max_reconnect_backoff_ms": 10_000,
    // A command waits for its own connection, never for that of another one in this process.
    "grpc.use_local_subchannel_pool": 1,
    ...security.channelOptions,
  });
  const factory = createClientFactory().use(keepErrorDetails);
  const defaults = { "*": { metadata: Metadata({ authorization }) } };
  const timeoutMs = timeoutMsOf(options);
  return {
    sms: factory.create(SmsServiceDefinition, channel, defaults),
    subscriptions: factory.create(SubscriptionServiceDefinition, channel, defaults),
    gateways: factory.create(GatewayServiceDefinition, channel, defaults),
    keys: factory.create(KeyServiceDefinition, channel, defaults),
    accounts: factory.create(AccountServiceDefinition, channel, defaults),
    admin: factory.create(AdminServiceDefinition, channel, defaults),
    maintenance: factory.create(MaintenanceServiceDefinition, channel, defaults),
    address,
    callOptions: () => ({
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs + answerWayMs)]),
      metadata: Metadata({ authorization, "grpc-timeout": `${timeoutMs}m` }),
    }),
    close: () => channel.close(),
  };
}

/** `[::1]:50051` → `::1` and `50051`. */
function partsOf(address: string): readonly string[] {
  const at = address.lastIndexOf(":");
  return [address.slice(0, at).replace(/^\[(.*)\]$/, "$1"), address.slice(at + 1)];
}
