/** Lists an account's messages, newest first. */
import type { FieldViolation } from "../../domain/errors.ts";
import { refuseFields } from "../../domain/errors.ts";
import { type AccountId, parseMessageId } from "../../domain/ids.ts";
import type { Store } from "../../store/store.ts";
import type { ListFilter, MessageView } from "../../store/views.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";

export interface ListSmsInput extends PageRequest {
  /** Empty for all. */
  readonly clientReference: string;
  /** Milliseconds since the epoch; NaN where the timestamp is malformed. */
  readonly acceptedFromMs: number | undefined;
  readonly acceptedUntilMs: number | undefined;
}

export interface ListSmsDeps {
  readonly store: Pick<Store, "listMessages">;
  readonly sealer: TokenSealer;
}

export type ListSms = (input: ListSmsInput, accountId: AccountId) => Promise<Page<MessageView>>;

/** Makes the use case. */
export function createListSms({ store, sealer }: ListSmsDeps): ListSms {
  return async (input, accountId) => {
    const filter = parseFilter(input);
    const list = `sms\u0000${accountId}\u0000${JSON.stringify(filter)}`;
    const before = openPageToken(sealer, list, input);
    const { messages, next } = await store.listMessages(accountId, filter, {
      before: before === undefined ? undefined : parseMessageId(before),
      limit: pageSizeOf(input),
    });
    return { entries: messages, nextPageToken: next && sealPageToken(sealer, list, next) };
  };
}

function parseFilter(input: ListSmsInput): ListFilter {
  const violations: FieldViolation[] = [];
  const time = (field: string, value: number | undefined) => {
    if (Number.isNaN(value))
      violations.push({ field, reason: "INVALID_PARAMETER", description: "is not a valid timestamp" });
    return value;
  };
  const acceptedFromMs = time("accept_time_from", input.acceptedFromMs);
  const acceptedUntilMs = time("accept_time_until", input.acceptedUntilMs);
  if (violations.length > 0) throw refuseFields(violations);
  return {
    ...(input.clientReference !== "" && { clientReference: input.clientReference }),
    ...(acceptedFromMs !== undefined && { acceptedFromMs }),
    ...(acceptedUntilMs !== undefined && { acceptedUntilMs }),
  };
}
