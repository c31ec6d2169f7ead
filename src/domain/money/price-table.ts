/** A list of prices, compiled so that the price of a number is found by a few look-ups, however long the list is. */

/** Micros a segment. */
export interface Price {
  readonly standard: number;
  /** Through premium gateways. */
  readonly premium: number;
}

/** A price and what it is for: a country, a prefix (digits that begin with a calling code), or, where both are empty, everywhere else. */
export interface PriceLine extends Price {
  readonly regionCode: string;
  readonly prefix: string;
}

/** A number as prices know it. */
export interface PricedNumber {
  /** Without plus. */
  readonly digits: string;
  readonly callingCode: string;
  /** Its country; the main one of its calling code where it has none. */
  readonly regionCode: string;
}

export type PriceOf = (number: PricedNumber) => Price | undefined;

/** A prefix that is longer than the calling code beats the country, that the bare calling code, that everywhere else. */
export function compilePrices(lines: readonly PriceLine[]): PriceOf {
  const byCountry = new Map<string, Price>();
  const byPrefix = new Map<string, Price>();
  let elsewhere: Price | undefined;
  let longest = 0;
  for (const { regionCode, prefix, standard, premium } of lines) {
    const price = { standard, premium };
    if (prefix !== "") {
      byPrefix.set(prefix, price);
      longest = Math.max(longest, prefix.length);
    } else if (regionCode !== "") byCountry.set(regionCode, price);
    else elsewhere = price;
  }
  return ({ digits, callingCode, regionCode }) => {
    for (let length = Math.min(longest, digits.length); length > callingCode.length; length--) {
      const found = byPrefix.get(digits.slice(0, length));
      if (found !== undefined) return found;
    }
    return byCountry.get(regionCode) ?? byPrefix.get(callingCode) ?? elsewhere;
  };
}
