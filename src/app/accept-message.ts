/**
 * Stores a checked and routed message. Where the dispatcher has room, the deliveries are claimed in the same transaction, so that
 * the hot path never reads back what it wrote.
 */
import { SmsError } from "../domain/errors.ts";
import type { ClaimantId, GatewayId, MessageId } from "../domain/ids.ts";
import { type DeliveryWork, type Lane, type Message, noProgress } from "../domain/message.ts";
import type { Plans } from "../routing/plan-memo.ts";
import type { AcceptOutcome, NewDelivery, Store } from "../store/store.ts";
import type { OnSettled } from "./await-submission.ts";
import { hashRequest } from "./request-hash.ts";
import type { RoutedDeliveries } from "./route-deliveries.ts";
import type { SendRequest } from "./send-request.ts";

/** The dispatcher's side of a claim that is taken in the accepting transaction. */
export interface DirectClaims {
  /** Keeps room for up to `count` deliveries of a gateway and lane; answers how many. */
  reserve(gatewayId: GatewayId, lane: Lane, count: number): number;
  /** Gives back room that was not used. */
  release(gatewayId: GatewayId, lane: Lane, count: number): void;
  /** Takes over deliveries that were claimed for it, into the room that was kept. */
  take(gatewayId: GatewayId, message: Message, deliveries: readonly DeliveryWork[], plans: Plans): void;
  /** Something of this gateway waits in the store. */
  wake(gatewayId: GatewayId): void;
  readonly onSettled: OnSettled;
}

export interface AcceptDeps {
  readonly store: Pick<Store, "accept">;
  readonly claims: DirectClaims;
  /** Under which the process claims now. */
  readonly claimant: () => ClaimantId;
}

/** What the store made of a message. */
export type Stored =
  | { readonly kind: "accepted" }
  | { readonly kind: "replayed"; readonly messageId: MessageId };

/** Stores the message; room that was kept for it and not granted is given back, whatever happens. */
export async function acceptMessage(
  deps: AcceptDeps,
  request: { readonly method: string; readonly parsed: SendRequest },
  message: Message,
  routed: RoutedDeliveries,
): Promise<Stored> {
  const reserved = reserveRoom(deps.claims, message.lane, routed.deliveries);
  let outcome: AcceptOutcome | undefined;
  try {
    [outcome] = await deps.store.accept([
      {
        message,
        deliveries: reserved.deliveries,
        recipientOutcomes: routed.outcomes,
        request:
          request.parsed.requestId === undefined
            ? undefined
            : { method: request.method, id: request.parsed.requestId, hash: hashRequest(request.parsed) },
        claimant: deps.claimant(),
      },
    ]);
  } finally {
    settleRoom(deps.claims, message, routed.plans, reserved, outcome);
  }
  if (outcome === undefined) throw new Error("the store answered no outcome");
  if (outcome.kind !== "request_id_reused") return outcome;
  throw new SmsError("REQUEST_ID_REUSED", undefined, {
    violations: [
      {
        field: "request_id",
        reason: "REQUEST_ID_REUSED",
        description: "was used for another request within the last 7 days",
      },
    ],
  });
}

interface Reserved {
  readonly deliveries: readonly NewDelivery[];
  readonly rooms: ReadonlyMap<GatewayId, number>;
}

/** Asks the dispatcher for room by gateway, and marks as many deliveries, in order, as there is room for. */
function reserveRoom(claims: DirectClaims, lane: Lane, deliveries: readonly NewDelivery[]): Reserved {
  const wanted = new Map<GatewayId, number>();
  for (const { admission } of deliveries)
    if (admission.kind === "queued")
      wanted.set(admission.gatewayId, (wanted.get(admission.gatewayId) ?? 0) + 1);
  const rooms = new Map<GatewayId, number>();
  for (const [gatewayId, count] of wanted) rooms.set(gatewayId, claims.reserve(gatewayId, lane, count));
  const left = new Map(rooms);
  const marked = deliveries.map((delivery) => {
    if (delivery.admission.kind !== "queued") return delivery;
    const room = left.get(delivery.admission.gatewayId) ?? 0;
    if (room <= 0) return delivery;
    left.set(delivery.admission.gatewayId, room - 1);
    return { ...delivery, wantsClaim: true };
  });
  return { deliveries: marked, rooms };
}

function settleRoom(
  claims: DirectClaims,
  message: Message,
  plans: Plans,
  { deliveries, rooms }: Reserved,
  outcome: AcceptOutcome | undefined,
): void {
  const granted = outcome?.kind === "accepted" ? outcome.claimed : [];
  const references = new Map(granted.map((claim) => [claim.id, claim.reference]));
  const works = new Map<GatewayId, DeliveryWork[]>();
  let isAnyWaiting = false;
  for (const { id, recipient, country, admission } of deliveries) {
    if (admission.kind !== "queued") continue;
    if (!references.has(id)) {
      isAnyWaiting = true;
      continue;
    }
    const work: DeliveryWork = {
      id,
      recipient,
      country,
      progress: noProgress,
      reference: references.get(id),
    };
    const list = works.get(admission.gatewayId);
    if (list === undefined) works.set(admission.gatewayId, [work]);
    else list.push(work);
  }
  for (const [gatewayId, room] of rooms) {
    const taken = works.get(gatewayId) ?? [];
    if (room > taken.length) claims.release(gatewayId, message.lane, room - taken.length);
    if (taken.length > 0) claims.take(gatewayId, message, taken, plans);
    if (isAnyWaiting && outcome?.kind === "accepted") claims.wake(gatewayId);
  }
}
