/** Rows of a CSV file of prices, as the rates that they come to, each with its line. What only the service can judge is left to it. */
import { formatMicros, mostUnitMicros, parseMicros } from "../../domain/money/micros.ts";
import { Rate } from "../../gen/smsrelay/v1/account.ts";
import { usageFault } from "../context.ts";
import { type CsvRecord, csvRecords } from "../input/csv-records.ts";
import type { RereadableFile } from "../input/spool-input.ts";

export const head = ["destination", "standard", "premium"] as const;
const columns: ReadonlySet<string> = new Set(head);

export interface RateRows {
  readonly rates: readonly Rate[];
  /** Of each rate. */
  readonly lines: readonly number[];
}

/** Faults that are told one by one. */
const mostTold = 20;
/** Rates that are read: far more than a list may have, and no more than memory bears. */
const mostRead = 100_000;

/** All rates of a file; every fault of its form ends the command, with its line and the rule. */
export async function readRates(source: RereadableFile, currencyCode: string): Promise<RateRows> {
  const rates: Rate[] = [];
  const lines: number[] = [];
  const faults: string[] = [];
  for await (const record of csvRecords(source, columns, "destination")) {
    const found = ratesOf(record, currencyCode);
    if (typeof found === "string") faults.push(`  line ${record.line}: ${found}`);
    else {
      rates.push(...found);
      lines.push(...found.map(() => record.line));
    }
    if (rates.length > mostRead || faults.length > mostRead)
      throw usageFault(`${source.name} has too many rows.`);
  }
  if (faults.length > 0) throw faultOfFile(source, faults);
  if (rates.length === 0) throw usageFault(`${source.name} has no rows.`);
  return { rates, lines };
}

/** What ends the command: lines with their faults, the first of them told. */
export function faultOfFile(source: RereadableFile, faults: readonly string[], atLeast = faults.length) {
  const told = faults.slice(0, mostTold);
  const more = atLeast > told.length ? [`  … and ${atLeast - told.length} more faults`] : [];
  return usageFault([`${source.name} has faults, and nothing was changed:`, ...told, ...more].join("\n"));
}

function ratesOf({ given }: CsvRecord, currencyCode: string): readonly Rate[] | string {
  const destination = given("destination") ?? "";
  const isPrefix = /^[0-9]+$/.test(destination);
  if (!isPrefix && destination !== "*" && !/^[A-Za-z]{2}$/.test(destination))
    return "destination: must be a country such as NL, a prefix in digits such as 31653, or *";
  const place = {
    regionCode: isPrefix || destination === "*" ? "" : destination.toUpperCase(),
    prefix: isPrefix ? destination : "",
  };
  const prices = [
    { column: "standard", premium: false },
    { column: "premium", premium: true },
  ].filter(({ column, premium }) => !premium || given(column) !== undefined);
  const rates: Rate[] = [];
  for (const { column, premium } of prices) {
    const amountMicros = parseMicros(given(column) ?? "");
    if (amountMicros === undefined || amountMicros < 0n || amountMicros > BigInt(mostUnitMicros))
      return `${column}: must be 0 to ${formatMicros(BigInt(mostUnitMicros))} with at most six decimals, such as 0.0725`;
    rates.push(Rate.create({ ...place, price: { currencyCode, amountMicros }, premium }));
  }
  return rates;
}
