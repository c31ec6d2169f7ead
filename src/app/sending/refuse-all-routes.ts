/** The refusal of a request that no gateway may carry to anyone: the content's faults at its fields, everything else at the recipients. */
import { type FieldViolation, refuseFields, type SmsError } from "../../domain/errors.ts";
import { statusCode } from "../../domain/status-code.ts";
import type { RouteRefusal } from "../../routing/route-refusal.ts";

/**
 * The refusal of a request of which no recipient is left, from each recipient's own; undefined for those refused otherwise. `prefix` comes
 * before the names of fields.
 */
export function refuseAllRoutes(refusals: readonly (RouteRefusal | undefined)[], prefix = ""): SmsError {
  const violations: FieldViolation[] = [];
  const contentFaults = new Map<string, FieldViolation>();
  for (const [index, refusal] of refusals.entries()) {
    if (refusal === undefined) continue;
    const { code, contentFault } = refusal;
    if (contentFault !== undefined)
      contentFaults.set(`${contentFault.field} ${contentFault.description}`, {
        ...contentFault,
        field: prefix + contentFault.field,
      });
    else
      violations.push({
        field: `${prefix}recipients[${index}]`,
        reason: code,
        description: statusCode(code).text,
      });
  }
  return refuseFields([...violations, ...contentFaults.values()]);
}
