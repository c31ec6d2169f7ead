/**
 * The refusal of a request of which nothing goes to anyone, by rules of the account or for want of a gateway: the content's faults at its
 * fields, everything else at the recipients.
 */
import { type FieldViolation, SmsError } from "../../domain/errors.ts";
import { statusCode } from "../../domain/status-code.ts";
import type { RecipientFault } from "../../policy/rules/rule.ts";
import type { RouteRefusal } from "../../routing/route-refusal.ts";

/** Why one recipient gets nothing. */
export type RecipientRefusal = RouteRefusal | RecipientFault;

/**
 * The refusal of a request of which no recipient is left, from each recipient's own; undefined for those refused otherwise. `prefix` comes
 * before the names of fields.
 */
export function refuseAllRoutes(refusals: readonly (RecipientRefusal | undefined)[], prefix = ""): SmsError {
  const violations: FieldViolation[] = [];
  const told = new Set<string>();
  for (const [index, refusal] of refusals.entries()) {
    if (refusal === undefined) continue;
    const { code } = refusal;
    const contentFault = "rule" in refusal ? undefined : refusal.contentFault;
    if (contentFault !== undefined) {
      const identity = `${contentFault.field} ${contentFault.description}`;
      // It stands once, where the first recipient meets it: the call's code is that of the first.
      if (!told.has(identity)) violations.push({ ...contentFault, field: prefix + contentFault.field });
      told.add(identity);
    } else
      violations.push({
        field: `${prefix}recipients[${index}]`,
        reason: code,
        description: "rule" in refusal ? refusal.description : statusCode(code).text,
      });
  }
  const [first] = violations;
  if (first === undefined) throw new RangeError("a refusal needs a recipient that is refused");
  const faults = refusals.filter((refusal) => refusal !== undefined && "rule" in refusal);
  const fault = faults.find(({ code }) => code === first.reason);
  // The last of those that only have to wait: then all of them may be sent.
  const waitMs = Math.max(...faults.map(({ retryAfterMs = 0 }) => retryAfterMs));
  return new SmsError(first.reason, undefined, {
    violations,
    ...(fault && { metadata: { rule: fault.rule } }),
    ...(fault?.retryAfterMs === undefined ? {} : { retryAfterMs: waitMs }),
  });
}
