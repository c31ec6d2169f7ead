/**
 * Stores a checked and routed message. Where the dispatcher has room, the deliveries are claimed in the same transaction, so that
 * the hot path never reads back what it wrote.
 */

import { SmsError } from "../../domain/errors.ts";
import type { ClaimantId, GatewayId } from "../../domain/ids.ts";
import { type DeliveryWork, type Lane, type Message, noProgress } from "../../domain/message.ts";
import type { Plans } from "../../routing/plan-memo.ts";
import {
  type Acceptance,
  type AcceptOutcome,
  firstClaimNumber,
  type NewDelivery,
} from "../../store/accepting.ts";
import type { Store } from "../../store/store.ts";
import type { Taken } from "../calls/taken.ts";
import type { OnSettled } from "./await-submission.ts";
import type { RoutedDeliveries } from "./route-deliveries.ts";

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

/** Stores the message, unless its request id is known; room that was kept for it and not granted is given back, whatever happens. */
export async function acceptMessage(
  deps: AcceptDeps,
  request: Acceptance["request"],
  message: Message,
  routed: RoutedDeliveries,
  taken: Taken | undefined,
): Promise<AcceptOutcome> {
  const counted = taken && {
    owners: taken.counting,
    count: countQueued(routed.deliveries),
  };
  const reserved = reserveRoom(deps.claims, message.lane, routed.deliveries);
  let outcome: AcceptOutcome | undefined;
  try {
    [outcome] = await deps.store.accept([
      {
        message,
        deliveries: reserved.deliveries,
        recipientOutcomes: routed.outcomes,
        request,
        claimant: deps.claimant(),
        counted: counted?.owners.length === 0 ? undefined : counted,
      },
    ]);
    if (outcome?.kind === "accepted") taken?.stored(counted?.count ?? 0);
  } catch (error) {
    // It may be stored all the same, unless the store had no room for it.
    if (!(error instanceof SmsError && error.code === "OVERLOADED")) taken?.doubt();
    throw error;
  } finally {
    settleRoom(deps.claims, message, routed.plans, reserved, outcome);
  }
  if (outcome === undefined) throw new Error("the store answered no outcome");
  return outcome;
}

/** Who is refused by policy counts against no limit. */
function countQueued(deliveries: readonly NewDelivery[]): number {
  let count = 0;
  for (const { admission } of deliveries) if (admission.kind === "queued") count += 1;
  return count;
}

/** Room that the dispatcher keeps at a gateway for this message. */
interface Room {
  readonly gatewayId: GatewayId;
  wanted: number;
  granted: number;
  /** Deliveries that ask for a claim in it. */
  marked: number;
  /** Deliveries whose claim was granted. */
  readonly works: DeliveryWork[];
}

interface Reserved {
  readonly deliveries: readonly NewDelivery[];
  /** By gateway; a message has few, so searching a list is faster than making a map. */
  readonly rooms: readonly Room[];
}

/** Asks the dispatcher for room by gateway, and marks as many deliveries, in order, as there is room for. */
function reserveRoom(claims: DirectClaims, lane: Lane, deliveries: readonly NewDelivery[]): Reserved {
  const rooms: Room[] = [];
  for (const { admission } of deliveries) {
    if (admission.kind !== "queued") continue;
    const room = roomAt(rooms, admission.gatewayId);
    if (room === undefined)
      rooms.push({ gatewayId: admission.gatewayId, wanted: 1, granted: 0, marked: 0, works: [] });
    else room.wanted += 1;
  }
  let isAnyGranted = false;
  for (const room of rooms) {
    room.granted = claims.reserve(room.gatewayId, lane, room.wanted);
    if (room.granted > 0) isAnyGranted = true;
  }
  if (!isAnyGranted) return { deliveries, rooms };
  const marked = deliveries.map((delivery) => {
    if (delivery.admission.kind !== "queued") return delivery;
    const room = roomAt(rooms, delivery.admission.gatewayId);
    if (room === undefined || room.marked >= room.granted) return delivery;
    room.marked += 1;
    return { ...delivery, wantsClaim: true };
  });
  return { deliveries: marked, rooms };
}

function roomAt(rooms: readonly Room[], gatewayId: GatewayId): Room | undefined {
  for (const room of rooms) if (room.gatewayId === gatewayId) return room;
  return undefined;
}

function settleRoom(
  claims: DirectClaims,
  message: Message,
  plans: Plans,
  { deliveries, rooms }: Reserved,
  outcome: AcceptOutcome | undefined,
): void {
  const claimed = outcome?.kind === "accepted" ? outcome.claimed : [];
  let next = 0;
  let isAnyWaiting = false;
  for (const { id, recipient, country, admission } of deliveries) {
    if (admission.kind !== "queued") continue;
    // Claims come in the order of the deliveries.
    const claim = claimed[next];
    if (claim?.id !== id) {
      isAnyWaiting = true;
      continue;
    }
    next += 1;
    roomAt(rooms, admission.gatewayId)?.works.push({
      id,
      claimNumber: firstClaimNumber,
      recipient,
      country,
      progress: noProgress,
      reference: claim.reference,
    });
  }
  for (const { gatewayId, granted, works } of rooms) {
    if (granted > works.length) claims.release(gatewayId, message.lane, granted - works.length);
    if (works.length > 0) claims.take(gatewayId, message, works, plans);
    if (isAnyWaiting && outcome?.kind === "accepted") claims.wake(gatewayId);
  }
}
