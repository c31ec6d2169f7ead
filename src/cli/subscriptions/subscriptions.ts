/** `sms-relay subscriptions`: the account's named reading positions. */
import { type Command, Option } from "commander";
import { Feed, feedToJSON, InitialStart, Subscription } from "../../gen/smsrelay/v1/subscription.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { bareName, jsonLine, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";

interface CreateOptions extends ClientOptions {
  readonly from: "now" | "earliest";
}

const examples = `
Examples:
  sms-relay subscriptions create billing --from earliest
  sms-relay subscriptions list
  sms-relay subscriptions delete billing

\`sms-relay watch --subscription billing --ack\` reads on where one stands, and makes it on first use.`;

/** Adds the commands. */
export function defineSubscriptions(program: Command, context: CliContext): void {
  const subscriptions = program
    .command("subscriptions")
    .description("Makes, lists, acknowledges and deletes named reading positions.")
    .addHelpText("after", examples);

  const create = subscriptions
    .command("create")
    .description("Makes a subscription before anything reads it; one that is there stays as it is.")
    .argument("<id>", "its id")
    .addOption(new Option("--from <start>", "where it begins").choices(["now", "earliest"]).default("now"))
    .action((id: string, options: CreateOptions) => createSubscription(id, options, context));
  const list = subscriptions
    .command("list")
    .description("Lists subscriptions by id, with what each has before it.")
    .action((options: ClientOptions) => listSubscriptions(options, context));
  const acknowledge = subscriptions
    .command("acknowledge")
    .description("Moves a subscription forward to a cursor.")
    .argument("<id>", "its id")
    .argument("<cursor>", "up to which everything was processed")
    .action(async (subscriptionId: string, cursor: string, options: ClientOptions) => {
      const answer = await withClient(options, context, "default", (client) =>
        client.subscriptions.acknowledgeSubscription({ subscriptionId, cursor }, client.callOptions()),
      );
      context.out(options.json === true ? jsonLine(answer) : `cursor ${answer.cursor}`);
    });
  const remove = subscriptions
    .command("delete")
    .description("Deletes a subscription; its reader ends.")
    .argument("<id>", "its id")
    .action(async (subscriptionId: string, options: ClientOptions) => {
      await withClient(options, context, "default", (client) =>
        client.subscriptions.deleteSubscription({ subscriptionId }, client.callOptions()),
      );
      context.out(options.json === true ? jsonLine({}) : `${subscriptionId} is deleted.`);
    });
  for (const command of [create, list, acknowledge, remove]) withClientOptions(command);
}

async function createSubscription(
  subscriptionId: string,
  options: CreateOptions,
  context: CliContext,
): Promise<void> {
  const { INITIAL_START_NOW, INITIAL_START_EARLIEST } = InitialStart;
  const initialStart = options.from === "earliest" ? INITIAL_START_EARLIEST : INITIAL_START_NOW;
  const subscription = { subscriptionId, feed: Feed.FEED_DELIVERY_REPORTS };
  const answer = await withClient(options, context, "default", (client) =>
    client.subscriptions.createSubscription({ subscription, initialStart }, client.callOptions()),
  );
  await printList([answer.subscription], listing, options, context);
}

async function listSubscriptions(options: ClientOptions, context: CliContext): Promise<void> {
  const found = await withClient(options, context, "default", (client) =>
    allPages(async (page) => {
      const answer = await client.subscriptions.listSubscriptions(page, client.callOptions());
      return [answer.subscriptions, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<Subscription> = {
  name: "Subscription",
  type: Subscription,
  head: ["subscription", "feed", "pending", "made", "acknowledged", "cursor"],
  rowsOf: (subscription) => [
    [
      subscription.subscriptionId,
      bareName(feedToJSON(subscription.feed), "FEED"),
      String(subscription.pendingCount),
      timeText(subscription.createTime),
      timeText(subscription.acknowledgeTime),
      subscription.cursor,
    ],
  ],
  none: "No subscriptions.",
};
