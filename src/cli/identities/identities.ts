/** `sms-relay identities`: who, among callers with tokens of other issuers or with certificates, acts for which account; for operators. */
import { type Command, Option } from "commander";
import { scopeToJSON } from "../../gen/smsrelay/v1/api_key.ts";
import { Identity } from "../../gen/smsrelay/v1/identity.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { type ScopeWord, scopeWords } from "../keys/scope-words.ts";
import { bareName } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";

interface SetOptions extends ClientOptions {
  readonly account: string;
  readonly scope?: readonly ScopeWord[];
}

const examples = `
Examples:
  sms-relay identities set https://id.example.com/realms/shop till --account shop
  sms-relay identities set https://id.example.com/realms/shop board --account shop --scope read
  sms-relay identities list --account shop
  sms-relay identities remove https://id.example.com/realms/shop till
  sms-relay identities set certificate spiffe://example.com/shop/till --account shop
  sms-relay identities set certificate CN=till,O=Shop --account shop`;

/** In an issuer's place, for what the certificates of clients say; no issuer has that name, which is no URL. */
const certificate = "certificate";
const issuerOf = (given: string) => (given === certificate ? "" : given);
const shownIssuer = (issuer: string) => (issuer === "" ? certificate : issuer);

/** Adds the commands. */
export function defineIdentities(program: Command, context: CliContext): void {
  const identities = program
    .command("identities")
    .description(
      "Says for which account callers with tokens of other issuers, or with certificates, act. Wants an operator's key.",
    )
    .addHelpText("after", examples);

  const set = identities
    .command("set")
    .description("Sets for which account a caller acts, and what it may do at most; its token may narrow it.")
    .argument("<issuer>", `the issuer's URL, as in the configuration, or \`${certificate}\``)
    .argument(
      "<value>",
      "the value of the issuer's accountClaim, or the certificate's SPIFFE id, else its subject",
    )
    .requiredOption("--account <id>", "the account it acts for")
    .addOption(
      new Option(
        "--scope <scope...>",
        "what it may do; admin does everything (default: send, read and manage)",
      ).choices(Object.keys(scopeWords)),
    )
    .action(async (issuer: string, value: string, options: SetOptions) => {
      const scopes = (options.scope ?? []).map((word) => scopeWords[word]);
      const identity = { issuer: issuerOf(issuer), value, accountId: options.account, scopes };
      const answer = await withClient(options, context, "operator", (client) =>
        client.admin.setIdentity({ identity }, client.callOptions()),
      );
      await printList([answer.identity], listing, options, context);
    });
  const list = identities
    .command("list")
    .description("Lists them by issuer, then value.")
    .option("--account <id>", "only of this account", "")
    .action((options: ClientOptions & { readonly account: string }) => listIdentities(options, context));
  const remove = identities
    .command("remove")
    .description("Removes one at once; its tokens, or its certificate, act for nobody any more.")
    .argument("<issuer>", `the issuer's URL, or \`${certificate}\``)
    .argument("<value>", "the value of the issuer's accountClaim, or what the certificate says")
    .action(async (issuer: string, value: string, options: ClientOptions) => {
      const identity = Identity.create({ issuer: issuerOf(issuer), value });
      const { removed } = await withClient(options, context, "operator", (client) =>
        client.admin.setIdentity({ identity }, client.callOptions()),
      );
      if (!removed)
        throw new CliFailure(
          exitCodes.failed,
          `There is no ${value} of ${issuer}: see \`sms-relay identities list\`.`,
        );
      if (options.json !== true) context.out(`Removed ${value} of ${issuer}.`);
    });
  for (const command of [set, list, remove]) withClientOptions(command);
}

async function listIdentities(
  options: ClientOptions & { readonly account: string },
  context: CliContext,
): Promise<void> {
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const answer = await client.admin.listIdentities(
        { ...page, accountId: options.account },
        client.callOptions(),
      );
      return [answer.identities, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<Identity> = {
  name: "Identity",
  type: Identity,
  head: ["issuer", "value", "account", "scopes"],
  rowsOf: ({ issuer, value, accountId, scopes }) => [
    [
      shownIssuer(issuer),
      value,
      accountId,
      scopes.map((scope) => bareName(scopeToJSON(scope), "SCOPE")).join(" "),
    ],
  ],
  none: "No identities.",
};
