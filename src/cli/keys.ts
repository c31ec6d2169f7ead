/** `sms-relay keys`: API keys, for operators. */
import { type Command, Option } from "commander";
import { ApiKey, CreateKeyResponse, KeyRole, keyRoleToJSON } from "../gen/smsrelay/v1/key_service.ts";
import { type ClientOptions, withClient, withClientOptions } from "./client.ts";
import type { CliContext } from "./context.ts";
import { bareName, tableText, timeText } from "./output.ts";
import { protobufJson } from "./protobuf-json.ts";

interface CreateOptions extends ClientOptions {
  readonly account: string;
  readonly role: "account" | "operator";
  readonly name: string;
}

const examples = `
Examples:
  sms-relay keys create --account shop --name "till 3"
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
      new Option("--role <role>", "what it may do").choices(["account", "operator"]).default("account"),
    )
    .option("--name <text>", "what people call it", "")
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
      await printKeys(apiKey === undefined ? [] : [apiKey], options, context);
    });
  for (const command of [create, list, revoke]) withClientOptions(command);
}

async function createKey(options: CreateOptions, context: CliContext): Promise<void> {
  const role = options.role === "operator" ? KeyRole.KEY_ROLE_OPERATOR : KeyRole.KEY_ROLE_ACCOUNT;
  const response = await withClient(options, context, "operator", (client) =>
    client.keys.createKey(
      { accountId: options.account, role, displayName: options.name },
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
  const found: ApiKey[] = [];
  await withClient(options, context, "operator", async (client) => {
    for (let pageToken = ""; ; ) {
      const page = await client.keys.listKeys({ pageSize: 1_000, pageToken }, client.callOptions());
      found.push(...page.apiKeys);
      pageToken = page.nextPageToken;
      if (pageToken === "") return;
    }
  });
  await printKeys(found, options, context);
}

async function printKeys(
  found: readonly ApiKey[],
  options: ClientOptions,
  context: CliContext,
): Promise<void> {
  if (options.json === true) {
    const json = await protobufJson("ApiKey", ApiKey);
    for (const key of found) context.out(json(key));
    return;
  }
  const rows = found.map((key) => [
    key.keyId,
    key.accountId,
    bareName(keyRoleToJSON(key.role), "KEY_ROLE"),
    key.displayName,
    timeText(key.createTime),
    timeText(key.revokeTime),
  ]);
  context.out(tableText(["key", "account", "role", "name", "made", "revoked"], rows));
}
