/** `sms-relay keys`: API keys, for operators. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { RateLimit } from "../../gen/smsrelay/v1/account.ts";
import { ApiKey, scopeToJSON } from "../../gen/smsrelay/v1/api_key.ts";
import { CreateKeyResponse, RotateKeyResponse } from "../../gen/smsrelay/v1/key_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import { durationOf } from "../client/duration.ts";
import type { CliContext } from "../context.ts";
import { parseEnd, parseSpan } from "../option-values.ts";
import { bareName, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { type ScopeWord, scopeWords } from "./scope-words.ts";

interface CreateOptions extends ClientOptions {
  readonly account: string;
  readonly scope?: readonly ScopeWord[];
  readonly name: string;
  readonly id: string;
  readonly expires?: Date;
  readonly limit?: readonly GivenLimit[];
}

interface RotateOptions extends ClientOptions {
  readonly overlap: number;
  readonly id: string;
  readonly expires?: Date;
}

const examples = `
Examples:
  sms-relay keys create --account shop --name "till 3"
  sms-relay keys create --account shop --scope read --id dashboard
  sms-relay keys create --account shop --name "trial" --expires 30d
  sms-relay keys create --account shop --limit 1/s --limit 100/d
  sms-relay keys list --account shop
  sms-relay keys rotate abcdefghijkl --overlap 24h
  sms-relay keys revoke abcdefghijkl`;

/** Adds the commands. */
export function defineKeys(program: Command, context: CliContext): void {
  const keys = program
    .command("keys")
    .description("Makes, lists, rotates and revokes API keys. Wants an operator's key.")
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
    .addOption(endOption())
    .addOption(
      new Option(
        "--limit <limit...>",
        "most messages in a second, an hour or a day, beside its account's: 50/s 1000/h 20000/d",
      ).argParser(parseLimit),
    )
    .action((options: CreateOptions) => createKey(options, context));
  const rotate = keys
    .command("rotate")
    .description("Makes a key in place of another one, which goes on for a while, and prints it, once.")
    .argument("<key-id>", "the part of the old key after smsr_")
    .requiredOption(
      "--overlap <duration>",
      "how long the old one goes on, at most 30d; 0 ends it at once",
      parseSpan,
    )
    .option("--id <key-id>", "the id of the new one (default: a new one)", "")
    .addOption(endOption())
    .action((keyId: string, options: RotateOptions) => rotateKey(keyId, options, context));
  const list = keys
    .command("list")
    .description("Lists keys, newest first.")
    .option("--account <id>", "only those of this account", "")
    .action((options: ListOptions) => listKeys(options, context));
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
  for (const command of [create, rotate, list, revoke]) withClientOptions(command);
}

interface GivenLimit {
  readonly count: bigint;
  readonly seconds: bigint;
}

const secondsOf: Readonly<Record<string, bigint>> = { s: 1n, h: 3_600n, d: 86_400n };

function parseLimit(value: string, before: readonly GivenLimit[] = []): readonly GivenLimit[] {
  const [, count = "", unit = ""] = /^([0-9]{1,10})\/([shd])$/.exec(value) ?? [];
  const seconds = secondsOf[unit];
  if (seconds === undefined)
    throw new InvalidArgumentError("A limit is a number by s, h or d, such as 50/s or 20000/d.");
  return [...before, { count: BigInt(count), seconds }];
}

function limitText({ window, messageCount }: RateLimit): string {
  const unit = Object.keys(secondsOf).find((one) => secondsOf[one] === window?.seconds);
  return `${messageCount}/${unit ?? "?"}`;
}

const endOption = () =>
  new Option(
    "--expires <when>",
    "when it ends: a duration such as 90d, or a time (default: never)",
  ).argParser(parseEnd);

async function createKey(options: CreateOptions, context: CliContext): Promise<void> {
  const response = await withClient(options, context, "operator", (client) =>
    client.keys.createKey(
      {
        accountId: options.account,
        scopes: (options.scope ?? []).map((word) => scopeWords[word]),
        displayName: options.name,
        keyId: options.id,
        ...endPart(options),
        rateLimits: (options.limit ?? []).map(({ count, seconds }) => ({
          window: { seconds, nanos: 0 },
          messageCount: count,
        })),
      },
      client.callOptions(),
    ),
  );
  if (options.json === true) {
    const json = await protobufJson("CreateKeyResponse", CreateKeyResponse);
    return context.out(json(response));
  }
  tellSecret(response.secret, context);
}

async function rotateKey(keyId: string, options: RotateOptions, context: CliContext): Promise<void> {
  const { id: newKeyId, overlap } = options;
  const response = await withClient(options, context, "operator", (client) =>
    client.keys.rotateKey(
      { keyId, newKeyId, overlap: durationOf(overlap), ...endPart(options) },
      client.callOptions(),
    ),
  );
  if (options.json === true) {
    const json = await protobufJson("RotateKeyResponse", RotateKeyResponse);
    return context.out(json(response));
  }
  tellSecret(response.secret, context);
}

function endPart({ expires }: { readonly expires?: Date }) {
  return expires === undefined ? {} : { expireTime: expires };
}

function tellSecret(secret: string, context: CliContext): void {
  context.out(secret);
  context.err("Keep it safe: it is not shown again.");
}

interface ListOptions extends ClientOptions {
  readonly account: string;
}

async function listKeys(options: ListOptions, context: CliContext): Promise<void> {
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const answer = await client.keys.listKeys(
        { ...page, accountId: options.account },
        client.callOptions(),
      );
      return [answer.apiKeys, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<ApiKey> = {
  name: "ApiKey",
  type: ApiKey,
  head: ["key", "account", "scopes", "name", "made", "used", "ends", "revoked", "limits"],
  rowsOf: (key) => [
    [
      key.keyId,
      key.accountId,
      key.scopes.map((scope) => bareName(scopeToJSON(scope), "SCOPE")).join(" "),
      key.displayName,
      timeText(key.createTime),
      timeText(key.useTime),
      timeText(key.expireTime),
      timeText(key.revokeTime),
      key.rateLimits.map(limitText).join(" "),
    ],
  ],
  none: "No keys.",
};
