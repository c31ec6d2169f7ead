/**
 * Tells callers why no gateway may carry a delivery; a violation names the content's field where that is to blame. Accepting, previewing
 * and dispatching say the same (P30).
 */
import type { FieldViolation } from "../domain/errors.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { PlanResult } from "../encoding/message-plan.ts";
import type { RouteTable } from "./compile-routes.ts";
import type { PlannedMessage, Plans } from "./plan-memo.ts";
import { type LeftOut, refusalCodeOf } from "./select-gateways.ts";

/** A content that a gateway, or the request itself, does not let through. */
type Unplanned = Exclude<PlanResult, { kind: "planned" }>;

export interface RouteRefusal {
  readonly code: StatusCodeName;
  /** Set where the content is to blame. */
  readonly contentFault: FieldViolation | undefined;
}

/** The refusal of a delivery for which every gateway was left out: the number of segments comes first, then other faults of the content. */
export function refuseRoute(
  leftOut: readonly LeftOut[],
  message: PlannedMessage,
  plans: Plans,
  table: RouteTable,
): RouteRefusal {
  let fault: Unplanned | undefined;
  for (const { gatewayId, reason } of leftOut) {
    const gateway = table.gateways.get(gatewayId);
    if (gateway === undefined || (reason !== "TOO_MANY_SEGMENTS" && reason !== "ENCODING")) continue;
    const planned = plans.planFor(gateway.profile);
    if (planned.kind === "too_many_segments") return toRefusal(message, planned);
    if (planned.kind === "not_encodable" && planned.reason !== "ENCODING_NOT_SUPPORTED") fault ??= planned;
  }
  return fault === undefined
    ? { code: refusalCodeOf(leftOut), contentFault: undefined }
    : toRefusal(message, fault);
}

function toRefusal(message: PlannedMessage, fault: Unplanned): RouteRefusal {
  const contentFault = contentViolation(message, fault);
  return { code: contentFault.reason, contentFault };
}

/** The violation that tells why a content has no plan. */
export function contentViolation({ content }: PlannedMessage, fault: Unplanned): FieldViolation {
  if (fault.kind === "too_many_segments") {
    const allows = fault.limitedBy === "request" ? "max_segments allows" : "the gateway allows";
    const description = `needs ${fault.segmentCount} segments; ${allows} ${fault.limit}`;
    return { field: content.kind, reason: "MAX_SMS_PER_MESSAGE_EXCEEDED", description };
  }
  switch (fault.reason) {
    case "INVALID_USER_DATA_HEADER":
      return {
        field: "binary.udh",
        reason: "INVALID_MESSAGE_SEGMENT",
        description: "leaves no room for data",
      };
    case "CHARACTER_NOT_IN_ALPHABET": {
      const count = fault.forcingCharacters.length;
      const offset = fault.forcingCharacters[0]?.offset ?? 0;
      const description = `${count} characters do not fit the 7-bit alphabet; first at UTF-16 offset ${offset}`;
      return { field: "encoding", reason: "INVALID_MESSAGE_TYPE", description };
    }
    case "ENCODING_NOT_SUPPORTED":
      return {
        field: content.kind,
        reason: "NO_ROUTE",
        description: "the gateway cannot carry this content",
      };
  }
}
