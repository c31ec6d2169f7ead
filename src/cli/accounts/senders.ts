/** `sms-relay senders`: senders of an account; deciding on them is for operators. */
import { type Command, Option } from "commander";
import { RegisteredSender, SenderState, senderStateToJSON } from "../../gen/smsrelay/v1/account.ts";
import { SenderDecision } from "../../gen/smsrelay/v1/admin_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { bareName, jsonLine, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";

const states = {
  pending: SenderState.SENDER_STATE_PENDING,
  approved: SenderState.SENDER_STATE_APPROVED,
  rejected: SenderState.SENDER_STATE_REJECTED,
} as const;

interface AccountOptions extends ClientOptions {
  readonly account?: string;
}

interface ListOptions extends AccountOptions {
  readonly all?: boolean;
  readonly state?: readonly (keyof typeof states)[];
}

interface RequestOptions extends AccountOptions {
  readonly purpose: string;
  readonly region?: readonly string[];
}

const examples = `
Examples:
  sms-relay senders request ACME --purpose "one-time passwords"
  sms-relay senders list
  sms-relay senders list --all --state pending
  sms-relay senders approve shop ACME
  sms-relay senders reject shop ACME --reason "a brand of others"`;

/** Adds the commands. */
export function defineSenders(program: Command, context: CliContext): void {
  const senders = program
    .command("senders")
    .description("Lists, asks for and gives up senders of an account, and decides on them (operator).")
    .addHelpText("after", examples);
  const accountOption = () =>
    new Option("--account <id>", "of this account (operator; default: the key's own)");

  const list = senders
    .command("list")
    .description("Lists senders by name.")
    .addOption(accountOption())
    .addOption(new Option("--all", "of all accounts (operator)").conflicts("account"))
    .addOption(new Option("--state <state...>", "only in these states").choices(Object.keys(states)))
    .action((options: ListOptions) => listSenders(options, context));
  const request = senders
    .command("request")
    .description("Asks for a sender, or again for one that was rejected.")
    .argument("<sender>", "as it is given to send")
    .option("--purpose <text>", "what it will be used for", "")
    .option("--region <code...>", "countries where it will be used, such as SE (default: everywhere)")
    .addOption(accountOption())
    .action(async (sender: string, options: RequestOptions) => {
      const { purpose, region = [] } = options;
      const asked = RegisteredSender.create({ sender, purpose, regionCodes: [...region] });
      const answer = await withClient(options, context, roleOf(options), (client) =>
        client.accounts.requestSender(
          { accountId: options.account ?? "", sender: asked },
          client.callOptions(),
        ),
      );
      await printList([answer.sender], listing, options, context);
    });
  const remove = senders
    .command("delete")
    .description("Gives a sender up.")
    .argument("<sender>", "as it is listed")
    .addOption(accountOption())
    .action(async (sender: string, options: AccountOptions) => {
      await withClient(options, context, roleOf(options), (client) =>
        client.accounts.deleteSender({ accountId: options.account ?? "", sender }, client.callOptions()),
      );
      context.out(options.json === true ? jsonLine({}) : `${sender} is given up.`);
    });
  const approve = senders
    .command("approve")
    .description("Lets an account use a sender.")
    .argument("<account>", "whose it is")
    .argument("<sender>", "as it is listed")
    .option("--shared", "other accounts may have an equal one, too")
    .action((account: string, sender: string, options: ClientOptions & { readonly shared?: boolean }) =>
      review(account, sender, "", options.shared ?? false, options, context),
    );
  const reject = senders
    .command("reject")
    .description("Refuses an account a sender.")
    .argument("<account>", "who asked for it")
    .argument("<sender>", "as it is listed")
    .requiredOption("--reason <text>", "why, for the account")
    .action((account: string, sender: string, options: ClientOptions & { readonly reason: string }) =>
      review(account, sender, options.reason, false, options, context),
    );
  for (const command of [list, request, remove, approve, reject]) withClientOptions(command);
}

const roleOf = ({ account }: AccountOptions) => (account === undefined ? "default" : "operator");

async function listSenders(options: ListOptions, context: CliContext): Promise<void> {
  const wanted = (options.state ?? []).map((word) => states[word]);
  const accountId = options.all === true ? "-" : (options.account ?? "");
  const role = accountId === "" ? "default" : "operator";
  const found = await withClient(options, context, role, (client) =>
    allPages(async (page) => {
      const request = { ...page, accountId, states: wanted };
      const answer = await client.accounts.listSenders(request, client.callOptions());
      return [answer.senders, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

/** With a reason it is rejected. */
async function review(
  accountId: string,
  sender: string,
  reason: string,
  shared: boolean,
  options: ClientOptions,
  context: CliContext,
): Promise<void> {
  const { SENDER_DECISION_APPROVE, SENDER_DECISION_REJECT } = SenderDecision;
  const decision = reason === "" ? SENDER_DECISION_APPROVE : SENDER_DECISION_REJECT;
  const answer = await withClient(options, context, "operator", (client) =>
    client.admin.reviewSender({ accountId, sender, decision, reason, shared }, client.callOptions()),
  );
  await printList([answer.sender], listing, options, context);
}

const listing: Listing<RegisteredSender> = {
  name: "RegisteredSender",
  type: RegisteredSender,
  head: ["account", "sender", "state", "shared", "regions", "purpose", "reason", "asked"],
  rowsOf: (sender) => [
    [
      sender.accountId,
      sender.sender,
      bareName(senderStateToJSON(sender.state), "SENDER_STATE"),
      sender.shared ? "yes" : "",
      sender.regionCodes.join(" "),
      sender.purpose,
      sender.reason,
      timeText(sender.createTime),
    ],
  ],
  none: "No senders.",
};
