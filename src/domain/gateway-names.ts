/** The present and former names of gateways. What was stored under a former name belongs to the gateway of today's name. Pure. */
import type { GatewayId } from "./ids.ts";
import type { DeliveryProgress } from "./message.ts";
import type { Receipt } from "./receipt.ts";

export interface GatewayNames {
  /** Today's name by each former one. */
  readonly renamed: ReadonlyMap<GatewayId, GatewayId>;
  /** Names that a gateway had before. */
  formerIdsOf(id: GatewayId): readonly GatewayId[];
}

const none: readonly GatewayId[] = [];

export function gatewayNames(
  gateways: readonly { readonly id: GatewayId; readonly formerIds?: readonly GatewayId[] }[],
): GatewayNames {
  const formerIds = new Map(gateways.map(({ id, formerIds = none }) => [id, formerIds]));
  const renamed = new Map<GatewayId, GatewayId>();
  for (const [id, formers] of formerIds) for (const former of formers) renamed.set(former, id);
  return { renamed, formerIdsOf: (id) => formerIds.get(id) ?? none };
}

/** The receipt under today's name of its gateway, with those under which its part may have been submitted. */
export function nameReceipt(receipt: Receipt, { renamed, formerIdsOf }: GatewayNames): Receipt {
  if (renamed.size === 0) return receipt;
  const gatewayId = renamed.get(receipt.gatewayId) ?? receipt.gatewayId;
  const formerGatewayIds = formerIdsOf(gatewayId);
  return formerGatewayIds.length === 0 ? receipt : { ...receipt, gatewayId, formerGatewayIds };
}

/** The names that a gateway had before, found by its name of today: each name leads to one gateway. */
export function formerIdsIn(renamed: GatewayNames["renamed"], today: GatewayId): readonly GatewayId[] {
  return [...renamed].flatMap(([former, id]) => (id === today ? [former] : []));
}

/** The progress with today's names, so that what began under a former one goes on. */
export function nameProgress(progress: DeliveryProgress, { renamed }: GatewayNames): DeliveryProgress {
  if (renamed.size === 0) return progress;
  const today = (id: GatewayId) => renamed.get(id) ?? id;
  const { resume, accepted, doubts } = progress;
  const refusals: Record<string, number> = {};
  for (const [id, count] of Object.entries(progress.temporaryRefusals)) {
    const name = today(id as GatewayId);
    refusals[name] = (refusals[name] ?? 0) + count;
  }
  return {
    ...progress,
    temporaryRefusals: refusals,
    refusedBy: [...new Set(progress.refusedBy.map(today))],
    ...(resume !== undefined && { resume: { ...resume, gatewayId: today(resume.gatewayId) } }),
    ...(accepted !== undefined && { accepted: { ...accepted, gatewayId: today(accepted.gatewayId) } }),
    ...(doubts !== undefined && { doubts: nameDoubts(doubts, today) }),
  };
}

type Doubts = NonNullable<DeliveryProgress["doubts"]>;

function nameDoubts(doubts: Doubts, today: (id: GatewayId) => GatewayId): Doubts {
  const named: Record<string, Doubts[string]> = {};
  for (const [id, { unanswered, lost }] of Object.entries(doubts)) {
    const name = today(id as GatewayId);
    const known = named[name] ?? { unanswered: 0, lost: 0 };
    named[name] = { unanswered: known.unanswered + unanswered, lost: known.lost + lost };
  }
  return named;
}
