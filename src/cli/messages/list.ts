/** `sms-relay list`: the account's messages, newest first. */
import type { Command } from "commander";
import { Sms } from "../../gen/smsrelay/v1/sms.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { parseCount, parseTime } from "../option-values.ts";
import { laneName, stateName } from "../output/names.ts";
import { timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";

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

async function list(options: ListOptions, context: CliContext): Promise<void> {
  const { since, until, reference = "", limit } = options;
  const found = await withClient(options, context, "default", (client) =>
    allPages(async (page) => {
      const request = {
        ...page,
        clientReference: reference,
        ...(since !== undefined && { acceptTimeFrom: since }),
        ...(until !== undefined && { acceptTimeUntil: until }),
      };
      const answer = await client.sms.listSms(request, client.callOptions());
      return [answer.sms, answer.nextPageToken];
    }, limit),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<Sms> = {
  name: "Sms",
  type: Sms,
  head: ["message", "accepted", "from", "lane", "states", "reference"],
  rowsOf: (sms) => [
    [
      sms.messageId,
      timeText(sms.acceptTime),
      sms.sender,
      laneName(sms.lane),
      sms.stateCounts.map((one) => `${stateName(one.state)} ${one.deliveryCount}`).join(", "),
      sms.clientReference,
    ],
  ],
  none: "No messages.",
};
