/** The pieces of a streamed list, put together once all of them are there. */

import { invalid } from "../../app/calls/required-fields.ts";
import { mostRates } from "../../app/money/rates.ts";
import { SmsError } from "../../domain/errors.ts";
import type { ImportRatesRequest } from "../../gen/smsrelay/v1/admin_service.ts";
import { refuseUnreadable } from "../calls/read-requests.ts";

const mostInPiece = 1_000;

/** As one request. `signal` tells a stream that was broken off from one that has ended: half a list is none. */
export async function readPieces(
  pieces: AsyncIterable<ImportRatesRequest>,
  signal: AbortSignal,
): Promise<ImportRatesRequest> {
  const source = pieces[Symbol.asyncIterator]();
  // A key that ends breaks the stream off while nothing comes.
  const broken = Promise.withResolvers<undefined>();
  const onAbort = () => broken.resolve(undefined);
  signal.addEventListener("abort", onAbort);
  let whole: ImportRatesRequest | undefined;
  for (;;) {
    const next = await Promise.race([source.next(), broken.promise]);
    if (next === undefined || signal.aborted)
      throw new SmsError("SERVICE_UNAVAILABLE", "The stream was broken off.");
    if (next.done === true) break;
    const piece = next.value;
    refuseUnreadable(piece);
    if (piece.rates.length > mostInPiece) throw invalid("rates", `must be at most ${mostInPiece} in a piece`);
    if (whole === undefined) {
      whole = piece;
      continue;
    }
    if (piece.accountId !== "" || piece.startTime !== undefined || piece.dryRun)
      throw invalid("account_id", "stands, as start_time and dry_run do, in the first piece only");
    whole.rates.push(...piece.rates);
    if (whole.rates.length > mostRates) throw invalid("rates", `must be at most ${mostRates}`);
  }
  signal.removeEventListener("abort", onAbort);
  return whole ?? { accountId: "", startTime: undefined, dryRun: false, rates: [] };
}
