/** `sms-relay watch`: follows delivery reports, from a subscription, a cursor, a time, the oldest, or now. */
import type { Command } from "commander";
import { followReports } from "../../client/follow-reports.ts";
import { wasNeverSent } from "../../client/leaves-doubt.ts";
import type { Pause } from "../../client/pause.ts";
import { DeliveryReport } from "../../gen/smsrelay/v1/delivery_report.ts";
import type { DeepPartial, StreamDeliveryReportsRequest } from "../../gen/smsrelay/v1/sms_service.ts";
import { InitialStart, type StreamStart } from "../../gen/smsrelay/v1/subscription.ts";
import type { Clock } from "../../observability/clock.ts";
import {
  type ClientOptions,
  type ServiceClient,
  withClient,
  withConnectionOptions,
} from "../client/client.ts";
import { type CliContext, CliFailure, usageFault } from "../context.ts";
import { collectValue, parseCount } from "../option-values.ts";
import { codeText, reasonName, stateName } from "../output/names.ts";
import { OutputClosed } from "../output/output-fault.ts";
import { protobufJson } from "../output/protobuf-json.ts";

interface WatchOptions extends ClientOptions {
  readonly subscription?: string;
  readonly from?: string;
  readonly ack?: boolean;
  readonly message?: readonly string[];
  readonly reference?: string;
  readonly final?: boolean;
  readonly count?: number;
}

const examples = `
Examples:
  sms-relay watch                                    reports from now on
  sms-relay watch --from earliest --final --json     every final report that is kept, one a line
  sms-relay watch --subscription billing --ack       go on where the last run stopped
  sms-relay watch --from 2026-01-31T08:00:00Z

It goes on by itself after a restart of the service or a lost connection; Ctrl-C ends it. The last line on the error output names the cursor to go on from: --from <cursor>.`;

/** Adds the command. */
export function defineWatch(program: Command, context: CliContext): void {
  const command = program
    .command("watch")
    .description("Follows delivery reports.")
    .option("--subscription <id>", "read on where this subscription stands; it is made on first use")
    .option("--from <start>", "earliest, now, a time such as 2026-01-31T08:00:00Z, or a cursor")
    .option("--ack", "acknowledge each page of reports once it was printed")
    .option("--message <id>", "only of this message, may be repeated", collectValue)
    .option("--reference <text>", "only of messages with this reference")
    .option("--final", "only final states")
    .option("--count <n>", "end once n reports were printed", parseCount)
    .addHelpText("after", examples)
    .action((options: WatchOptions) => {
      if (options.ack === true && options.subscription === undefined) {
        throw usageFault("--ack needs a --subscription to acknowledge for.");
      }
      const request = requestOf(options);
      return withClient(options, context, "default", (client) => watch(client, request, options, context));
    });
  withConnectionOptions(command);
}

async function watch(
  client: ServiceClient,
  request: DeepPartial<StreamDeliveryReportsRequest>,
  options: WatchOptions,
  context: CliContext,
): Promise<void> {
  const json = options.json === true ? await protobufJson("DeliveryReport", DeliveryReport) : undefined;
  let cursor = "";
  const stop = new AbortController();
  try {
    const responses = followReports({
      client,
      request,
      acknowledges: options.ack === true,
      pause: pauseBy(context.clock),
      givesUpUnopened: wasNeverSent,
      callOptions: () => client.callOptions(),
      signal: AbortSignal.any([context.signal, stop.signal]),
      onLost: () => context.err("The stream was lost; it goes on as soon as the service is there again."),
    });
    for await (const response of responses) {
      for (const report of response.reports) context.out((json ?? reportLine)(report));
      // Only what was really written is acknowledged.
      await context.written();
      cursor = response.cursor;
    }
  } catch (error) {
    if (error instanceof CliFailure || !context.signal.aborted) throw error;
  } finally {
    stop.abort();
    const isReadable = await context.written().then(
      () => true,
      (fault: unknown) => !(fault instanceof OutputClosed),
    );
    if (cursor !== "" && isReadable) context.err(`cursor ${cursor}`, { cursor });
  }
}

const pauseBy =
  (clock: Clock): Pause =>
  (pauseMs, signal) =>
    new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = clock.setTimeout(end, pauseMs);
      signal.addEventListener("abort", end, { once: true });
    });

/** States that end a delivery: DELIVERED to CANCELLED (smsrelay/v1/delivery.proto). */
const finalStates = [4, 5, 6, 7, 8, 9] as const;

function requestOf(options: WatchOptions): DeepPartial<StreamDeliveryReportsRequest> {
  return {
    start: startOf(options),
    states: options.final === true ? [...finalStates] : [],
    messageIds: [...(options.message ?? [])],
    clientReference: options.reference ?? "",
    reportLimit: options.count ?? 0,
  };
}

function startOf({ subscription, from }: WatchOptions): StreamStart {
  const { INITIAL_START_UNSPECIFIED, INITIAL_START_NOW, INITIAL_START_EARLIEST } = InitialStart;
  const at = (position: StreamStart["position"]): StreamStart => ({
    position,
    initialStart: INITIAL_START_UNSPECIFIED,
  });
  if (subscription !== undefined) {
    if (from !== undefined && from !== "earliest" && from !== "now") {
      throw usageFault("With --subscription, --from says where a new one begins: earliest or now.");
    }
  }
  if (from === undefined || from === "now" || from === "earliest") {
    const initialStart = from === "earliest" ? INITIAL_START_EARLIEST : INITIAL_START_NOW;
    const position =
      subscription === undefined ? undefined : ({ $case: "subscriptionId", value: subscription } as const);
    return { position, initialStart };
  }
  if (/^\d{4}-\d\d-\d\d/.test(from)) {
    const time = new Date(from);
    if (Number.isNaN(time.getTime())) throw usageFault(`--from ${from} is not a time.`);
    return at({ $case: "startTime", value: time });
  }
  // Nine octets of checksum before the number, in base64url: what is shorter is a slip of the hand.
  if (!/^[\w-]{13,}$/.test(from)) {
    throw usageFault(
      `--from ${from} must be earliest, now, a time such as 2026-01-31T08:00:00Z, or a cursor.`,
    );
  }
  return at({ $case: "cursor", value: from });
}

function reportLine(report: DeliveryReport): string {
  const time = report.reportTime?.toISOString() ?? "";
  const why = codeText(report.statusCode) || reasonName(report.failureReason);
  const facts = [report.gatewayId, report.clientReference, why].filter((fact) => fact !== "");
  return `${time}  ${String(report.reportNumber).padStart(6)}  ${stateName(report.state).padEnd(13)}  ${report.recipient.padEnd(16)}  ${report.messageId}  ${facts.join("  ")}`.trimEnd();
}
