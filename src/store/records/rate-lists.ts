/** Lists of prices in versions, each valid from a time on. What is over is deleted: what a delivery costs is fixed when it is accepted. */
import type { AccountId } from "../../domain/ids.ts";
import type { PriceLine } from "../../domain/money/price-table.ts";
import { knownAccount } from "./accounts.ts";
import type { Act, Done } from "./audit.ts";
import { all, first, type Refusal, run, type Step, sql } from "./sql.ts";

export interface RateList {
  /** Empty for all accounts that have no list of their own. */
  readonly accountId: AccountId | "";
  readonly startTimeMs: number;
  /** Empty where there are no lines. */
  readonly currencyCode: string;
  /** None: from then on the account has the list of all again. */
  readonly lines: readonly PriceLine[];
}

interface RateListRow {
  readonly account_id: AccountId | "";
  readonly start_time: number;
  readonly currency_code: string;
  readonly rates: string;
}

/** Versions of one list that are still to come. */
export const mostPlanned = 10;

const findValid = sql<RateListRow>(
  "find_valid_rates",
  `SELECT account_id, start_time, currency_code, rates FROM rate_lists
   WHERE account_id = $1 AND start_time <= $2 ORDER BY start_time DESC LIMIT 1`,
);
const countPlanned = sql<{ count: number }>(
  "count_planned_rates",
  "SELECT count(*) AS count FROM rate_lists WHERE account_id = $1 AND start_time > $2 AND start_time <> $3",
);
const put = sql(
  "put_rates",
  `INSERT INTO rate_lists (account_id, start_time, currency_code, rates) VALUES ($1, $2, $3, $4)
   ON CONFLICT (account_id, start_time) DO UPDATE SET currency_code = excluded.currency_code, rates = excluded.rates`,
);
const removeOver = sql(
  "delete_rates_that_are_over",
  `DELETE FROM rate_lists WHERE account_id = $1 AND start_time <
     (SELECT max(start_time) FROM rate_lists WHERE account_id = $1 AND start_time <= $2)`,
);

/** What holds for an account at a time: its own list, else that of all; undefined where there is neither. */
export function* validRates(accountId: AccountId, atMs: number): Step<RateList | undefined> {
  const own = yield* first(findValid, accountId, atMs);
  if (own !== undefined && own.rates !== "") return listOf(own);
  const general = yield* first(findValid, "", atMs);
  return general === undefined ? undefined : listOf(general);
}

/** UNKNOWN_ACCOUNT; QUOTA_EXCEEDED where too many versions are to come. One of the same time is replaced. */
export function* importRates(
  act: Act,
  list: RateList,
  isConfigured: boolean,
): Step<Done<undefined | Refusal>> {
  const { accountId, startTimeMs, currencyCode, lines } = list;
  if (accountId !== "") {
    const account = yield* knownAccount(accountId, isConfigured);
    if ("refusal" in account) return { outcome: account };
  }
  const isPlanned = startTimeMs > act.timeMs;
  const planned = (yield* first(countPlanned, accountId, act.timeMs, startTimeMs))?.count ?? 0;
  if (isPlanned && planned >= mostPlanned) return { outcome: tooMany(accountId) };
  const [before] = yield* all(findValid, accountId, startTimeMs);
  yield* run(put, accountId, startTimeMs, currencyCode, lines.map(textOf).join("\n"));
  yield* run(removeOver, accountId, act.timeMs);
  return { outcome: undefined, change: { before: shownList(before) } };
}

function tooMany(accountId: string): Refusal {
  const description = "Too many lists are to come; import one of their times again to replace it.";
  const subject = accountId === "" ? "rates" : `rates of account ${accountId}`;
  return { refusal: "QUOTA_EXCEEDED", details: { quota: { subject, description } } };
}

/** Its head: the log does not keep whole lists. */
function shownList(row: RateListRow | undefined): object | undefined {
  if (row === undefined) return undefined;
  const startTime = new Date(row.start_time).toISOString();
  return { startTime, currencyCode: row.currency_code, rateCount: listOf(row).lines.length };
}

const textOf = ({ regionCode, prefix, standard, premium }: PriceLine): string =>
  `${regionCode}|${prefix}|${standard}|${premium}`;

function listOf(row: RateListRow): RateList {
  const texts = row.rates === "" ? [] : row.rates.split("\n");
  const lines = texts.map((text) => {
    const [regionCode = "", prefix = "", standard, premium] = text.split("|");
    return { regionCode, prefix, standard: Number(standard), premium: Number(premium) };
  });
  return { accountId: row.account_id, startTimeMs: row.start_time, currencyCode: row.currency_code, lines };
}
