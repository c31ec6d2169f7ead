/**
 * What must be on disk before the first PDU of some deliveries: a concatenation reference of their own where a new attempt needs
 * one (P35), and SUBMITTING for those that may never be sent twice (P12).
 */
import type { EncodingProfile, MessagePlan } from "../../encoding/message-plan.ts";
import { needsReference } from "../delivery/attempt.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { Resume } from "../delivery/routable.ts";
import type { DispatchContext } from "./dispatch-context.ts";

/** Whether a delivery has to be prepared before it is sent by this plan. */
export function needsPreparing(item: InHand, plan: MessagePlan, resume: Resume | undefined): boolean {
  if (needsMark(item)) return true;
  return resume === undefined && item.reference === undefined && needsReference(plan);
}

function needsMark(item: InHand): boolean {
  return item.message.duplicatePolicy === "AT_MOST_ONCE" && !item.isMarked;
}

/** Prepares the items and answers those that may not be sent: their claim was lost, or cancelling was asked for. */
export async function prepareDeliveries(
  items: readonly InHand[],
  profile: EncodingProfile,
  context: Pick<DispatchContext, "store" | "clock" | "tenure">,
): Promise<ReadonlySet<InHand>> {
  for (const item of items) item.isPreparing = true;
  try {
    const [lost] = await Promise.all([mark(items, context), takeReferences(items, profile, context)]);
    return new Set(lost);
  } finally {
    for (const item of items) item.isPreparing = false;
  }
}

async function mark(
  items: readonly InHand[],
  { store, clock, tenure }: Pick<DispatchContext, "store" | "clock" | "tenure">,
): Promise<readonly InHand[]> {
  // What was claimed under an earlier name may be another replica's by now, or this one's again under the next.
  const claimant = tenure.claimant();
  const wanted = items.filter((item) => needsMark(item) && item.claimant === claimant);
  if (wanted.length === 0) return [];
  const marked = await store.markSubmitting(
    wanted.map((item) => item.work),
    claimant,
    clock.now(),
  );
  return wanted.filter((item, index) => {
    item.isMarked = marked[index] === true;
    return !item.isMarked;
  });
}

async function takeReferences(
  items: readonly InHand[],
  profile: EncodingProfile,
  { store, clock }: Pick<DispatchContext, "store" | "clock">,
): Promise<void> {
  const wanted = items.filter((item) => {
    if (item.reference !== undefined) return false;
    const planned = item.plans.planFor(profile);
    return planned.kind === "planned" && needsReference(planned.plan);
  });
  if (wanted.length === 0) return;
  const pairs = wanted.map((item) => ({ sender: item.sender.address, recipient: item.recipient }));
  const references = await store.takeReferences(pairs, clock.now());
  wanted.forEach((item, index) => {
    item.reference = references[index];
  });
}
