/** `sms-relay list`: the account's messages, newest first. */
import { type Command, InvalidArgumentError } from "commander";
import { Sms } from "../../gen/smsrelay/v1/sms.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { laneName, stateName } from "../output/names.ts";
import { tableText, timeText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { parseCount } from "../sending/message-options.ts";

interface ListOptions extends ClientOptions {
  readonly limit: number;
  readonly reference?: string;
  readonly since?: Date;
  readonly until?: Date;
}

const examples = `
Examples:
  sms-relay list --limit 20
  sms-relay list --reference order-4711
  sms-relay list --since 2026-01-31T08:00:00Z --json     one message a line`;

/** Adds the command. */
export function defineList(program: Command, context: CliContext): void {
  const command = program
    .command("list")
    .description("Lists messages, newest first.")
    .option("--limit <n>", "at most so many", parseCount, 50)
    .option("--reference <text>", "only those with this reference")
    .option("--since <time>", "only those accepted then or later", parseTime)
    .option("--until <time>", "only those accepted before", parseTime)
    .addHelpText("after", examples)
    .action((options: ListOptions) => list(options, context));
  withClientOptions(command);
}

function parseTime(value: string): Date {
  const time = new Date(value);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("It must be a time such as 2026-01-31T08:00:00Z.");
  return time;
}

async function list(options: ListOptions, context: CliContext): Promise<void> {
  const found: Sms[] = [];
  await withClient(options, context, "default", async (client) => {
    for (let pageToken = ""; found.length < options.limit; ) {
      const page = await client.sms.listSms(
        {
          pageSize: Math.min(1_000, options.limit - found.length),
          pageToken,
          clientReference: options.reference ?? "",
          ...(options.since !== undefined && { acceptTimeFrom: options.since }),
          ...(options.until !== undefined && { acceptTimeUntil: options.until }),
        },
        client.callOptions(),
      );
      found.push(...page.sms);
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
  });
  if (options.json === true) {
    const json = await protobufJson("Sms", Sms);
    for (const sms of found) context.out(json(sms));
    return;
  }
  if (found.length === 0) return context.out("No messages.");
  const rows = found.map((sms) => [
    sms.messageId,
    timeText(sms.acceptTime),
    sms.sender,
    laneName(sms.lane),
    sms.stateCounts.map((one) => `${stateName(one.state)} ${one.deliveryCount}`).join(", "),
    sms.clientReference,
  ]);
  context.out(tableText(["message", "accepted", "from", "lane", "states", "reference"], rows));
}
