/** Where a stream begins, the same for every feed. */

import { faultsOfId } from "../../app/subscriptions/create-subscriptions.ts";
import type { FeedStart } from "../../app/subscriptions/feed-start.ts";
import type { FieldViolation } from "../../domain/errors.ts";
import type { StreamStart } from "../../gen/smsrelay/v1/subscription.ts";
import { fromInitialStart } from "../translate/enums.ts";
import { fromDate } from "../translate/time.ts";

/** Adds what is wrong to `violations`; the start is good where nothing was added. */
export function fromStreamStart(start: StreamStart | undefined, violations: FieldViolation[]): FeedStart {
  const initialStart = fromInitialStart(start?.initialStart ?? 0);
  const refuse = (field: string, description: string) =>
    violations.push({ field, reason: "INVALID_PARAMETER", description });
  if (initialStart === "UNRECOGNIZED") refuse("start.initial_start", "must be unset, NOW or EARLIEST");
  const isEarliest = initialStart === "EARLIEST";
  const position = start?.position;
  switch (position?.$case) {
    case undefined:
      return { kind: isEarliest ? "earliest" : "now" };
    case "subscriptionId":
      violations.push(...faultsOfId("start.subscription_id", position.value));
      return {
        kind: "subscription",
        name: position.value,
        initialStart: isEarliest ? "EARLIEST" : "NOW",
      };
    case "cursor":
      if (start?.initialStart !== 0) refuse("start.initial_start", "must be unset beside a cursor");
      return { kind: "cursor", cursor: position.value };
    case "startTime": {
      const timeMs = fromDate(position.value) ?? Number.NaN;
      if (Number.isNaN(timeMs)) refuse("start.start_time", "is not a valid timestamp");
      if (start?.initialStart !== 0) refuse("start.initial_start", "must be unset beside a time");
      return { kind: "time", timeMs };
    }
  }
}
