/** `sms-relay simulate`: the SMSC simulator, or a provider's API, as a process of its own, which prints what it receives. */
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { codeOf } from "../../config/code-of.ts";
import { keyPairFault } from "../../config/key-pair.ts";
import { parseDuration } from "../../config/values.ts";
import type { BehaviourSpec } from "../../smsc/behaviours/spec.ts";
import { MESSAGE_ID_NOTATIONS } from "../../smsc/message-id.ts";
import type { SimulatorOptions } from "../../smsc/options.ts";
import { DEFAULT_RULES, type OutcomeRule } from "../../smsc/outcome-rules.ts";
import type { ReceivedMessage } from "../../smsc/received-log.ts";
import { type Simulator, startSimulator } from "../../smsc/start-simulator.ts";
import { type CliContext, CliFailure, exitCodes, usageFault } from "../context.ts";
import { readOptionFile } from "../option-values.ts";
import { countOf, countText, jsonLine } from "../output/output.ts";
import { describeListenFault } from "../service/listen-fault.ts";
import { readBehaviourFile } from "./behaviour-file.ts";
import type { ControlDoor } from "./control-door.ts";
import { parseBehaviour } from "./parse-behaviour.ts";
import { parseRule } from "./parse-rule.ts";

interface SimulateOptions {
  readonly host: string;
  readonly port: number;
  readonly systemId?: string;
  readonly password?: string;
  readonly receiptDelay: number;
  readonly receiptJitter: number;
  readonly receiptRate?: number;
  readonly deliveryRate: number;
  readonly rule?: readonly OutcomeRule[];
  readonly behave?: readonly BehaviourSpec[];
  readonly behaveFile?: readonly string[];
  /** True where no port is named. */
  readonly control?: number | true;
  readonly messageIds?: SimulatorOptions["messageIds"];
  readonly window?: number;
  readonly provider?: string;
  readonly mode?: readonly string[];
  readonly modeFile?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly record?: string;
  readonly seed: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const notes = `
Examples:
  sms-relay simulate
  sms-relay simulate --port 2776 --receipt-delay 5s --delivery-rate 0.9
  sms-relay simulate --system-id acme --password secret
  sms-relay simulate --rule prefix=4673,state=UNDELIV --rule suffix=99,submitStatus=0x0B
  sms-relay simulate --behave '{"kind":"throttle","perSecond":10}'
  sms-relay simulate --behave-file hostile.yaml --control 8775
  sms-relay simulate --provider sinch --system-id plan --password token --mode '{"kind":"reset-after","times":1}'
  curl --json '{"kind":"drop","times":1}' http://127.0.0.1:8775/behaviours

Rules are looked at before the usual ones, which go by the last five digits: …99001 is undeliverable, …99002 expires,
…99003 is rejected, …99011 is refused with 0x0B. docs/simulator.md has all of them, every behaviour, and the control calls.`;

/** Adds the command. */
export function defineSimulate(program: Command, context: CliContext): void {
  program
    .command("simulate")
    .description("Runs an SMSC simulator and prints what it receives, until Ctrl-C.")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on, 0 for any", parseWhole(0, 65_535), 2775)
    .option("--system-id <id>", "let only this account bind (default: anybody)")
    .option("--password <password>", "its password")
    .addOption(timeOption("--receipt-delay <duration>", "time from acceptance to the receipt", 1_000, "1s"))
    .addOption(timeOption("--receipt-jitter <duration>", "up to this is added at random", 0, "0s"))
    .option("--receipt-rate <count>", "most receipts a second", parseWhole(1, 1_000_000))
    .option("--delivery-rate <share>", "share that is delivered where no rule matches, 0 to 1", parseShare, 1)
    .option(
      "--rule <rule>",
      "outcome by number: prefix=, suffix=, state=, submitStatus=, error=, delayMs=, silent=",
      addRule,
    )
    .option("--behave <json>", "a hostile behaviour, as in docs/simulator.md", addBehaviour)
    .option(
      "--behave-file <file>",
      "a list of them in JSON or YAML; they act before those of --behave",
      addFile,
    )
    .option(
      "--control [port]",
      "take control calls over HTTP, from this machine only; without a port on any free one",
      parseWhole(0, 65_535),
    )
    .option(
      "--message-ids <notation>",
      "decimal, hex, upperHex, padded or empty; with a comma between, the answers' and the receipts'",
      parseNotations,
    )
    .option("--window <count>", "most unanswered receipts by session (default: 100)", parseWhole(1, 10_000))
    .option("--provider <name>", "simulate the HTTP API of this provider in place of an SMSC")
    .option("--mode <json>", "how that provider misbehaves, as in docs/simulator.md", addText)
    .option("--mode-file <file>", "a list of such modes in JSON or YAML", addText)
    .option("--tls-cert <file>", "speak TLS with this certificate")
    .option("--tls-key <file>", "its private key")
    .option("--record <file>", "append each submit to this file as JSON before it is answered")
    .option("--seed <number>", "seed of what happens at random", parseWhole(0, 2 ** 31), 1)
    .option("--quiet", "print no messages")
    .option("--json", "print messages as JSON lines")
    .addHelpText("after", notes)
    .action((options: SimulateOptions) => simulate(options, context));
}

async function simulate(options: SimulateOptions, context: CliContext): Promise<void> {
  const { systemId, password } = options;
  if (password !== undefined && systemId === undefined) throw usageFault("--password needs a --system-id.");
  if (options.provider !== undefined) return simulateApi(options.provider, options, context);
  if (options.mode !== undefined || options.modeFile !== undefined) {
    throw usageFault("--mode and --mode-file go with --provider; an SMSC takes --behave.");
  }
  const tls = certificateOf(options, context);
  const files = (options.behaveFile ?? []).flatMap((file) => readBehaviourFile(file, context));
  checkRecord(options, context);
  const simulator = await startSimulator({
    host: options.host,
    port: options.port,
    accounts: systemId === undefined ? "any" : [{ systemId, password: password ?? "" }],
    receiptDelayMs: options.receiptDelay,
    receiptJitterMs: options.receiptJitter,
    ...(options.receiptRate !== undefined && { receiptsPerSecond: options.receiptRate }),
    deliveryRate: options.deliveryRate,
    rules: [...(options.rule ?? []), ...DEFAULT_RULES],
    behaviours: [...files, ...(options.behave ?? [])],
    ...(options.messageIds !== undefined && { messageIds: options.messageIds }),
    ...(options.window !== undefined && { window: options.window }),
    ...(tls !== undefined && { tls }),
    ...(options.record !== undefined && { recordTo: options.record }),
    maxReceived: 10_000,
    seed: options.seed,
    clock: context.clock,
  }).catch((error: unknown) => failListening(error, "--host, --port"));
  const control = await openControl(options, simulator);
  const controlText =
    control === undefined
      ? ""
      : ` and takes control calls on http://${control.host}:${control.port} (/behaviours, /counters)`;
  context.err(`The simulator listens on ${simulator.host}:${simulator.port}${controlText}. Ctrl-C ends it.`);
  try {
    if (options.quiet === true) await simulator.waitUntil(() => false, context.signal);
    else await printReceived(simulator, options, context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
  } finally {
    await control?.stop();
    const { submits, accepted, refused, receiptsAcknowledged } = simulator.counters();
    await simulator.stop();
    context.err(
      `${countOf(submits, "submit")}: ${countText(accepted)} accepted, ${countText(refused)} refused; ` +
        `${countOf(receiptsAcknowledged, "receipt")} taken.`,
    );
  }
}

/** Loaded late, so that help does not wait for it. */
async function simulateApi(provider: string, options: SimulateOptions, context: CliContext): Promise<void> {
  const { control, record } = options;
  if (options.behave !== undefined || options.behaveFile !== undefined || options.rule !== undefined) {
    throw usageFault("--behave and --rule are an SMSC's; with --provider use --mode.");
  }
  if (options.tlsCert !== undefined) throw usageFault("--tls-cert does not go with --provider.");
  checkRecord(options, context);
  const { simulateProvider } = await import("./simulate-provider.ts");
  await simulateProvider(
    {
      provider,
      host: options.host,
      port: options.port,
      user: options.systemId,
      secret: options.password,
      receiptDelayMs: options.receiptDelay,
      modes: options.mode ?? [],
      modeFiles: options.modeFile ?? [],
      controlPort: control === true ? 0 : control,
      record: record === undefined ? undefined : resolve(context.workingDirectory, record),
      isQuiet: options.quiet === true,
      isJson: options.json === true,
      failListening: (error) => failListening(error, "--host, --port"),
    },
    context,
  );
}

/** Loaded late, so that help does not wait for it. */
async function openControl(
  { control }: SimulateOptions,
  simulator: Simulator,
): Promise<ControlDoor | undefined> {
  if (control === undefined) return undefined;
  const { openControlDoor } = await import("./control-door.ts");
  try {
    return await openControlDoor({ port: control === true ? 0 : control, simulator });
  } catch (error) {
    await simulator.stop();
    return failListening(error, "--control");
  }
}

function failListening(error: unknown, options: string): never {
  const fault = describeListenFault(error, options);
  throw fault === undefined ? error : new CliFailure(exitCodes.failed, fault, { cause: error });
}

/** Checked before anything listens: a simulator whose record nobody can read is of no use. */
function checkRecord({ record }: SimulateOptions, { workingDirectory }: CliContext): void {
  if (record === undefined) return;
  try {
    closeSync(openSync(resolve(workingDirectory, record), "a"));
  } catch (error) {
    throw usageFault(`--record: ${record} cannot be written (${codeOf(error)}).`);
  }
}

function certificateOf({ tlsCert, tlsKey }: SimulateOptions, context: CliContext) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw usageFault("--tls-cert and --tls-key go together.");
  const cert = readOptionFile(tlsCert, "--tls-cert", context);
  const key = readOptionFile(tlsKey, "--tls-key", context);
  const fault = keyPairFault(cert, key);
  if (fault === undefined) return { cert, key };
  throw usageFault(
    fault.of === "cert" ? `--tls-cert: ${tlsCert} ${fault.rule}.` : `--tls-key: ${tlsKey} ${fault.rule}.`,
  );
}

/** Under load only some of what came at once is printed. */
const printedAtOnce = 50;
const gatherMs = 100;

async function printReceived(
  simulator: Simulator,
  options: SimulateOptions,
  context: CliContext,
): Promise<void> {
  for (let seen = 0; ; ) {
    await simulator.waitUntil(({ submits }) => submits > seen, context.signal);
    const received = simulator.received().filter(({ order }) => order >= seen);
    const count = (received.at(-1)?.order ?? seen - 1) + 1 - seen;
    const shown = options.json === true ? received : received.slice(0, printedAtOnce);
    for (const message of shown) context.out(options.json === true ? jsonOf(message) : lineOf(message));
    if (count > shown.length) context.out(`… and ${countText(count - shown.length)} more`);
    seen += count;
    await new Promise<void>((resolve) => context.clock.setTimeout(resolve, gatherMs));
  }
}

function lineOf(message: ReceivedMessage): string {
  const { part, commandStatus } = message;
  const result =
    commandStatus === 0
      ? `id ${message.messageId}`
      : `refused 0x${commandStatus.toString(16).padStart(2, "0")}`;
  const text = message.text === undefined ? message.userData.toString("hex") : JSON.stringify(message.text);
  const position = part === undefined ? "" : ` (${part.sequence}/${part.total}, ref ${part.reference})`;
  const time = new Date(message.receivedTimeMs).toISOString();
  return `${time}  ${message.systemId}  ${message.source} → ${message.destination}${position}  ${result}  ${text}`;
}

function jsonOf(message: ReceivedMessage): string {
  const { order, messageId, systemId, receivedTimeMs, commandStatus, source, destination, text, part } =
    message;
  return jsonLine({
    order,
    messageId,
    systemId,
    receivedTime: new Date(receivedTimeMs).toISOString(),
    commandStatus,
    source,
    destination,
    text,
    userData: message.userData.toString("hex"),
    dataCoding: message.pdu.body.data_coding,
    part,
  });
}

function parseWhole(from: number, to: number) {
  return (value: string): number => {
    const number = Number(value);
    if (/^[0-9]+$/.test(value) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

function timeOption(flags: string, description: string, ms: number, text: string): Option {
  return new Option(flags, `${description}; without a unit milliseconds`)
    .argParser((value) => {
      const parsed = parseDuration(/^[0-9]{1,9}$/.test(value) ? `${value}ms` : value);
      if (parsed !== undefined) return parsed;
      throw new InvalidArgumentError("It must be a duration such as 500ms or 5s, or milliseconds.");
    })
    .default(ms, text);
}

function parseShare(value: string): number {
  const share = Number(value);
  if (value !== "" && share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError("It must be a number from 0 to 1.");
}

const addRule = (value: string, all: readonly OutcomeRule[] = []): readonly OutcomeRule[] => [
  ...all,
  parseRule(value),
];

const addBehaviour = (value: string, all: readonly BehaviourSpec[] = []): readonly BehaviourSpec[] => [
  ...all,
  parseBehaviour(value),
];

const addText = (text: string, all: readonly string[] = []): readonly string[] => [...all, text];

const addFile = (file: string, all: readonly string[] = []): readonly string[] => [...all, file];

/** `hex` for both, or `hex,decimal` for answers and receipts. */
function parseNotations(value: string) {
  const notationOf = (name: string) => {
    const notation = MESSAGE_ID_NOTATIONS.find((known) => known === name);
    if (notation !== undefined) return notation;
    throw new InvalidArgumentError(`${name} is not one of ${MESSAGE_ID_NOTATIONS.join(", ")}.`);
  };
  const [response = "", receipt = response, ...more] = value.split(",");
  if (more.length > 0)
    throw new InvalidArgumentError("It must be one notation, or two with a comma between.");
  return { response: notationOf(response), receipt: notationOf(receipt) };
}
