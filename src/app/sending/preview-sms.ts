/** Plans content without sending it, by the functions that sending uses (P30). */
import { refuseFields, SmsError } from "../../domain/errors.ts";
import { deliveryIdOf, type MessageId, toGatewayId } from "../../domain/ids.ts";
import { holdsScope } from "../../domain/scopes.ts";
import { baselineProfile } from "../../encoding/baseline-profile.ts";
import type { EncodingProfile, MessagePlan } from "../../encoding/message-plan.ts";
import type { Clock } from "../../observability/clock.ts";
import { PlanMemo, type PlannedMessage } from "../../routing/plan-memo.ts";
import { contentViolation, refuseRoute } from "../../routing/route-refusal.ts";
import { selectGateways } from "../../routing/select-gateways.ts";
import type { Principal } from "../calls/principal.ts";
import { rulesOf, type Standings } from "../calls/standing.ts";
import type { Suppressions } from "../calls/suppressions.ts";
import { countryOf } from "./country-of.ts";
import { judgeRequest, recipientJudge, refuseByRule, underPolicy } from "./obey-rules.ts";
import type { PumpingGuard } from "./pumping-guard.ts";
import { type RecipientRefusal, refuseAllRoutes } from "./refuse-all-routes.ts";
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
  readonly rejected: readonly RecipientAnswer[];
}

export interface PreviewSmsDeps {
  readonly routes: Routes;
  readonly newMessageId: () => MessageId;
  readonly clock: Pick<Clock, "now">;
  readonly standings: Standings;
  readonly suppressions: Suppressions;
  readonly guard: Pick<PumpingGuard, "begin">;
  readonly maxRecipients: number;
}

export type PreviewSms = (input: PreviewSmsInput, principal: Principal) => Promise<PreviewAnswer>;

/** Makes the use case. */
export function createPreviewSms(deps: PreviewSmsDeps): PreviewSms {
  return async (input, principal) => {
    const rules = rulesOf(await deps.standings.of(principal.accountId));
    const parsed = parseLookedAt(input.message, {
      maxRecipients: deps.maxRecipients,
      policy: rules?.policy,
      purpose: "plan",
    });
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
    const table = deps.routes.table();
    const fault = rules && judgeRequest(rules, request, table);
    if (fault !== undefined) throw refuseByRule(fault, messagePrefix);
    const planned = { ...request, ...underPolicy(request, rules?.policy) };
    if (!wantsRecipients) return previewProfile(planned, profileOf(deps, input.gatewayId, principal));

    const nowMs = deps.clock.now();
    const suppressed = await deps.suppressions.find(principal.accountId, request.recipients, nowMs);
    const guard = rules?.policy.pumpingGuard;
    const guarded = guard && (await deps.guard.begin(principal.accountId, guard, { sends: false }));
    const judge = recipientJudge(rules, { suppressed, guarded }, request, nowMs);
    const given = input.message?.recipients ?? [];
    const plans = new PlanMemo(planned);
    const messageId = deps.newMessageId();
    const byPlan = new Map<MessagePlan, string[]>();
    const rejected: RecipientAnswer[] = [];
    const refusals: RecipientRefusal[] = [];
    const refuse = (position: number, refusal: RecipientRefusal) => {
      refusals.push(refusal);
      rejected.push(rejectedAnswer(given[position] ?? "", refusal));
    };
    for (const [position, recipient] of request.recipients.entries()) {
      if (position > 0 && position % recipientsPerTurn === 0) await nextTurn();
      if (recipient === undefined) continue;
      const country = countryOf(recipient);
      const refusal = judge?.(recipient, country);
      if (refusal !== undefined) {
        refuse(position, refusal);
        continue;
      }
      const { head, leftOut } = selectGateways(
        {
          deliveryId: deliveryIdOf(messageId, position),
          accountId: principal.accountId,
          sender: request.sender,
          recipient,
          country,
          premium: request.premium,
          lane: planned.lane,
          refusedBy: [],
          plans,
        },
        table,
        deps.routes.health,
      );
      if (head === undefined) {
        refuse(position, refuseRoute(leftOut, planned, plans, table));
        continue;
      }
      const users = byPlan.get(head.plan);
      if (users === undefined) byPlan.set(head.plan, [given[position] ?? recipient]);
      else users.push(given[position] ?? recipient);
    }
    if (byPlan.size === 0) throw refuseAllRoutes(refusals, messagePrefix);
    return { plans: [...byPlan].map(([plan, users]) => ({ plan, recipients: users })), rejected };
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
  return { plans: [{ plan: planned.plan, recipients: [] }], rejected: [] };
}

function rejectedAnswer(recipient: string, refusal: RecipientRefusal): RecipientAnswer {
  return {
    recipient,
    code: refusal.code,
    deliveryId: undefined,
    state: undefined,
    encoding: undefined,
    segmentCount: 0,
    rule: "rule" in refusal ? refusal.rule : undefined,
  };
}
