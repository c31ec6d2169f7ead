/** Which settlements and receipts of a batch may go the short ways, by what is known before any row is locked. */
import type { DeliveryId } from "../../domain/ids.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { gatewaysOf, idsOf } from "../match-receipt.ts";
import type { Settlement } from "../settling.ts";
import { judgePlainly } from "./end-plainly.ts";
import { type FoundPart, idKey, type LockedRows, type PlainEnd } from "./locked-rows.ts";
import { receiptOf } from "./parked-receipts.ts";
import { isOfOnePart, type PlainSettlement } from "./submit-plainly.ts";

/** What a batch settles, and the receipts that it applies. */
export interface Plainable {
  readonly settlements: readonly Settlement[];
  readonly receipts: readonly Receipt[];
}

export interface Plain {
  readonly settlements: readonly PlainSettlement[];
  readonly ends: ReadonlyMap<Receipt, PlainEnd>;
}

/** Whether what is parked for it is looked at by the statement that settles it. */
export function isAskedThere(settlement: Settlement): boolean {
  return isSubmitted(settlement) && isOfOnePart(settlement.attempt);
}

function isSubmitted(settlement: Settlement): settlement is PlainSettlement {
  const { attempt, verdict } = settlement;
  return attempt !== undefined && verdict.kind === "submitted" && verdict.expectsReceipts;
}

/** `found` are the parts that the receipts may mean, `touched` the deliveries that the batch locks anyhow. */
export function findPlain(
  { parked }: Pick<LockedRows, "parked">,
  { settlements, receipts }: Plainable,
  found: readonly FoundPart[],
  touched: ReadonlySet<DeliveryId>,
): Plain {
  const received = new Set<string>();
  const known = [...receipts, ...[...new Set([...parked.values()].flat())].map(receiptOf)];
  for (const receipt of known) for (const key of keysOfReceipt(receipt)) received.add(key);
  const settled = countAll(settlements.map(keysOfSettlement));
  const deliveries = countAll(settlements.map(({ deliveryId }) => [deliveryId]));
  return {
    settlements: settlements.filter(
      (settlement): settlement is PlainSettlement =>
        isSubmitted(settlement) &&
        deliveries.get(settlement.deliveryId) === 1 &&
        // Which of two parts under one id is the newer one is told by the order in which they are settled.
        keysOfSettlement(settlement).every((key) => settled.get(key) === 1 && !received.has(key)),
    ),
    ends: findEnds(receipts, found, (id, keys) => {
      return !touched.has(id) && !deliveries.has(id) && !keys.some((key) => settled.has(key));
    }),
  };
}

function findEnds(
  receipts: readonly Receipt[],
  found: readonly FoundPart[],
  isAlone: (id: DeliveryId, keys: readonly string[]) => boolean,
): ReadonlyMap<Receipt, PlainEnd> {
  const ends = new Map<Receipt, PlainEnd>();
  if (found.length === 0) return ends;
  const byKey = Map.groupBy(found, ({ gateway_id, match_key }) => idKey(gateway_id, match_key));
  const meant = receipts.map((receipt) => {
    const keys = keysOfReceipt(receipt);
    return { receipt, keys, parts: keys.flatMap((key) => byKey.get(key) ?? []) };
  });
  const counts = countAll(meant.map(({ parts }) => new Set(parts.map(({ delivery_id }) => delivery_id))));
  for (const { receipt, keys, parts } of meant) {
    const [part] = parts;
    if (part === undefined || parts.length > 1 || counts.get(part.delivery_id) !== 1) continue;
    if (!isAlone(part.delivery_id, keys)) continue;
    const end = judgePlainly(receipt, part);
    if (end !== undefined) ends.set(receipt, end);
  }
  return ends;
}

/** Under which it finds parts, each once. */
function keysOfReceipt(receipt: Receipt): readonly string[] {
  const keys: string[] = [];
  for (const { matchKey, smscMessageId } of idsOf(receipt)) {
    for (const gatewayId of gatewaysOf(receipt)) {
      keys.push(idKey(gatewayId, matchKey));
      if (smscMessageId !== matchKey) keys.push(idKey(gatewayId, smscMessageId));
    }
  }
  return keys.length > 1 ? [...new Set(keys)] : keys;
}

/** Under which receipts find its parts, each once. */
function keysOfSettlement({ attempt }: Settlement): readonly string[] {
  const keys: string[] = [];
  for (const { smscMessageId, matchKey } of attempt?.parts ?? []) {
    if (attempt === undefined || smscMessageId === undefined) continue;
    keys.push(idKey(attempt.gatewayId, smscMessageId));
    if (matchKey !== undefined && matchKey !== smscMessageId) keys.push(idKey(attempt.gatewayId, matchKey));
  }
  return keys.length > 1 ? [...new Set(keys)] : keys;
}

function countAll<Key>(lists: readonly Iterable<Key>[]): ReadonlyMap<Key, number> {
  const counts = new Map<Key, number>();
  for (const list of lists) for (const key of list) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
