/** What choosing a gateway asks of a delivery. */
import type { DeliveryProgress, DuplicatePolicy, Lane } from "../../domain/message.ts";
import type { PlannedMessage, Plans } from "../../routing/plan-memo.ts";

/** What an attempt goes on with. */
export type Resume = NonNullable<DeliveryProgress["resume"]>;

/** What decides where a delivery goes, beside the selection. */
export interface Assignable {
  readonly lane: Lane;
  readonly policy: DuplicatePolicy;
  readonly progress: DeliveryProgress;
}

/** With what explains why no gateway may carry it. */
export interface Routable extends Assignable {
  readonly message: PlannedMessage;
  readonly plans: Plans;
}
