/** Calls about prices, of two services: operators import lists, accounts look at what holds for them. */
import type { Rates, ShownRate } from "../../app/money/rates.ts";
import { SmsError } from "../../domain/errors.ts";
import { holdsScope } from "../../domain/scopes.ts";
import type { Rate } from "../../gen/smsrelay/v1/account.ts";
import type { AccountServiceDefinition } from "../../gen/smsrelay/v1/account_service.ts";
import { type AdminServiceDefinition, ImportRatesRequest } from "../../gen/smsrelay/v1/admin_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromDate, toDate } from "../translate/time.ts";
import { readPieces } from "./read-pieces.ts";

/** Imports that are not whole yet: each may hold a list in memory. */
const mostUnfinished = 4;
/** How long an import may take to be whole. */
const longestMs = 60_000;

export const rateListScopes = { listRates: "READ" } as const satisfies ScopesOf<AccountServiceDefinition>;
export const rateImportScopes = { importRates: "ADMIN" } as const satisfies ScopesOf<AdminServiceDefinition>;

export function createRateListCalls({
  rates,
}: {
  readonly rates: Rates;
}): Pick<Handlers<AccountServiceDefinition>, keyof typeof rateListScopes> {
  return {
    listRates: async (request, principal) => {
      const { entries, nextPageToken = "" } = await rates.list(request, principal);
      const isOperator = holdsScope(principal.scopes, "ADMIN");
      return { rates: entries.map((rate) => toRate(rate, isOperator)), nextPageToken };
    },
  };
}

export function createRateImportCalls({
  rates,
  log,
}: {
  readonly rates: Rates;
  readonly log: Logger;
}): Pick<Handlers<AdminServiceDefinition>, keyof typeof rateImportScopes> {
  let unfinished = 0;
  const readWhole = async (pieces: AsyncIterable<ImportRatesRequest>, signal: AbortSignal) => {
    if (unfinished >= mostUnfinished) throw new SmsError("OVERLOADED", "Too many lists come in at once.");
    unfinished += 1;
    try {
      return await readPieces(pieces, AbortSignal.any([signal, AbortSignal.timeout(longestMs)]));
    } finally {
      unfinished -= 1;
    }
  };
  return {
    importRates: async (pieces, principal, context) => {
      const request = await readWhole(pieces, context.signal);
      const caller = await callerOf(ImportRatesRequest, request, principal, context);
      const { accountId, dryRun: isDryRun } = request;
      const asked = request.rates.map(({ regionCode, prefix, price, premium: isPremium }) => ({
        ...{ regionCode, prefix, price, isPremium },
      }));
      const startTimeMs = fromDate(request.startTime);
      const rateCount = await rates.import({ accountId, startTimeMs, isDryRun, rates: asked }, caller);
      const told = { account: accountId, rateCount, ...actor(principal, context) };
      if (!isDryRun) log.info(told, "An operator imported prices.");
      return { rateCount };
    },
  };
}

function toRate(rate: ShownRate, isOperator: boolean): Rate {
  const { regionCode, prefix, currencyCode, unitMicros, isPremium, startTimeMs, accountId } = rate;
  return {
    ...{ regionCode, prefix, premium: isPremium, startTime: toDate(startTimeMs) },
    price: { currencyCode, amountMicros: BigInt(unitMicros) },
    accountId: isOperator ? accountId : "",
  };
}
