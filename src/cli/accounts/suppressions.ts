/** `sms-relay suppressions`: numbers that nothing is sent to; another account's, and the list that holds for all, are for operators. */
import { type Command, Option } from "commander";
import { Suppression, suppressionSourceToJSON } from "../../gen/smsrelay/v1/account.ts";
import { contentCategoryToJSON } from "../../gen/smsrelay/v1/message.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, type ServiceClient, withClient, withClientOptions } from "../client/client.ts";
import { type CliContext, usageFault } from "../context.ts";
import { spoolInput } from "../input/spool-input.ts";
import { parseCount, parseEnd } from "../option-values.ts";
import { bareName, countOf, jsonLine, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { createProgress } from "../output/progress.ts";
import { type CategoryWord, categories, checkRows, head, rowsFrom } from "./suppression-rows.ts";

interface ListOfOptions extends ClientOptions {
  readonly account?: string;
  readonly everybody?: boolean;
}

interface AddOptions extends ListOfOptions {
  readonly category?: readonly CategoryWord[];
  readonly until?: Date;
}

interface ListOptions extends ListOfOptions {
  readonly number: string;
  readonly limit: number;
}

interface ImportOptions extends ListOfOptions {
  readonly fromLine: number;
}

/** Numbers of one call. */
const atOnce = 500;

const examples = `
Examples:
  sms-relay suppressions add +46701234567
  sms-relay suppressions add +46701234567 --category advertisement --until 90d
  sms-relay suppressions remove +46701234567
  sms-relay suppressions list --number +46701234567
  sms-relay suppressions import blocked.csv
  sms-relay suppressions export > blocked.csv`;

/** Adds the commands. */
export function defineSuppressions(program: Command, context: CliContext): void {
  const suppressions = program
    .command("suppressions")
    .description("Keeps the numbers that nothing is sent to.")
    .addHelpText("after", examples);

  const add = suppressions
    .command("add")
    .description("Suppresses numbers; one that is suppressed already is changed.")
    .argument("<number...>", "`+` and digits")
    .addOption(
      new Option("--category <category...>", "only messages of these (default: all)").choices(
        Object.keys(categories),
      ),
    )
    .option("--until <time>", "when it ends: a time, or a duration such as 90d (default: never)", parseEnd)
    .action((numbers: readonly string[], options: AddOptions) => addNumbers(numbers, options, context));
  const remove = suppressions
    .command("remove")
    .description("Frees numbers, whatever suppressed them; absent ones are ignored.")
    .argument("<number...>", "`+` and digits")
    .action(async (numbers: readonly string[], options: ListOfOptions) => {
      const change = { upserted: [], removedRecipients: [...new Set(numbers)] };
      await tellCount(await withList(options, context, changing(change)), options, context);
    });
  const list = suppressions
    .command("list")
    .description("Lists suppressed numbers in ascending order.")
    .option("--number <number>", "only this one", "")
    .option("--limit <count>", "at most so many", parseCount, 1_000)
    .action((options: ListOptions) => listNumbers(options, context));
  const take = suppressions
    .command("import")
    .description("Suppresses the numbers of a CSV file, which is checked whole first. It may be repeated.")
    .argument("<file>", `CSV with ${head.join(", ")}; - for the standard input`)
    .option("--from-line <line>", "leave out what stands above this line", parseCount, 1)
    .action((file: string, options: ImportOptions) => importFile(file, options, context));
  const give = suppressions
    .command("export")
    .description("Prints the list as CSV.")
    .action((options: ListOfOptions) => exportList(options, context));
  for (const command of [add, remove, list, take, give]) {
    command
      .addOption(new Option("--account <id>", "of this account (operator; default: the key's own)"))
      .addOption(
        new Option("--everybody", "of the list that holds for all accounts (operator)").conflicts("account"),
      );
    withClientOptions(command);
  }
}

type OnList<Answer> = (client: ServiceClient, accountId: string) => Promise<Answer>;

function withList<Answer>(options: ListOfOptions, context: CliContext, use: OnList<Answer>): Promise<Answer> {
  const accountId = options.everybody === true ? "*" : (options.account ?? "");
  const role = accountId === "" ? "default" : "operator";
  return withClient(options, context, role, (client) => use(client, accountId));
}

/** Answers how many numbers the list has then. */
function changing(change: {
  readonly upserted: Suppression[];
  readonly removedRecipients: string[];
}): OnList<bigint> {
  return async (client, accountId) => {
    const answer = await client.accounts.changeSuppressions({ accountId, ...change }, client.callOptions());
    return answer.suppressionCount;
  };
}

async function tellCount(count: bigint, options: ListOfOptions, context: CliContext): Promise<void> {
  if (options.json === true) context.out(jsonLine({ suppressionCount: count }));
  else context.out(`The list has ${countOf(count, "number")}.`);
}

async function addNumbers(
  numbers: readonly string[],
  options: AddOptions,
  context: CliContext,
): Promise<void> {
  const { category = [], until } = options;
  const upserted = [...new Set(numbers)].map((recipient) =>
    Suppression.create({
      recipient,
      contentCategories: category.map((word) => categories[word]),
      expireTime: until,
    }),
  );
  const change = changing({ upserted, removedRecipients: [] });
  await tellCount(await withList(options, context, change), options, context);
}

async function listNumbers(options: ListOptions, context: CliContext): Promise<void> {
  const found = await withList(options, context, (client, accountId) =>
    allPages(async (page) => {
      const request = { ...page, accountId, recipient: options.number };
      const answer = await client.accounts.listSuppressions(request, client.callOptions());
      return [answer.suppressions, answer.nextPageToken];
    }, options.limit + 1),
  );
  await printList(found.slice(0, options.limit), listing, options, context);
  if (found.length > options.limit)
    context.err("There are more: see them all by `suppressions export`, or with a higher --limit.");
}

async function importFile(file: string, options: ImportOptions, context: CliContext): Promise<void> {
  await using source = await spoolInput(file, context);
  const rowCount = await checkRows(source, context.clock.now());
  const progress = createProgress(context, rowCount);
  let done = 0;
  let count = 0n;
  await withList(options, context, async (client, accountId) => {
    let firstLine = options.fromLine;
    // Of a number that comes twice the last row holds.
    let piece = new Map<string, Suppression>();
    let rows = 0;
    const send = async () => {
      if (rows === 0) return;
      try {
        const change = { upserted: [...piece.values()], removedRecipients: [] };
        count = await changing(change)(client, accountId);
      } catch (error) {
        progress.end();
        context.err(
          `${countOf(done, "row")} of ${rowCount} were taken. Go on with --from-line ${firstLine}, or send all again, which does no harm.`,
          { taken: done, rows: rowCount, nextLine: firstLine },
        );
        throw error;
      }
      done += rows;
      progress.show(done);
      piece = new Map();
      rows = 0;
    };
    for await (const { line, suppression } of rowsFrom(source, options.fromLine)) {
      if (rows === 0) firstLine = line;
      piece.set(suppression.recipient, suppression);
      rows += 1;
      if (rows === atOnce) await send();
    }
    await send();
  });
  progress.end();
  if (done === 0) throw usageFault(`${source.name} has no rows from line ${options.fromLine} on.`);
  if (options.json === true) context.out(jsonLine({ summary: { rows: done, suppressionCount: count } }));
  else context.out(`${countOf(done, "row")} taken. The list has ${countOf(count, "number")}.`);
}

/** A page at a time: a list may be longer than memory. */
async function exportList(options: ListOfOptions, context: CliContext): Promise<void> {
  if (options.json === true)
    throw usageFault("export writes CSV; `suppressions list --json` writes documents.");
  await withList(options, context, async (client, accountId) => {
    context.out(head.join(","));
    for (let pageToken = ""; ; ) {
      const request = { pageSize: 1_000, pageToken, accountId };
      const answer = await client.accounts.listSuppressions(request, client.callOptions());
      for (const found of answer.suppressions) context.out(cellsOf(found).join(","));
      await context.written();
      pageToken = answer.nextPageToken;
      if (pageToken === "") return;
    }
  });
}

const cellsOf = ({ recipient, contentCategories, expireTime, source }: Suppression) => [
  recipient,
  contentCategories.map((one) => bareName(contentCategoryToJSON(one), "CONTENT_CATEGORY")).join(" "),
  expireTime?.toISOString() ?? "",
  bareName(suppressionSourceToJSON(source), "SUPPRESSION_SOURCE"),
];

const listing: Listing<Suppression> = {
  name: "Suppression",
  type: Suppression,
  head: ["number", "categories", "until", "by", "since"],
  rowsOf: (suppression) => {
    const [recipient = "", words = "", , source = ""] = cellsOf(suppression);
    const since = timeText(suppression.createTime);
    return [[recipient, words === "" ? "all" : words, timeText(suppression.expireTime), source, since]];
  },
  none: "No suppressed numbers.",
};
