/** Prices: operators import them in whole lists, accounts look at what holds for them now. */
import { refuseFields, SmsError } from "../../domain/errors.ts";
import { type AccountId, isAccountId, toAccountId } from "../../domain/ids.ts";
import type { PriceLine } from "../../domain/money/price-table.ts";
import type { Clock } from "../../observability/clock.ts";
import { isCountry, planOfCountry } from "../../policy/number-plan.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { type Page, type PageRequest, pageOf } from "../calls/page-token.ts";
import type { Principal } from "../calls/principal.ts";
import { invalid, missing } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import { type AskedRate, checkRates } from "./check-rates.ts";

/** One price as it is shown. */
export interface ShownRate {
  readonly regionCode: string;
  readonly prefix: string;
  readonly currencyCode: string;
  readonly unitMicros: number;
  readonly isPremium: boolean;
  readonly startTimeMs: number;
  readonly accountId: AccountId | "";
}

export interface RatesDeps {
  readonly store: Pick<Store, "importRates" | "validRates">;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  /** Finds the account that is asked for: empty for the caller's own, another's is for operators. */
  readonly accounts: { get(accountId: string, principal: Principal): Promise<{ readonly id: AccountId }> };
  /** Accounts of the configuration. */
  readonly configuredIds: readonly string[];
}

export interface RateImport {
  /** Empty for all accounts. */
  readonly accountId: string;
  /** Undefined for now; NaN where it cannot be told. */
  readonly startTimeMs: number | undefined;
  readonly isDryRun: boolean;
  readonly rates: readonly AskedRate[];
}

export const mostRates = 20_000;

export interface Rates {
  /** Answers how many rates the list has. */
  import(input: RateImport, caller: Caller): Promise<number>;
  list(
    request: PageRequest & { readonly accountId: string; readonly regionCode: string },
    principal: Principal,
  ): Promise<Page<ShownRate>>;
}

export function createRates({ store, sealer, clock, accounts, configuredIds }: RatesDeps): Rates {
  return {
    async import({ accountId, startTimeMs, isDryRun, rates }, caller) {
      const nowMs = clock.now();
      const startMs = startTimeMs ?? nowMs;
      if (!(startMs >= nowMs)) throw invalid("start_time", "must not be past");
      if (rates.length > mostRates) throw invalid("rates", `must be at most ${mostRates}`);
      if (rates.length === 0 && accountId === "") throw missing("rates");
      if (accountId !== "" && !isAccountId(accountId)) throw new SmsError("UNKNOWN_ACCOUNT");
      const { violations, ...list } = checkRates(rates);
      if (violations.length > 0) throw refuseFields(violations);
      const id = accountId === "" ? "" : toAccountId(accountId);
      if (!isDryRun)
        await store.importRates(
          actOf(caller, accountId, nowMs),
          { ...list, accountId: id, startTimeMs: startMs },
          configuredIds.includes(accountId),
        );
      return rates.length;
    },

    async list({ accountId, regionCode, ...page }, principal) {
      if (regionCode !== "" && !isCountry(regionCode))
        throw invalid("region_code", "must be the code of a country in two capital letters such as SE");
      const { id } = await accounts.get(accountId, principal);
      const held = await store.validRates(id, clock.now());
      const lines = held?.lines ?? [];
      const shown = (regionCode === "" ? lines : linesOf(regionCode, lines)).flatMap((line): ShownRate[] => {
        const { prefix, standard, premium } = line;
        const head = {
          ...{ regionCode: line.regionCode, prefix, currencyCode: held?.currencyCode ?? "" },
          ...{ startTimeMs: held?.startTimeMs ?? 0, accountId: held?.accountId ?? "" },
        };
        const rate = { ...head, unitMicros: standard, isPremium: false };
        return premium === standard ? [rate] : [rate, { ...head, unitMicros: premium, isPremium: true }];
      });
      const name = `rates\u0000${id}\u0000${regionCode}`;
      return pageOf(sealer, name, page, shown, keyOf);
    },
  };
}

/** What may hold for numbers of a country. */
function linesOf(country: string, lines: readonly PriceLine[]): readonly PriceLine[] {
  const { callingCode } = planOfCountry(country);
  const hasOwn = lines.some(({ regionCode, prefix }) => regionCode === country || prefix === callingCode);
  return lines.filter(({ regionCode, prefix }) => {
    if (prefix !== "") return prefix.startsWith(callingCode);
    return regionCode === "" ? !hasOwn : regionCode === country;
  });
}

const keyOf = ({ regionCode, prefix, isPremium }: ShownRate): string =>
  `${regionCode}\u0000${prefix}\u0000${isPremium ? 1 : 0}`;
