/** What the loops of the gateways share: the store, the table of routes, and the ways in which a delivery leaves a loop. */
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { ClaimantId, GatewayId } from "../../domain/ids.ts";
import type { Lane } from "../../domain/message.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { RouteTable } from "../../routing/compile-routes.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import type { Claim } from "../../store/accepting.ts";
import type { Store } from "../../store/store.ts";
import type { Assignment } from "../delivery/assign-delivery.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { Settler } from "../delivery/settler.ts";
import type { DispatchSettings } from "../dispatch-settings.ts";
import type { Tenure } from "../tenure.ts";
import type { LateAnswers } from "./late-answers.ts";

export interface DispatchContext {
  readonly store: Pick<Store, "claim" | "markSubmitting" | "takeReferences">;
  readonly settler: Settler;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly settings: DispatchSettings;
  readonly tenure: Tenure;
  readonly table: () => RouteTable;
  readonly names: () => GatewayNames;
  readonly health: (gatewayId: GatewayId) => GatewayHealth;
  /** More outcomes wait for the store than memory should hold. */
  readonly isBehind: () => boolean;
  /** Whether a gateway other than this one can send now. */
  readonly hasOther: (gatewayId: GatewayId) => boolean;
  /** The most places that another gateway that can send has free. */
  readonly freeAtOthers: (gatewayId: GatewayId, lane: Lane) => number;
  readonly toItems: (claim: Claim, claimant: ClaimantId) => readonly InHand[];
  /** Brings a delivery to where its assignment says; it is in no queue any more. */
  readonly assign: (item: InHand, assignment: Assignment, from: GatewayId) => void;
  /** Gives a delivery back to a queue of the store, unclaimed, at its former position where it was never tried. */
  readonly handBack: (item: InHand, gatewayId: GatewayId) => void;
  readonly expire: (item: InHand) => void;
  /** For how long a gateway has not been able to send, 0 where it can. */
  readonly unableMs: (gatewayId: GatewayId) => number;
  readonly lateAnswers: LateAnswers;
  /** Whether what is past its time may be ended now: not while the clock is in doubt. */
  readonly mayExpire: () => boolean;
  readonly onHealthChange: () => void;
}
