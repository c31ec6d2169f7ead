/** `sms-relay keys`: API keys, for operators. */
import { type Command, Option } from "commander";
import { ApiKey, scopeToJSON } from "../../gen/smsrelay/v1/api_key.ts";
import { CreateKeyResponse } from "../../gen/smsrelay/v1/key_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { bareName, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { type ScopeWord, scopeWords } from "./scope-words.ts";

interface CreateOptions extends ClientOptions {
  readonly account: string;
  readonly scope?: readonly ScopeWord[];
  readonly name: string;
  readonly id: string;
}

const examples = `
Examples:
  sms-relay keys create --account shop --name "till 3"
  sms-relay keys create --account shop --scope read --id dashboard
  sms-relay keys list
  sms-relay keys revoke abcdefghijkl`;

/** Adds the commands. */
export function defineKeys(program: Command, context: CliContext): void {
  const keys = program
    .command("keys")
    .description("Makes, lists and revokes API keys. Wants an operator's key.")
    .addHelpText("after", examples);

  const create = keys
    .command("create")
    .description("Makes a key and prints it, once.")
    .requiredOption("--account <id>", "the account it sends for")
    .addOption(
      new Option(
        "--scope <scope...>",
        "what it may do; admin does everything (default: send, read and manage)",
      ).choices(Object.keys(scopeWords)),
    )
    .option("--name <text>", "what people call it", "")
    .option("--id <key-id>", "its id, so that asking again makes no second key (default: a new one)", "")
    .action((options: CreateOptions) => createKey(options, context));
  const list = keys
    .command("list")
    .description("Lists keys, newest first.")
    .action((options: ClientOptions) => listKeys(options, context));
  const revoke = keys
    .command("revoke")
    .description("Revokes a key at once.")
    .argument("<key-id>", "the part of the key after smsr_")
    .option("--force", "also the last key of an operator, after which nobody can make another one")
    .action(async (keyId: string, options: ClientOptions & { readonly force?: boolean }) => {
      const { apiKey } = await withClient(options, context, "operator", (client) =>
        client.keys.revokeKey({ keyId, force: options.force ?? false }, client.callOptions()),
      );
      await printList([apiKey], listing, options, context);
    });
  for (const command of [create, list, revoke]) withClientOptions(command);
}

async function createKey(options: CreateOptions, context: CliContext): Promise<void> {
  const response = await withClient(options, context, "operator", (client) =>
    client.keys.createKey(
      {
        accountId: options.account,
        scopes: (options.scope ?? []).map((word) => scopeWords[word]),
        displayName: options.name,
        keyId: options.id,
      },
      client.callOptions(),
    ),
  );
  if (options.json === true) {
    const json = await protobufJson("CreateKeyResponse", CreateKeyResponse);
    return context.out(json(response));
  }
  context.out(response.secret);
  context.err("Keep it safe: it is not shown again.");
}

async function listKeys(options: ClientOptions, context: CliContext): Promise<void> {
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const answer = await client.keys.listKeys(page, client.callOptions());
      return [answer.apiKeys, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<ApiKey> = {
  name: "ApiKey",
  type: ApiKey,
  head: ["key", "account", "scopes", "name", "made", "revoked"],
  rowsOf: (key) => [
    [
      key.keyId,
      key.accountId,
      key.scopes.map((scope) => bareName(scopeToJSON(scope), "SCOPE")).join(" "),
      key.displayName,
      timeText(key.createTime),
      timeText(key.revokeTime),
    ],
  ],
  none: "No keys.",
};
