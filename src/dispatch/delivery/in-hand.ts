/** A claimed delivery in memory, on its way to a gateway. */
import type { AccountId, ClaimantId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type {
  DeliveryProgress,
  DeliveryWork,
  DuplicatePolicy,
  E164,
  Lane,
  Message,
  Sender,
} from "../../domain/message.ts";
import type { Plans } from "../../routing/plan-memo.ts";
import type { RouteRequest } from "../../routing/select-gateways.ts";
import type { Routable } from "./routable.ts";

/** It is what routing and assigning ask for, so that the hot path makes no second object. */
export class InHand implements RouteRequest, Routable {
  readonly message: Message;
  /** Under which it was claimed; its settlement counts only while that claim stands. */
  readonly claimant: ClaimantId;
  readonly work: DeliveryWork;
  readonly plans: Plans;
  readonly deliveryId: DeliveryId;
  readonly accountId: AccountId;
  readonly sender: Sender;
  readonly recipient: E164;
  readonly country: string | undefined;
  readonly premium: boolean;
  readonly refusedBy: readonly GatewayId[];
  readonly lane: Lane;
  readonly policy: DuplicatePolicy;
  /** Changed only by answers that come late, while it waits. */
  progress: DeliveryProgress;
  /** Position in its lane; what is put back returns to it. */
  order = 0;
  /** Concatenation reference for a new attempt; undefined until one is taken. */
  reference: number | undefined;
  /** SUBMITTING is committed (AT_MOST_ONCE). */
  isMarked = false;
  /** Waits for the store to mark it or to give it a reference. */
  isPreparing = false;
  /** Times it was put back without having been accepted or refused. */
  returns = 0;

  constructor(message: Message, work: DeliveryWork, plans: Plans, claimant: ClaimantId) {
    this.message = message;
    this.claimant = claimant;
    this.work = work;
    this.plans = plans;
    this.deliveryId = work.id;
    this.accountId = message.accountId;
    this.sender = message.sender;
    this.recipient = work.recipient;
    this.country = work.country;
    this.premium = message.premium;
    this.refusedBy = work.progress.refusedBy;
    this.lane = message.lane;
    this.policy = message.duplicatePolicy;
    this.progress = work.progress;
    this.reference = work.reference;
  }
}
