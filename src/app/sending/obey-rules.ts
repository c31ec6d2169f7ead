/** What the rules of an account make of one message: how it is sent, whether it is refused, and whom it may go to. */
import { SmsError } from "../../domain/errors.ts";
import type { Lane } from "../../domain/message.ts";
import { defaultValidityMs } from "../../policy/effective-policy.ts";
import { judgeCall, judgeRecipient, type Rules, rulesOfAll } from "../../policy/order.ts";
import type { AccountPolicy } from "../../policy/policy.ts";
import type { CallFault, RecipientFacts } from "../../policy/rules/rule.ts";
import type { RouteTable } from "../../routing/compile-routes.ts";
import { PlanMemo, type PlannedMessage } from "../../routing/plan-memo.ts";
import type { Suppressed } from "../calls/suppressions.ts";
import { knownCountryOf } from "./country-of.ts";
import type { GuardedRequest } from "./pumping-guard.ts";
import type { SendRequest } from "./request/send-request.ts";
import type { JudgeRecipient } from "./route-deliveries.ts";

const notSuppressed: RecipientFacts["suppressions"] = [];

/** The request with what the account's policy says where the request is silent, or asks for more. */
export function underPolicy(
  { lane, maxSegments, validityMs }: Pick<SendRequest, "lane" | "maxSegments" | "validityMs">,
  policy: AccountPolicy | undefined,
): { readonly lane: Lane; readonly maxSegments: number; readonly validityMs: number } {
  if (policy === undefined)
    return { lane: lane ?? "NORMAL", maxSegments, validityMs: validityMs ?? defaultValidityMs };
  return {
    lane: laneOf({ lane }, policy),
    maxSegments:
      policy.oneTimePasswordsOnly === true ? 1 : Math.min(maxSegments, policy.maxSegments ?? maxSegments),
    validityMs: validityMs ?? policy.defaultValidityMs ?? defaultValidityMs,
  };
}

function laneOf({ lane }: Pick<SendRequest, "lane">, policy: AccountPolicy): Lane {
  return lane ?? (policy.oneTimePasswordsOnly === true ? "OTP" : "NORMAL");
}

/** The first rule that refuses the whole message. */
export function judgeRequest(rules: Rules, request: SendRequest, table: RouteTable): CallFault | undefined {
  return judgeCall(rules, {
    sender: request.sender.address === "" ? undefined : request.sender.address,
    recipientCount: request.recipients.length,
    premium: request.premium,
    isText: request.content.kind === "text",
    lane: request.lane,
    contentCategory: request.contentCategory,
    needsSegments: () => fitsNowhere({ ...request, maxSegments: 1 }, table),
  });
}

/** The refusal that `judgeRequest` found; `prefix` comes before the names of fields. */
export function refuseByRule({ rule, violations }: CallFault, prefix = ""): SmsError {
  const [first] = violations;
  if (first === undefined) throw new RangeError("a fault has a violation");
  return new SmsError(first.reason, undefined, {
    violations: violations.map((violation) => ({ ...violation, field: prefix + violation.field })),
    metadata: { rule },
  });
}

/** What is known of recipients beside their numbers. */
export interface KnownOfRecipients {
  readonly suppressed: Suppressed | undefined;
  /** Of an account with a guard; whoever is let pass is counted. */
  readonly guarded?: GuardedRequest | undefined;
}

/** Judges recipients one by one; undefined where nothing speaks against any. */
export function recipientJudge(
  rules: Rules | undefined,
  { suppressed, guarded }: KnownOfRecipients,
  { sender, contentCategory, ...request }: Pick<SendRequest, "sender" | "contentCategory" | "lane">,
  nowMs: number,
): JudgeRecipient | undefined {
  const { judgesAll, policy } = rules ?? rulesOfAll;
  if (!judgesAll && suppressed === undefined && guarded === undefined) return undefined;
  const lane = laneOf(request, policy);
  return (number, country) => {
    const suppressions = suppressed?.get(number);
    if (!judgesAll && suppressions === undefined && guarded === undefined) return undefined;
    const sent = guarded?.sentTo(number, country);
    const fault = judgeRecipient(rules ?? rulesOfAll, {
      number,
      sender,
      country,
      knownCountry: knownCountryOf(number),
      contentCategory,
      lane,
      suppressions: suppressions ?? notSuppressed,
      sent,
      nowMs,
    });
    if (sent !== undefined && fault === undefined) guarded?.take(number, country, sent);
    else if (sent !== undefined && fault?.rule === "PUMPING_GUARD") guarded?.refuse(sent);
    return fault;
  };
}

/** Whether the content needs too many segments at every gateway. */
function fitsNowhere(message: PlannedMessage, { gateways }: RouteTable): boolean {
  const plans = new PlanMemo(message);
  const results = [...gateways.values()].map(({ profile }) => plans.planFor(profile).kind);
  return results.length > 0 && results.every((kind) => kind === "too_many_segments");
}
