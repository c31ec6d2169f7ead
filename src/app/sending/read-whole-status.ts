/** Reads a message with all of its deliveries, page by page. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId, MessageId } from "../../domain/ids.ts";
import type { Store } from "../../store/store.ts";
import type { DeliveryView, StatusPage } from "../../store/views.ts";

const deliveriesPerRead = 1_000;

export interface WholeStatus {
  readonly page: StatusPage;
  /** All deliveries, by position. */
  readonly deliveries: readonly DeliveryView[];
}

/** The message; UNKNOWN_MESSAGE where retention has deleted it, for instance before its request id. */
export async function readWholeStatus(
  store: Pick<Store, "readStatus">,
  accountId: AccountId,
  messageId: MessageId,
): Promise<WholeStatus> {
  const deliveries: DeliveryView[] = [];
  let afterPosition: number | undefined = -1;
  for (;;) {
    const page: StatusPage | undefined = await store.readStatus(accountId, messageId, {
      afterPosition,
      limit: deliveriesPerRead,
      view: "BASIC",
    });
    if (page === undefined)
      throw new SmsError("UNKNOWN_MESSAGE", undefined, { metadata: { message_id: messageId } });
    deliveries.push(...page.deliveries);
    afterPosition = page.nextPosition;
    if (afterPosition === undefined) return { page, deliveries };
  }
}
