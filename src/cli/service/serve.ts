/** `sms-relay serve`: runs the service until it is told to stop, and reads its configuration again on SIGHUP. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import type { Service } from "../../compose/service.ts";
import { changedSettings } from "../../config/changed-settings.ts";
import { ConfigError } from "../../config/config-error.ts";
import { defaultConfigFile, type LoadedConfig, loadConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { storeName } from "../../config/store-name.ts";
import { SmsError } from "../../domain/errors.ts";
import { createLogger, type Logger, type RootLogger } from "../../observability/logger.ts";
import { StoreUnavailableError } from "../../store/store-unavailable-error.ts";
import { commandLine } from "../command-line.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { isNpxTheInit } from "./end-with-parent.ts";
import { describeListenFault } from "./listen-fault.ts";

interface ServeOptions {
  readonly config?: string;
  readonly startCopiedStore?: boolean;
}

const notes = `
Examples:
  sms-relay serve
  sms-relay serve --config /etc/sms-relay.yaml
  SMS_RELAY_LISTEN_GRPC_PORT=6000 sms-relay serve

SIGTERM and Ctrl-C drain and stop it, a second one of either stops it at once. SIGHUP reads the gateways, the table of senders and the certificates of the configuration again;
a file that is faulty, empty or gone changes nothing, nor does SIGHUP while it drains. Logs go to the error output: JSON lines, or short sentences on a terminal.`;

const npxAsInit =
  "npx is process 1 here. It cannot wait for the service to drain: start `npm start`, or sms-relay itself.";

/** Adds the command. */
export function defineServe(program: Command, context: CliContext): void {
  program
    .command("serve")
    .description("Runs the service.")
    .option(
      "--config <file>",
      "the configuration (default: SMS_RELAY_CONFIG, ./sms-relay.yaml, or all defaults)",
    )
    .option(
      "--start-copied-store",
      "start also on a file that was copied into a database; what waited then is sent again",
    )
    .addHelpText("after", notes)
    .action((options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, context: CliContext): Promise<void> {
  const { environment, workingDirectory } = context;
  const loaded = loadConfig({ file: options.config, environment, workingDirectory });
  const { config } = loaded;
  const log = createLogger({
    ...config.logging,
    isTerminal: context.progress !== undefined,
    clock: context.clock,
    destination: { write: (line) => context.err(line.trimEnd()) },
  });
  endOnDefect(log);
  // What a hang-up during the start asks for is done when there is a service. It is listened to until the process ends: a terminal that
  // closes, logrotate and systemd send it at any time, and without a listener it ends the process with all that is in flight.
  let isReloadDue = false;
  let reload = () => {
    isReloadDue = true;
  };
  process.on("SIGHUP", () => reload());
  const service = await start(loaded, log, context, options.startCopiedStore === true);
  // The file that was read at the start is expected from then on, also where it was found without being named.
  const loadAgain = () =>
    loadConfig({ file: loaded.file ?? options.config, environment, workingDirectory, refuseEmpty: true });
  reload = () => reloadGateways(service, config, loadAgain, log);
  if (isReloadDue) reload();
  for (const line of banner(service, loaded, workingDirectory)) context.out(line);
  if (isNpxTheInit(environment)) log.warn({}, npxAsInit);
  await stopped(context.signal);
  reload = () => log.info({}, "SIGHUP changes nothing: the service is stopping.");
  log.info({ graceMs: config.shutdown.grace }, "The service drains and stops.");
  await service.stop();
  log.flush();
  log.info({}, "The service has stopped.");
}

async function start(
  { config }: LoadedConfig,
  log: Logger,
  context: CliContext,
  startsCopied: boolean,
): Promise<Service> {
  // Loaded here, so that help and faults of the configuration do not wait for the whole service.
  const [{ startService }, { quietGrpc }] = await Promise.all([
    import("../../compose.ts"),
    import("../client/quiet-grpc.ts"),
  ]);
  quietGrpc(context.environment);
  try {
    return await startService(config, { clock: context.clock, log, startsCopied });
  } catch (error) {
    // A call of the start that found the store away has the file and the cause beneath it.
    const cause = error instanceof SmsError ? error.cause : error;
    if (cause instanceof StoreUnavailableError)
      throw new CliFailure(exitCodes.failed, cause.message, { cause });
    const listenFault = describeListenFault(error, "listen.grpc, listen.http, listen.api, listen.callbacks");
    if (listenFault !== undefined) throw new CliFailure(exitCodes.failed, listenFault, { cause: error });
    throw error;
  }
}

/** A defect ends the process: the next start goes on from what is on disk. Its line is redacted like all others. */
function endOnDefect(log: RootLogger): void {
  process.on("uncaughtException", (err) => {
    log.flush();
    log.error({ err }, "The service ends because of a defect.");
    process.exit(exitCodes.failed);
  });
}

/** What a reload applies; anything else is reported as waiting for a restart. */
const reloaded = /^(gateways|senders|listen\.(grpc|api|callbacks)\.tls\.(cert|key|clientCa))$/;

function reloadGateways(service: Service, started: Config, load: () => LoadedConfig, log: Logger): void {
  try {
    const { config } = load();
    service.reload(config).then(
      () => {
        const waiting = changedSettings(started, config).filter((name) => !reloaded.test(name));
        if (waiting.length > 0) log.warn({ settings: waiting }, "These settings changed and need a restart.");
      },
      (err: unknown) => log.error({ err }, "The configuration could not be taken."),
    );
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : undefined;
    log.error(
      problems === undefined ? { err: error } : { problems },
      "The configuration has faults; everything stays as it is.",
    );
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** What a person wants to know at the start. */
function banner(
  service: Service,
  { config, file }: LoadedConfig,
  workingDirectory: string,
): readonly string[] {
  const { grpc, http, api, callbacks } = config.listen;
  const address = `${hostText(grpc.host)}:${service.grpcPort}`;
  const keyFile = join(dirname(config.store.path), "default.key");
  const options = [
    ...(file === undefined || file === join(workingDirectory, defaultConfigFile) ? [] : ["--config", file]),
    ...(grpc.port === service.grpcPort ? [] : ["--address", address]),
    ...(grpc.tls?.clientCa === undefined || grpc.tls.clientCertificate === "optional"
      ? []
      : ["--cert", "CERTIFICATE", "--cert-key", "ITS_KEY"]),
  ];
  const example = ["send", ...options, "--from", "ACME", "--to", "+46701234567", "Hello"];
  return [
    `sms-relay listens on ${address} (gRPC${grpc.tls === undefined ? "" : ", TLS"}) and http://${hostText(http.host)}:${service.httpPort} (/healthz, /readyz, /metrics).`,
    ...(api === undefined
      ? []
      : [
          `The HTTP API listens on ${api.tls === undefined ? "http" : "https"}://${hostText(api.host)}:${service.apiPort}.`,
        ]),
    ...(callbacks === undefined
      ? []
      : [`Providers call back at ${callbacks.publicUrl}, here port ${service.callbacksPort}.`]),
    `Configuration: ${file ?? "defaults, no file"}. Store: ${storeName(config.store)}.`,
    ...keyLines(service.firstKeys),
    ...(config.gateways.length > 0
      ? [`Gateways: ${config.gateways.map(({ id }) => id).join(", ")}.`]
      : [
          "No gateway is configured: messages are refused with 4112 NO_ROUTE. Add one under `gateways:` in sms-relay.yaml",
          "(docs/sms-relay.example.yaml), or try `npm run demo`, which brings a simulated one.",
        ]),
    "Send a message from another terminal:",
    `  ${existsSync(keyFile) ? "" : "SMS_RELAY_KEY=KEY "}${commandLine(example)}`,
  ];
}

function keyLines(made: Service["firstKeys"]): readonly string[] {
  if (made === undefined) return [];
  const { operatorKeyFile, defaultKeyFile } = made;
  return [
    defaultKeyFile === undefined
      ? `No operator had a key. New key: ${operatorKeyFile} (operator).`
      : `New keys: ${defaultKeyFile} (account default) and ${operatorKeyFile} (operator).`,
  ];
}

function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
