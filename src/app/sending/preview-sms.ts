/** Plans content without sending it, by the functions that sending uses (P30). */
import { refuseFields, SmsError } from "../../domain/errors.ts";
import { deliveryIdOf, type MessageId, toGatewayId } from "../../domain/ids.ts";
import { holdsScope } from "../../domain/scopes.ts";
import { baselineProfile } from "../../encoding/baseline-profile.ts";
import type { EncodingProfile, MessagePlan } from "../../encoding/message-plan.ts";
import { PlanMemo, type PlannedMessage } from "../../routing/plan-memo.ts";
import { contentViolation, type RouteRefusal, refuseRoute } from "../../routing/route-refusal.ts";
import { selectGateways } from "../../routing/select-gateways.ts";
import type { Principal } from "../calls/principal.ts";
import type { CountryOf } from "./country-of.ts";
import { refuseAllRoutes } from "./refuse-all-routes.ts";
import { inMessage, messagePrefix, parseLookedAt } from "./request/parse-looked-at.ts";
import { nextTurn, recipientsPerTurn } from "./request/recipients.ts";
import type { SendSmsInput } from "./request/send-request.ts";
import type { Routes } from "./route-deliveries.ts";
import type { RecipientAnswer } from "./send-answer.ts";

export interface PreviewSmsInput {
  readonly message: SendSmsInput | undefined;
  /** Empty for none. */
  readonly gatewayId: string;
}

export interface PreviewedPlan {
  readonly plan: MessagePlan;
  readonly recipients: readonly string[];
}

export interface PreviewAnswer {
  readonly plans: readonly PreviewedPlan[];
  readonly unroutable: readonly RecipientAnswer[];
}

export interface PreviewSmsDeps {
  readonly routes: Routes;
  readonly countryOf: CountryOf;
  readonly newMessageId: () => MessageId;
  readonly maxRecipients: number;
}

export type PreviewSms = (input: PreviewSmsInput, principal: Principal) => Promise<PreviewAnswer>;

/** Makes the use case. */
export function createPreviewSms(deps: PreviewSmsDeps): PreviewSms {
  return async (input, principal) => {
    const parsed = parseLookedAt(input.message, { maxRecipients: deps.maxRecipients, purpose: "plan" });
    const violations = parsed.kind === "refused" ? [...parsed.violations] : [];
    const wantsRecipients = input.message !== undefined && input.message.recipients.length > 0;
    if (wantsRecipients && input.gatewayId !== "")
      violations.push({
        field: "gateway_id",
        reason: "INVALID_PARAMETER",
        description: "must not be given together with recipients",
      });
    if (parsed.kind === "refused" || violations.length > 0) throw refuseFields(violations);
    const { request } = parsed;
    if (!wantsRecipients) return previewProfile(request, profileOf(deps, input.gatewayId, principal));

    const table = deps.routes.table();
    const plans = new PlanMemo(request);
    const messageId = deps.newMessageId();
    const byPlan = new Map<MessagePlan, string[]>();
    const unroutable: RecipientAnswer[] = [];
    const refusals: RouteRefusal[] = [];
    for (const [position, recipient] of request.recipients.entries()) {
      if (position > 0 && position % recipientsPerTurn === 0) await nextTurn();
      if (recipient === undefined) continue;
      const { head, leftOut } = selectGateways(
        {
          deliveryId: deliveryIdOf(messageId, position),
          accountId: principal.accountId,
          sender: request.sender,
          recipient,
          country: deps.countryOf(recipient),
          premium: request.premium,
          refusedBy: [],
          plans,
        },
        table,
        deps.routes.health,
      );
      if (head === undefined) {
        const refusal = refuseRoute(leftOut, request, plans, table);
        refusals.push(refusal);
        unroutable.push(unroutableAnswer(recipient, refusal.code));
      } else if (byPlan.get(head.plan)?.push(recipient) === undefined) byPlan.set(head.plan, [recipient]);
    }
    if (byPlan.size === 0) throw refuseAllRoutes(refusals, messagePrefix);
    return { plans: [...byPlan].map(([plan, users]) => ({ plan, recipients: users })), unroutable };
  };
}

/** A gateway that is kept from an account does not exist for it; operators may look at all. */
function profileOf(deps: PreviewSmsDeps, gatewayId: string, principal: Principal): EncodingProfile {
  if (gatewayId === "") return baselineProfile;
  const gateway = deps.routes.table().gateways.get(toGatewayId(gatewayId));
  const isKept =
    !holdsScope(principal.scopes, "ADMIN") && gateway?.rules.accounts?.has(principal.accountId) === false;
  if (gateway === undefined || isKept) throw new SmsError("UNKNOWN_GATEWAY");
  return gateway.profile;
}

function previewProfile(message: PlannedMessage, profile: EncodingProfile): PreviewAnswer {
  const planned = new PlanMemo(message).planFor(profile);
  if (planned.kind !== "planned") throw refuseFields([inMessage(contentViolation(message, planned))]);
  return { plans: [{ plan: planned.plan, recipients: [] }], unroutable: [] };
}

function unroutableAnswer(recipient: string, code: RecipientAnswer["code"]): RecipientAnswer {
  return { recipient, code, deliveryId: undefined, state: undefined, encoding: undefined, segmentCount: 0 };
}
