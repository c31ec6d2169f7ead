/** A list of prices as it is asked for, judged whole: every fault by the place of its rate in the list. */
import type { FieldViolation } from "../../domain/errors.ts";
import { isCurrencyCode, mostUnitMicros } from "../../domain/money/micros.ts";
import type { PriceLine } from "../../domain/money/price-table.ts";
import { isCountry, planOfCountry, plansOfNumber } from "../../policy/number-plan.ts";

export interface AskedRate {
  readonly regionCode: string;
  readonly prefix: string;
  /** Undefined where it is missing. */
  readonly price: { readonly currencyCode: string; readonly amountMicros: bigint } | undefined;
  readonly isPremium: boolean;
}

export interface CheckedRates {
  /** Empty where there are no rates. */
  readonly currencyCode: string;
  readonly lines: readonly PriceLine[];
  readonly violations: readonly FieldViolation[];
}

/** The prices of one country or prefix, and where they stand. */
interface Pair {
  readonly regionCode: string;
  readonly prefix: string;
  readonly index: number;
  standard?: number;
  premium?: number;
}

export function checkRates(rates: readonly AskedRate[]): CheckedRates {
  const violations: FieldViolation[] = [];
  const refuse = (index: number, field: string, description: string) =>
    violations.push({ field: `rates[${index}]${field}`, reason: "INVALID_PARAMETER", description });
  const currencyCode = rates.find(({ price }) => price !== undefined)?.price?.currencyCode ?? "";
  const pairs = new Map<string, Pair>();
  for (const [index, { regionCode, prefix, price, isPremium }] of rates.entries()) {
    if (regionCode !== "" && !isCountry(regionCode))
      refuse(
        index,
        ".region_code",
        "must be the code of a country in two capital letters such as SE (ISO 3166-1)",
      );
    else if (prefix !== "") {
      const fault = faultOfPrefix(prefix, regionCode);
      if (fault !== undefined) refuse(index, ".prefix", fault);
    }
    if (price === undefined) {
      const field = `rates[${index}].price`;
      violations.push({ field, reason: "PARAMETER_MISSING", description: "is required" });
      continue;
    }
    if (!isCurrencyCode(price.currencyCode)) refuse(index, ".price.currency_code", "must be 3 to 8 capitals");
    else if (price.currencyCode !== currencyCode)
      refuse(index, ".price.currency_code", "must be that of the rest of the list");
    if (price.amountMicros < 0n || price.amountMicros > BigInt(mostUnitMicros))
      refuse(index, ".price.amount_micros", `must be 0 to ${mostUnitMicros}`);
    // A prefix says all; the country beside it is for people.
    const key = prefix === "" ? regionCode : prefix;
    const pair = pairs.get(key) ?? { regionCode: prefix === "" ? regionCode : "", prefix, index };
    pairs.set(key, pair);
    const kind = isPremium ? "premium" : "standard";
    if (pair[kind] !== undefined) refuse(index, "", "stands in the list twice");
    pair[kind] = Number(price.amountMicros);
  }
  const lines: PriceLine[] = [];
  for (const { index, regionCode, prefix, standard, premium } of pairs.values()) {
    if (standard === undefined) refuse(index, ".premium", "needs a price of other gateways beside it");
    else lines.push({ regionCode, prefix, standard, premium: premium ?? standard });
  }
  return { currencyCode, lines: lines.toSorted(byPlace), violations };
}

function faultOfPrefix(prefix: string, regionCode: string): string | undefined {
  if (!/^[1-9][0-9]{0,14}$/.test(prefix) || plansOfNumber(`+${prefix}`) === undefined)
    return "must be at most 15 digits without plus that begin with a calling code";
  if (regionCode !== "" && !prefix.startsWith(planOfCountry(regionCode).callingCode))
    return "must begin with the calling code of its country";
  return undefined;
}

const byPlace = (a: PriceLine, b: PriceLine): number => {
  const [one, other] = [`${a.regionCode}\u0000${a.prefix}`, `${b.regionCode}\u0000${b.prefix}`];
  return one < other ? -1 : one > other ? 1 : 0;
};
