/** Reads a message with all of its deliveries, page by page. */
import { SmsError } from "../domain/errors.ts";
import type { AccountId, MessageId } from "../domain/ids.ts";
import type { DeliveryView, StatusPage, Store } from "../store/store.ts";

const deliveriesPerRead = 1_000;

export interface WholeStatus {
  readonly page: StatusPage;
  /** All deliveries, by position. */
  readonly deliveries: readonly DeliveryView[];
}

/** The message, which the caller knows to exist. */
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
      throw new SmsError("INTERNAL_ERROR", undefined, { cause: new Error("message is gone") });
    deliveries.push(...page.deliveries);
    afterPosition = page.nextPosition;
    if (afterPosition === undefined) return { page, deliveries };
  }
}
