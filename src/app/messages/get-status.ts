/** Shows where a message and its deliveries are, page by page. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import { holdsScope } from "../../domain/scopes.ts";
import type { Store } from "../../store/store.ts";
import type { DeliveryView, MessageView } from "../../store/views.ts";
import { openPageToken, type PageRequest, pageSizeOf, sealPageToken } from "../calls/page-token.ts";
import type { Principal } from "../calls/principal.ts";
import { invalid, requireMessageId } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";

export interface GetStatusInput extends PageRequest {
  readonly messageId: string;
  readonly view: "BASIC" | "FULL" | Unknown;
}

export interface StatusAnswer {
  readonly message: MessageView;
  readonly deliveries: readonly DeliveryView[];
  readonly nextPageToken: string | undefined;
}

export interface GetStatusDeps {
  readonly store: Pick<Store, "readStatus">;
  readonly sealer: TokenSealer;
}

export type GetStatus = (input: GetStatusInput, principal: Principal) => Promise<StatusAnswer>;

/** Makes the use case. Gateways that were left out are shown to operators only. */
export function createGetStatus({ store, sealer }: GetStatusDeps): GetStatus {
  return async (input, principal) => {
    const messageId = requireMessageId(input.messageId);
    if (input.view === "UNRECOGNIZED") throw invalid("view", "must be unset, BASIC or FULL");
    const list = listOf(principal.accountId, messageId);
    const after = openPageToken(sealer, list, input);
    const page = await store.readStatus(principal.accountId, messageId, {
      afterPosition: after === undefined ? -1 : Number(after),
      limit: pageSizeOf(input),
      view: input.view,
    });
    if (page === undefined) throw new SmsError("UNKNOWN_MESSAGE");
    const { deliveries, nextPosition } = page;
    return {
      message: page,
      deliveries: holdsScope(principal.scopes, "ADMIN") ? deliveries : deliveries.map(withoutLeftOut),
      nextPageToken:
        nextPosition === undefined ? undefined : sealPageToken(sealer, list, String(nextPosition)),
    };
  };
}

function listOf(accountId: AccountId, messageId: string): string {
  return `status\u0000${accountId}\u0000${messageId}`;
}

function withoutLeftOut(delivery: DeliveryView): DeliveryView {
  if (delivery.attempts.length === 0) return delivery;
  const attempts = delivery.attempts.map((attempt) => ({
    ...attempt,
    trace: { ...attempt.trace, leftOut: [] },
  }));
  return { ...delivery, attempts };
}
