/** The command line's gRPC client: where the service is, with which key, and its four services. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ChannelCredentials, createChannel, createClientFactory, Metadata } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { ConfigError } from "../config/config-error.ts";
import { loadConfig } from "../config/load.ts";
import { type GatewayServiceClient, GatewayServiceDefinition } from "../gen/sms/v1/gateway_service.ts";
import { type KeyServiceClient, KeyServiceDefinition } from "../gen/sms/v1/key_service.ts";
import {
  type MaintenanceServiceClient,
  MaintenanceServiceDefinition,
} from "../gen/sms/v1/maintenance_service.ts";
import { type SmsServiceClient, SmsServiceDefinition } from "../gen/sms/v1/sms_service.ts";
import { type CliContext, usageFault } from "./context.ts";

export interface ClientOptions {
  readonly address?: string;
  readonly key?: string;
  readonly tls?: boolean;
  readonly ca?: string;
  readonly tlsName?: string;
  readonly config?: string;
  readonly json?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** Adds the options that every command of a client has. */
export function withClientOptions(command: Command): Command {
  return command
    .option(
      "--address <host:port>",
      "where the service listens (default: SMS_RELAY_ADDRESS, the configuration, 127.0.0.1:50051)",
    )
    .option("--key <key>", "API key (default: SMS_RELAY_KEY, then the key files beside the store)")
    .option("--tls", "speak TLS")
    .option("--ca <file>", "speak TLS and trust this authority (default: SMS_RELAY_CA)")
    .option("--tls-name <name>", "expect this name in the certificate (default: the address)")
    .option("--config <file>", "configuration to learn address and key files from")
    .option("--timeout <seconds>", "longest wait for an answer", parseSeconds, 30)
    .option("--json", "print JSON instead of text");
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds, at most 3600.");
}

export interface ServiceClient {
  readonly sms: SmsServiceClient;
  readonly gateways: GatewayServiceClient;
  readonly keys: KeyServiceClient;
  readonly maintenance: MaintenanceServiceClient;
  readonly address: string;
  /** Ends a single call at Ctrl-C or when the time is over; for a call that lasts use `context.signal`. */
  callOptions(): { readonly signal: AbortSignal };
  close(): void;
}

/** Whose key file is taken where no key is given. */
export type KeyRole = "default" | "operator";

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

function connect(options: ClientOptions, context: CliContext, role: KeyRole): ServiceClient {
  const { environment } = context;
  const local = localService(options, context);
  const address = options.address ?? environment["SMS_RELAY_ADDRESS"] ?? local.address;
  if (!/^\S+:[0-9]{1,5}$/.test(address)) throw usageFault(`--address must be host:port, not ${address}`);
  const key = options.key ?? environment["SMS_RELAY_KEY"] ?? readKey(local.folder, role);
  const metadata = Metadata({ authorization: `Bearer ${key}` });
  const channel = createChannel(address, credentialsOf(options, context), {
    "grpc.max_receive_message_length": 16 * 1024 ** 2,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    ...(options.tlsName !== undefined && {
      "grpc.ssl_target_name_override": options.tlsName,
      "grpc.default_authority": options.tlsName,
    }),
  });
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  const defaults = { "*": { metadata } };
  return {
    sms: factory.create(SmsServiceDefinition, channel, defaults),
    gateways: factory.create(GatewayServiceDefinition, channel, defaults),
    keys: factory.create(KeyServiceDefinition, channel, defaults),
    maintenance: factory.create(MaintenanceServiceDefinition, channel, defaults),
    address,
    callOptions: () => ({
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(options.timeout * 1_000)]),
    }),
    close: () => channel.close(),
  };
}

function credentialsOf(options: ClientOptions, context: CliContext): ChannelCredentials {
  const ca = options.ca ?? context.environment["SMS_RELAY_CA"];
  if (ca !== undefined)
    return ChannelCredentials.createSsl(readFile(resolve(context.workingDirectory, ca), "--ca"));
  return options.tls === true ? ChannelCredentials.createSsl() : ChannelCredentials.createInsecure();
}

/** Address and data folder of the service that this folder's configuration describes; a faulty one is not the client's matter. */
function localService(options: ClientOptions, context: CliContext) {
  const { environment, workingDirectory } = context;
  try {
    const { config } = loadConfig({ file: options.config, environment, workingDirectory });
    const { host, port } = config.listen.grpc;
    const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return { address: `${reachable}:${port}`, folder: dirname(config.store.path) };
  } catch (error) {
    if (!(error instanceof ConfigError) || options.config !== undefined) throw error;
    return { address: "127.0.0.1:50051", folder: join(workingDirectory, "sms-relay-data") };
  }
}

function readKey(folder: string, role: KeyRole): string {
  const file = join(folder, `${role}.key`);
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw usageFault(`No API key: give --key or SMS_RELAY_KEY (there is no ${file}).`);
  }
}

function readFile(path: string, option: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageFault(
      `${option}: ${path} cannot be read (${error instanceof Error ? error.message : error}).`,
    );
  }
}
