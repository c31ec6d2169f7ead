/** `sms-relay status`: one message and its deliveries, with --full each attempt and part. */
import type { Command } from "commander";
import type { Delivery } from "../../gen/smsrelay/v1/delivery.ts";
import { type Sms, StatusView } from "../../gen/smsrelay/v1/sms.ts";
import { GetStatusResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import {
  encodingName,
  laneName,
  markName,
  outcomeName,
  reasonName,
  refusalText,
  routeReasonName,
  stateName,
} from "../output/names.ts";
import { factsText, tableText, timeText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";

interface StatusOptions extends ClientOptions {
  readonly full?: boolean;
}

const examples = `
Examples:
  sms-relay status 018f2b6e-7c1a-7d55-8f0e-3a1b2c3d4e5f
  sms-relay status 018f2b6e-7c1a-7d55-8f0e-3a1b2c3d4e5f --full --json`;

/** Adds the command. */
export function defineStatus(program: Command, context: CliContext): void {
  const command = program
    .command("status")
    .description("Shows what became of a message.")
    .argument("<message-id>", "the id that send answered")
    .option("--full", "with every attempt and part")
    .addHelpText("after", examples)
    .action((messageId: string, options: StatusOptions) => showStatus(messageId, options, context));
  withClientOptions(command);
}

async function showStatus(messageId: string, options: StatusOptions, context: CliContext): Promise<void> {
  const view = options.full === true ? StatusView.STATUS_VIEW_FULL : StatusView.STATUS_VIEW_BASIC;
  const { sms, deliveries } = await withClient(options, context, "default", async (client) => {
    const pages: GetStatusResponse[] = [];
    for (let pageToken = ""; ; ) {
      const page = await client.sms.getStatus(
        { messageId, view, pageSize: 1_000, pageToken },
        client.callOptions(),
      );
      pages.push(page);
      pageToken = page.nextPageToken;
      if (pageToken === "") return { sms: pages[0]?.sms, deliveries: pages.flatMap((one) => one.deliveries) };
    }
  });
  if (options.json === true) {
    const json = await protobufJson("GetStatusResponse", GetStatusResponse);
    return context.out(json({ sms, deliveries, nextPageToken: "" }));
  }
  if (sms !== undefined) context.out(smsText(sms));
  context.out(`\n${deliveriesText(deliveries)}`);
  if (options.full === true) for (const delivery of deliveries) context.out(attemptsText(delivery));
}

function smsText(sms: Sms): string {
  return factsText([
    ["message", sms.messageId],
    ["from", sms.sender],
    ["reference", sms.clientReference],
    ["lane", laneName(sms.lane)],
    ["accepted", timeText(sms.acceptTime)],
    ["expires", timeText(sms.expireTime)],
    ["states", sms.stateCounts.map((one) => `${stateName(one.state)} ${one.deliveryCount}`).join(", ")],
    [
      "metadata",
      Object.entries(sms.metadata)
        .map(([key, value]) => `${key}=${value}`)
        .join(" "),
    ],
  ]);
}

function deliveriesText(deliveries: readonly Delivery[]): string {
  const head = [
    "recipient",
    "state",
    "why",
    "gateway",
    "encoding",
    "segments",
    "attempts",
    "submitted",
    "ended",
  ];
  return tableText(
    head,
    deliveries.map((one) => [
      one.recipient,
      stateName(one.state),
      refusalText(one) || reasonName(one.failureReason),
      one.gatewayId,
      encodingName(one.encoding),
      String(one.segmentCount),
      String(one.attemptCount),
      timeText(one.submitTime),
      timeText(one.finalTime),
    ]),
  );
}

function attemptsText(delivery: Delivery): string {
  const rows = delivery.attempts.flatMap((attempt) => [
    [
      `${attempt.number}`,
      attempt.gatewayId,
      outcomeName(attempt.outcome),
      [
        ...attempt.marks.map(markName),
        ...attempt.leftOutGateways.map(
          (left) => `${left.gatewayId} left out: ${routeReasonName(left.reason)}`,
        ),
      ].join(", "),
      "",
      "",
    ],
    ...attempt.parts.map((part) => [
      "",
      `  part ${part.number}`,
      outcomeName(part.outcome),
      part.commandStatus === 0n ? "" : `command_status 0x${part.commandStatus.toString(16).padStart(2, "0")}`,
      part.gatewayMessageId,
      part.receipt === undefined ? "" : `${part.receipt.stat} ${part.receipt.err}`.trim(),
    ]),
  ]);
  const head = ["attempt", "gateway", "outcome", "remarks", "smsc id", "receipt"];
  return `\n${delivery.recipient}\n${rows.length === 0 ? withoutAttempt(delivery) : tableText(head, rows)}`;
}

function withoutAttempt({ state }: Delivery): string {
  switch (stateName(state)) {
    case "QUEUED":
      return "no attempt yet";
    case "SUBMITTING":
      return "an attempt is under way";
    case "UNKNOWN":
      return "an attempt was under way when its process ended, and left no record";
    default:
      return "no attempt";
  }
}
