/** Turns the recipients of a message into deliveries: equal numbers become one, and each is routed or refused by policy. */
import { deliveryIdOf } from "../../domain/ids.ts";
import type { E164, Message } from "../../domain/message.ts";
import { policyReason } from "../../domain/policy-rule.ts";
import type { RecipientFault } from "../../policy/rules/rule.ts";
import type { CompiledGateway, RouteTable } from "../../routing/compile-routes.ts";
import { PlanMemo, type Plans } from "../../routing/plan-memo.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import { refuseRoute } from "../../routing/route-refusal.ts";
import { selectGateways } from "../../routing/select-gateways.ts";
import type { NewDelivery, RecipientOutcome } from "../../store/accepting.ts";
import { countryOf } from "./country-of.ts";
import type { RecipientRefusal } from "./refuse-all-routes.ts";
import { nextTurn, recipientsPerTurn } from "./request/recipients.ts";
import type { ParsedRecipient } from "./request/send-request.ts";

/** What routing needs to know of the present. */
export interface Routes {
  /** The gateways of the configuration in force. */
  table(): RouteTable;
  health(gatewayId: CompiledGateway["id"]): GatewayHealth;
}

export interface RoutedDeliveries {
  /** One for each distinct number in good form, by position. */
  readonly deliveries: readonly NewDelivery[];
  /** One for each recipient of the request, in order. */
  readonly outcomes: readonly RecipientOutcome[];
  /** Why deliveries are refused, by their position. */
  readonly refusals: ReadonlyMap<number, RecipientRefusal>;
  /** The plans that were made on the way. */
  readonly plans: Plans;
}

const noRefusals: ReadonlyMap<number, RecipientRefusal> = new Map();

/** What an account's rules say of one recipient; undefined where nothing speaks against it. */
export type JudgeRecipient = (number: E164, country: string | undefined) => RecipientFault | undefined;

/**
 * Routes every recipient that the account may send to by the table as it stands now: at once, or with turns of other calls in between where there are more than
 * 100.
 */
export function routeDeliveries(
  message: Message,
  recipients: readonly ParsedRecipient[],
  deps: { readonly routes: Routes },
  judge: JudgeRecipient | undefined,
): RoutedDeliveries | Promise<RoutedDeliveries> {
  const table = deps.routes.table();
  const plans = new PlanMemo(message);
  const positions = recipients.length > 1 ? new Map<E164, number>() : undefined;
  const deliveries: NewDelivery[] = [];
  const outcomes: RecipientOutcome[] = [];
  let refusals: Map<number, RecipientRefusal> | undefined;

  function refuse(position: number, refusal: RecipientRefusal): NewDelivery["admission"] {
    refusals ??= new Map();
    refusals.set(position, refusal);
    const reason = "rule" in refusal ? policyReason(refusal.rule) : "NO_ROUTE";
    return { kind: "rejected", code: refusal.code, reason };
  }

  function addDelivery(recipient: E164): number {
    const position = deliveries.length;
    const id = deliveryIdOf(message.id, position);
    const country = countryOf(recipient);
    const fault = judge?.(recipient, country);
    if (fault !== undefined) {
      deliveries.push({ id, recipient, country, admission: refuse(position, fault), wantsClaim: false });
      return position;
    }
    const selection = selectGateways(
      {
        deliveryId: id,
        accountId: message.accountId,
        sender: message.sender,
        recipient,
        country,
        premium: message.premium,
        lane: message.lane,
        refusedBy: [],
        plans,
      },
      table,
      deps.routes.health,
    );
    const { head } = selection;
    let admission: NewDelivery["admission"];
    if (head === undefined) {
      admission = refuse(position, refuseRoute(selection.leftOut, message, plans, table));
    } else {
      admission = {
        kind: "queued",
        gatewayId: head.gatewayId,
        encoding: head.plan.encoding,
        segmentCount: head.plan.segments.length,
      };
    }
    deliveries.push({ id, recipient, country, admission, wantsClaim: false });
    return position;
  }

  function routeFrom(start: number): void {
    const end = Math.min(start + recipientsPerTurn, recipients.length);
    for (let index = start; index < end; index++) {
      const recipient = recipients[index];
      if (recipient === undefined) {
        outcomes.push({ kind: "refused", code: "INVALID_RECIPIENT" });
        continue;
      }
      let position = positions?.get(recipient);
      if (position === undefined) {
        position = addDelivery(recipient);
        positions?.set(recipient, position);
      }
      outcomes.push({ kind: "delivery", position });
    }
  }

  async function routeRest(): Promise<RoutedDeliveries> {
    for (let start = recipientsPerTurn; start < recipients.length; start += recipientsPerTurn) {
      await nextTurn();
      routeFrom(start);
    }
    return routed();
  }

  const routed = () => ({ deliveries, outcomes, refusals: refusals ?? noRefusals, plans });
  routeFrom(0);
  return recipients.length > recipientsPerTurn ? routeRest() : routed();
}
