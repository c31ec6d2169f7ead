/** Remembers the plans of one message, so that 500 recipients over gateways with equal profiles cost one plan. */
import type { Message } from "../domain/message.ts";
import type { EncodingProfile, PlanResult } from "../encoding/message-plan.ts";
import { planMessage } from "../encoding/plan-message.ts";

/** The plan of one message under a profile. */
export interface Plans {
  planFor(profile: EncodingProfile): PlanResult;
}

/** What of a message decides its plan. */
export type PlannedMessage = Pick<Message, "content" | "encoding" | "transliterate" | "maxSegments">;

/** Plans of one message, by profile object; a route table shares these between gateways with equal profiles. */
export class PlanMemo implements Plans {
  readonly #message: PlannedMessage;
  #lastProfile: EncodingProfile | undefined;
  #lastPlan: PlanResult | undefined;
  #others: Map<EncodingProfile, PlanResult> | undefined;

  constructor(message: PlannedMessage) {
    this.#message = message;
  }

  planFor(profile: EncodingProfile): PlanResult {
    if (this.#lastPlan !== undefined && this.#lastProfile === profile) return this.#lastPlan;
    const known = this.#others?.get(profile);
    if (known !== undefined) return known;
    const plan = planMessage(this.#message.content, this.#message, profile);
    if (this.#lastPlan === undefined) {
      this.#lastProfile = profile;
      this.#lastPlan = plan;
    } else {
      this.#others ??= new Map();
      this.#others.set(profile, plan);
    }
    return plan;
  }
}
