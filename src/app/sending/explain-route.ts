/** Tells operators for each gateway why it would be chosen or left out for a message, and sends nothing. */
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import {
  accountFormRule,
  type DeliveryId,
  deliveryIdOf,
  type GatewayId,
  isAccountId,
  type MessageId,
  parseMessageId,
  toAccountId,
  toDeliveryId,
} from "../../domain/ids.ts";
import type { PolicyRuleName } from "../../domain/policy-rule.ts";
import type { Clock } from "../../observability/clock.ts";
import { PlanMemo } from "../../routing/plan-memo.ts";
import type { LeftOutReason, NotNowReason } from "../../routing/route-gateway.ts";
import { notNowReason, selectGateways } from "../../routing/select-gateways.ts";
import type { Principal } from "../calls/principal.ts";
import { rulesOf, type Standings } from "../calls/standing.ts";
import type { Suppressions } from "../calls/suppressions.ts";
import { countryOf } from "./country-of.ts";
import { judgeRequest, recipientJudge, underPolicy } from "./obey-rules.ts";
import type { PumpingGuard } from "./pumping-guard.ts";
import { parseLookedAt } from "./request/parse-looked-at.ts";
import type { ContentInput, SendSmsInput } from "./request/send-request.ts";
import type { Routes } from "./route-deliveries.ts";

export interface ExplainRouteInput {
  readonly message: SendSmsInput | undefined;
  /** Empty for the key's own. */
  readonly accountId: string;
  /** Empty for a new one. */
  readonly deliveryId: string;
}

/** One gateway as routing sees it. */
export interface ExplainedGateway {
  readonly gatewayId: GatewayId;
  /** From 1; 0 where a rule leaves it out. */
  readonly rank: number;
  /** Why it is left out, why it cannot send now, or that other replicas send (ELSEWHERE). */
  readonly reason: LeftOutReason | NotNowReason | "ELSEWHERE" | undefined;
  readonly isReady: boolean;
  readonly segmentCount: number;
}

export interface ExplainRouteAnswer {
  /** Candidates in order, then those left out by id. */
  readonly gateways: readonly ExplainedGateway[];
  readonly country: string | undefined;
  readonly deliveryId: DeliveryId;
  /** The first of the account's rules that would refuse the message. */
  readonly rule: PolicyRuleName | undefined;
}

export interface ExplainRouteDeps {
  readonly routes: Routes;
  readonly newMessageId: () => MessageId;
  readonly clock: Pick<Clock, "now">;
  readonly standings: Standings;
  readonly suppressions: Suppressions;
  readonly guard: Pick<PumpingGuard, "begin">;
}

export type ExplainRoute = (input: ExplainRouteInput, principal: Principal) => Promise<ExplainRouteAnswer>;

const shortText: ContentInput = { kind: "text", text: "x" };
const positionForm = /^\.[0-9]{4}$/;

/** Makes the use case. */
export function createExplainRoute(deps: ExplainRouteDeps): ExplainRoute {
  return async (input, principal) => {
    const isAccount = input.accountId === "" || isAccountId(input.accountId);
    const accountId =
      input.accountId === "" || !isAccount ? principal.accountId : toAccountId(input.accountId);
    const rules = rulesOf(await deps.standings.of(accountId));
    const parsed = parseLookedAt(withContent(input.message), {
      maxRecipients: 1,
      policy: rules?.policy,
      purpose: "route",
    });
    const violations = parsed.kind === "refused" ? [...parsed.violations] : [];
    if (!isAccount) violations.push(malformed("account_id", accountFormRule));
    if (input.deliveryId !== "" && !isDeliveryId(input.deliveryId))
      violations.push(malformed("delivery_id", "is not the id of a delivery"));
    if (parsed.kind === "refused" || violations.length > 0) throw refuseFields(violations);
    const { request } = parsed;
    const [recipient] = request.recipients;
    if (recipient === undefined) throw new Error("a message was parsed without its recipient");

    const deliveryId =
      input.deliveryId === ""
        ? deliveryIdOf(deps.newMessageId(), 0)
        : toDeliveryId(input.deliveryId.toLowerCase());
    const country = countryOf(recipient);
    const table = deps.routes.table();
    const nowMs = deps.clock.now();
    const suppressed = await deps.suppressions.find(accountId, [recipient], nowMs);
    const guard = rules?.policy.pumpingGuard;
    const guarded = guard && (await deps.guard.begin(accountId, guard, { sends: false }));
    const rule =
      (rules && judgeRequest(rules, request, table)?.rule) ??
      recipientJudge(rules, { suppressed, guarded }, request, nowMs)?.(recipient, country)?.rule;
    const sent = underPolicy(request, rules?.policy);
    const selection = selectGateways(
      {
        deliveryId,
        accountId,
        sender: request.sender,
        recipient,
        country,
        premium: request.premium,
        lane: sent.lane,
        refusedBy: [],
        plans: new PlanMemo({ ...request, ...sent }),
      },
      table,
      deps.routes.health,
    );
    const isElsewhere = (gatewayId: GatewayId) => deps.routes.health(gatewayId).kind === "elsewhere";
    const candidates = selection.candidates.map(
      (candidate, index): ExplainedGateway => ({
        gatewayId: candidate.gatewayId,
        rank: index + 1,
        reason: candidate.notNow ?? (isElsewhere(candidate.gatewayId) ? "ELSEWHERE" : undefined),
        isReady: candidate.notNow === undefined,
        segmentCount: candidate.plan.segments.length,
      }),
    );
    const leftOut = selection.leftOut
      .toSorted((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1))
      .map(
        ({ gatewayId, reason }): ExplainedGateway => ({
          gatewayId,
          rank: 0,
          reason,
          isReady: notNowReason(deps.routes.health(gatewayId)) === undefined,
          segmentCount: 0,
        }),
      );
    return { gateways: [...candidates, ...leftOut], country, deliveryId, rule };
  };
}

function withContent(message: SendSmsInput | undefined): SendSmsInput | undefined {
  return message && { ...message, content: message.content ?? shortText };
}

function isDeliveryId(value: string): boolean {
  return parseMessageId(value.slice(0, 36)) !== undefined && positionForm.test(value.slice(36));
}

function malformed(field: string, description: string): FieldViolation {
  return { field, reason: "INVALID_PARAMETER", description };
}
