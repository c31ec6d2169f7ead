/** `sms-relay rates`: lists of prices, imported whole by operators; what holds for an account now, for all. */
import { type Command, Option } from "commander";
import { ClientError } from "nice-grpc-common";
import { detailsOf } from "../../client/error-details.ts";
import { formatMicros } from "../../domain/money/micros.ts";
import { Rate } from "../../gen/smsrelay/v1/account.ts";
import { ImportRatesRequest } from "../../gen/smsrelay/v1/admin_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { type RereadableFile, spoolInput } from "../input/spool-input.ts";
import { parseTime } from "../option-values.ts";
import { countOf, jsonLine, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { faultOfFile, head, type RateRows, readRates } from "./rate-rows.ts";

interface ListOptions extends ClientOptions {
  readonly account?: string;
  readonly region: string;
}

interface ChangeOptions extends ClientOptions {
  readonly account?: string;
  readonly start?: Date;
}

interface ImportOptions extends ChangeOptions {
  readonly currency: string;
  readonly dryRun?: boolean;
}

/** Rates of one piece of the stream. */
const atOnce = 1_000;

const examples = `
Examples:
  sms-relay rates import prices.csv --currency EUR --dry-run
  sms-relay rates import prices.csv --currency EUR --start 2027-01-01T00:00:00Z
  sms-relay rates import shop.csv --currency EUR --account shop
  sms-relay rates list --region NL
  sms-relay rates remove --account shop`;

/** Adds the commands. */
export function defineRates(program: Command, context: CliContext): void {
  const rates = program
    .command("rates")
    .description("Keeps lists of prices, and shows what holds for an account.")
    .addHelpText("after", examples);
  const start = () =>
    new Option("--start <time>", "from when on it holds (default: now)").argParser(parseTime);

  const list = rates
    .command("list")
    .description("Lists the prices that hold for an account now.")
    .option("--account <id>", "of this account (operator; default: the key's own)")
    .option("--region <code>", "only what may hold for numbers of this country, such as NL", "")
    .action((options: ListOptions) => listRates(options, context));
  const take = rates
    .command("import")
    .description("Takes a list of prices whole, or not at all (operator).")
    .argument("<file>", `CSV with ${head.join(", ")}; - for the standard input`)
    .requiredOption("--currency <code>", "of all its prices, such as EUR")
    .option("--account <id>", "for this account alone (default: for all that have no list of their own)")
    .addOption(start())
    .option("--dry-run", "check it and change nothing")
    .action((file: string, options: ImportOptions) => importFile(file, options, context));
  const remove = rates
    .command("remove")
    .description("Takes the account's own list away: the one of all holds for it again (operator).")
    .requiredOption("--account <id>", "whose list it is")
    .addOption(start())
    .action(async (options: ChangeOptions) => {
      await withClient(options, context, "operator", (client) =>
        client.admin.importRates(pieces([], options), client.callOptions()),
      );
      context.out(options.json === true ? jsonLine({}) : `${options.account} has the list of all accounts.`);
    });
  for (const command of [list, take, remove]) withClientOptions(command);
}

async function listRates(options: ListOptions, context: CliContext): Promise<void> {
  const { account: accountId = "", region } = options;
  const role = accountId === "" ? "default" : "operator";
  const found = await withClient(options, context, role, (client) =>
    allPages(async (page) => {
      const request = { ...page, accountId, regionCode: region };
      const answer = await client.accounts.listRates(request, client.callOptions());
      return [answer.rates, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

async function importFile(file: string, options: ImportOptions, context: CliContext): Promise<void> {
  await using source = await spoolInput(file, context);
  const rows = await readRates(source, options.currency);
  const { rateCount } = await withClient(options, context, "operator", (client) =>
    client.admin.importRates(pieces(rows.rates, options), client.callOptions()).catch((error: unknown) => {
      throw faultByLine(error, source, rows) ?? error;
    }),
  );
  if (options.json === true) context.out(jsonLine({ rateCount }));
  else if (options.dryRun === true)
    context.out(`${countOf(rateCount, "price")} would be taken. Nothing was changed.`);
  else context.out(`${countOf(rateCount, "price")} taken.`);
}

async function* pieces(
  rates: readonly Rate[],
  { account: accountId = "", start: startTime, dryRun = false }: ChangeOptions & Partial<ImportOptions>,
): AsyncGenerator<ImportRatesRequest> {
  yield ImportRatesRequest.create({ accountId, startTime, dryRun, rates: rates.slice(0, atOnce) });
  for (let from = atOnce; from < rates.length; from += atOnce)
    yield ImportRatesRequest.create({ rates: rates.slice(from, from + atOnce) });
}

/** The same faults by the lines of the file; undefined where the call failed for another reason. */
function faultByLine(error: unknown, source: RereadableFile, { lines }: RateRows) {
  if (!(error instanceof ClientError)) return undefined;
  const { violations, info } = detailsOf(error);
  const faults: string[] = [];
  for (const { field, description } of violations) {
    const [, index, rest] = /^rates\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
    const line = lines[Number(index ?? -1)];
    if (line === undefined) return undefined;
    faults.push(
      `  line ${line}: ${rest === undefined || rest === "" ? "" : `${columnOf(rest)}: `}${description}`,
    );
  }
  const count = Number(info?.metadata["violation_count"] ?? faults.length);
  return faults.length === 0 ? undefined : faultOfFile(source, faults, count);
}

/** What a field of a rate is in the file. */
const columnOf = (field: string): string =>
  field === "region_code" || field === "prefix"
    ? "destination"
    : field === "price.currency_code"
      ? "--currency"
      : field;

const listing: Listing<Rate> = {
  name: "Rate",
  type: Rate,
  head: ["destination", "gateways", "a segment", "currency", "since"],
  rowsOf: ({ regionCode, prefix, premium, price, startTime }) => [
    [
      prefix !== "" ? prefix : regionCode !== "" ? regionCode : "*",
      premium ? "premium" : "standard",
      formatMicros(price?.amountMicros ?? 0n),
      price?.currencyCode ?? "",
      timeText(startTime),
    ],
  ],
  none: "No prices.",
};
