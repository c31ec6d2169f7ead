/** What a price in one currency is in another. */
import { mostUnitMicros, parseDecimal } from "./micros.ts";

const places = 9;
const scale = 10n ** BigInt(places);

/** Billionths of a unit of the other currency for one unit of the first. */
export type ExchangeRate = bigint;

/** Undefined for what is no decimal number above zero, or has more than nine decimals. */
export function parseExchangeRate(text: string): ExchangeRate | undefined {
  const rate = parseDecimal(text, places);
  return rate === undefined || rate <= 0n ? undefined : rate;
}

/** Rounded up, once; undefined where a segment comes to more than it may cost. */
export function exchangeUnit(unitMicros: number, rate: ExchangeRate): number | undefined {
  const exact = BigInt(unitMicros) * rate;
  const micros = (exact + scale - 1n) / scale;
  return micros > BigInt(mostUnitMicros) ? undefined : Number(micros);
}
