/** Pages of lists: their size, and the token that leads to the next one, sealed for the list and its filter. */
import { SmsError } from "../../domain/errors.ts";
import { invalid } from "./required-fields.ts";
import type { TokenSealer } from "./sealed-token.ts";

const defaultPageSize = 100;
const largestPageSize = 1_000;

/** The page that a caller asks for. */
export interface PageRequest {
  /** 0 for the default; more than the largest means the largest; negative ones are refused. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

/** The size of the page; INVALID_PARAMETER where it is negative. */
export function pageSizeOf({ pageSize }: PageRequest): number {
  if (pageSize < 0) throw invalid("page_size", "must not be negative");
  return pageSize === 0 ? defaultPageSize : Math.min(pageSize, largestPageSize);
}

/** The value in the request's token, undefined on the first page; INVALID_CURSOR where it belongs to another list. */
export function openPageToken(
  sealer: TokenSealer,
  list: string,
  { pageToken }: PageRequest,
): string | undefined {
  if (pageToken === "") return undefined;
  const value = sealer.open(`page\u0000${list}`, pageToken);
  if (value !== undefined) return value;
  throw new SmsError("INVALID_CURSOR", undefined, {
    violations: [
      { field: "page_token", reason: "INVALID_CURSOR", description: "is not a token of this list" },
    ],
  });
}

export function sealPageToken(sealer: TokenSealer, list: string, value: string): string {
  return sealer.seal(`page\u0000${list}`, value);
}

export interface Page<Entry> {
  readonly entries: readonly Entry[];
  /** Undefined at the end. */
  readonly nextPageToken: string | undefined;
}

/** Reads a page of a list that the store has in the order of distinct keys; `read` answers at most `limit` after one of them. */
export async function readPage<Entry>(
  sealer: TokenSealer,
  list: string,
  request: PageRequest,
  read: (after: string | undefined, limit: number) => Promise<readonly Entry[]>,
  keyOf: (entry: Entry) => string,
): Promise<Page<Entry>> {
  const limit = pageSizeOf(request);
  const found = await read(openPageToken(sealer, list, request), limit + 1);
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  const isEnd = last === undefined || found.length <= limit;
  return { entries, nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, keyOf(last)) };
}

/** Cuts a page out of a whole list in ascending order of distinct keys. */
export function pageOf<Entry>(
  sealer: TokenSealer,
  list: string,
  request: PageRequest,
  all: readonly Entry[],
  keyOf: (entry: Entry) => string,
): Page<Entry> {
  const after = openPageToken(sealer, list, request);
  const start = after === undefined ? 0 : all.findIndex((entry) => keyOf(entry) > after);
  const entries = start < 0 ? [] : all.slice(start, start + pageSizeOf(request));
  const last = entries.at(-1);
  const isEnd = last === undefined || start + entries.length >= all.length;
  return { entries, nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, keyOf(last)) };
}
