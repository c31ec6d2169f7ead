/** `sms-relay accounts`: who sends; `show` for everybody, the rest for operators. */
import { type Command, Option } from "commander";
import { Account, AccountPolicy, AccountState, accountStateToJSON } from "../../gen/smsrelay/v1/account.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import { type CliContext, usageFault } from "../context.ts";
import { bareName, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { readProtobufJson } from "../output/protobuf-json.ts";

const states = {
  active: AccountState.ACCOUNT_STATE_ACTIVE,
  suspended: AccountState.ACCOUNT_STATE_SUSPENDED,
  "sending-disabled": AccountState.ACCOUNT_STATE_SENDING_DISABLED,
} as const;
type StateWord = keyof typeof states;

interface ListOptions extends ClientOptions {
  readonly state?: readonly StateWord[];
}

interface CreateOptions extends ClientOptions {
  readonly name: string;
  readonly policy?: string;
}

interface UpdateOptions extends ClientOptions {
  readonly name?: string;
  readonly policy?: string;
  readonly revision?: string;
}

interface SuspendOptions extends ClientOptions {
  readonly reason: string;
  readonly sendingOnly?: boolean;
}

const policyHelp = "what it may do: the JSON of a policy, as `show --json` prints it";

const examples = `
Examples:
  sms-relay accounts create shop --name "The shop"
  sms-relay accounts update shop --policy '{ "regions": { "allowed": ["NL"] } }'
  sms-relay accounts list --state suspended
  sms-relay accounts suspend shop --reason "invoice 4711"
  sms-relay accounts reinstate shop`;

/** Adds the commands. */
export function defineAccounts(program: Command, context: CliContext): void {
  const accounts = program
    .command("accounts")
    .description("Makes, lists and changes accounts. All but `show` want an operator's key.")
    .addHelpText("after", examples);

  const create = accounts
    .command("create")
    .description("Makes an account.")
    .argument("<id>", "its id")
    .option("--name <text>", "what people call it", "")
    .option("--policy <json>", policyHelp)
    .action(async (accountId: string, options: CreateOptions) => {
      const policy = await parsePolicy(options.policy);
      const asked = Account.create({ accountId, displayName: options.name, policy });
      const { account } = await withClient(options, context, "operator", (client) =>
        client.admin.createAccount({ account: asked }, client.callOptions()),
      );
      await printList([account], listing, options, context);
    });
  const list = accounts
    .command("list")
    .description("Lists accounts by id.")
    .addOption(new Option("--state <state...>", "only in these states").choices(Object.keys(states)))
    .action((options: ListOptions) => listAccounts(options, context));
  const show = accounts
    .command("show")
    .description("Shows an account.")
    .argument("[id]", "its id (default: the key's own)")
    .action(async (id: string | undefined, options: ClientOptions) => {
      const accountId = id ?? "";
      const role = id === undefined ? "default" : "operator";
      const { account } = await withClient(options, context, role, (client) =>
        client.accounts.getAccount({ accountId }, client.callOptions()),
      );
      await printList([account], listing, options, context);
    });
  const update = accounts
    .command("update")
    .description("Changes an account.")
    .argument("<id>", "its id")
    .option("--name <text>", "what people call it")
    .option("--policy <json>", `${policyHelp}; {} for the defaults`)
    .option("--revision <number>", "only where it is still at this revision (0: nothing of it was ever set)")
    .action((accountId: string, options: UpdateOptions) => updateAccount(accountId, options, context));
  const suspend = accounts
    .command("suspend")
    .description("Refuses an account's calls, or only its sending; what was accepted goes on.")
    .argument("<id>", "its id")
    .option("--reason <text>", "why, for other operators", "")
    .option("--sending-only", "it may still read")
    .action(async (accountId: string, options: SuspendOptions) => {
      const { reason } = options;
      const state = options.sendingOnly === true ? states["sending-disabled"] : states.suspended;
      const { account } = await withClient(options, context, "operator", (client) =>
        client.admin.suspendAccount({ accountId, reason, state }, client.callOptions()),
      );
      await printList([account], listing, options, context);
    });
  const reinstate = accounts
    .command("reinstate")
    .description("Lets an account call and send again.")
    .argument("<id>", "its id")
    .action(async (accountId: string, options: ClientOptions) => {
      const { account } = await withClient(options, context, "operator", (client) =>
        client.admin.reinstateAccount({ accountId }, client.callOptions()),
      );
      await printList([account], listing, options, context);
    });
  for (const command of [create, list, show, update, suspend, reinstate]) withClientOptions(command);
}

async function listAccounts(options: ListOptions, context: CliContext): Promise<void> {
  const wanted = (options.state ?? []).map((word) => states[word]);
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const answer = await client.admin.listAccounts({ ...page, states: wanted }, client.callOptions());
      return [answer.accounts, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

async function updateAccount(accountId: string, options: UpdateOptions, context: CliContext): Promise<void> {
  const revision = options.revision === undefined ? undefined : parseRevision(options.revision);
  const updateMask = [
    ...(options.name === undefined ? [] : ["display_name"]),
    ...(options.policy === undefined ? [] : ["policy"]),
  ];
  if (updateMask.length === 0) throw usageFault("Nothing to change: give --name or --policy.");
  const policy = await parsePolicy(options.policy);
  const asked = Account.create({ accountId, displayName: options.name ?? "", policy, revision });
  const { account } = await withClient(options, context, "operator", (client) =>
    client.admin.updateAccount({ account: asked, updateMask }, client.callOptions()),
  );
  await printList([account], listing, options, context);
}

async function parsePolicy(json: string | undefined): Promise<AccountPolicy | undefined> {
  if (json === undefined) return undefined;
  try {
    return await readProtobufJson("AccountPolicy", AccountPolicy, json);
  } catch (error) {
    throw usageFault(
      `--policy is not the JSON of a policy: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function parseRevision(value: string): bigint {
  if (/^[0-9]{1,15}$/.test(value)) return BigInt(value);
  throw usageFault("--revision must be a whole number.");
}

const listing: Listing<Account> = {
  name: "Account",
  type: Account,
  head: ["account", "state", "name", "revision", "made", "policy"],
  rowsOf: (account) => [
    [
      account.accountId,
      bareName(accountStateToJSON(account.state), "ACCOUNT_STATE"),
      account.displayName,
      String(account.revision ?? ""),
      timeText(account.createTime),
      policyText(account),
    ],
  ],
  none: "No accounts.",
};

function policyText({ policy, effectivePolicy }: Account): string {
  if (policy !== undefined) return JSON.stringify(AccountPolicy.toJSON(policy));
  return effectivePolicy === undefined ? "(of another release, cannot be read)" : "";
}
