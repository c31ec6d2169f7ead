/**
 * Why no gateway may carry a delivery, as callers are told it: what the content is to blame for at the content's fields, everything
 * else at the recipient. Sending and previewing tell the same (P30).
 */
import { type FieldViolation, refuseFields, type SmsError } from "../domain/errors.ts";
import { type StatusCodeName, statusCode } from "../domain/status-code.ts";
import type { PlanResult } from "../encoding/message-plan.ts";
import type { RouteTable } from "../routing/compile-routes.ts";
import type { PlannedMessage, Plans } from "../routing/plan-memo.ts";
import { type LeftOut, refusalCodeOf } from "../routing/select-gateways.ts";

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

/** The refusal of a request of which no recipient is left, from each recipient's own; undefined for those refused otherwise. */
export function refuseAllRoutes(refusals: readonly (RouteRefusal | undefined)[]): SmsError {
  const violations: FieldViolation[] = [];
  const contentFaults = new Map<string, FieldViolation>();
  for (const [index, refusal] of refusals.entries()) {
    if (refusal === undefined) continue;
    const { code, contentFault } = refusal;
    if (contentFault !== undefined)
      contentFaults.set(`${contentFault.field} ${contentFault.description}`, contentFault);
    else violations.push({ field: `recipients[${index}]`, reason: code, description: statusCode(code).text });
  }
  return refuseFields([...violations, ...contentFaults.values()]);
}
