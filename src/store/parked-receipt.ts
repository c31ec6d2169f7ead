/** How a receipt that waits is kept in its rows, and when it is looked at again. */
import { hash } from "node:crypto";
import { formerIdsIn, type GatewayNames, nameReceipt } from "../domain/gateway-names.ts";
import type { GatewayId } from "../domain/ids.ts";
import type { Receipt } from "../domain/receipt.ts";
import { idsOf } from "./match-receipt.ts";

/** A receipt without its octets, which are kept beside it. What was undefined is absent in JSON, which reads the same. */
export function parseParkedReceipt(receipt: string, raw: Uint8Array): Receipt {
  const parsed = JSON.parse(receipt) as Omit<Receipt, "raw" | "waitMs"> & Partial<Pick<Receipt, "waitMs">>;
  // Rows of earlier releases do not know how long to wait: no longer.
  return { ...parsed, waitMs: parsed.waitMs ?? 0, raw };
}

/** Whether no response to it is to be expected any more. */
export function isOverdue({ arrivalTimeMs, waitMs }: Receipt, nowMs: number): boolean {
  return nowMs >= arrivalTimeMs + waitMs;
}

/** When it is looked at next; undefined once it was looked at after its time. */
export function nextLookMs(receipt: Receipt, nowMs: number): number | undefined {
  return isOverdue(receipt, nowMs) ? undefined : receipt.arrivalTimeMs + receipt.waitMs;
}

export interface RenamedRow {
  readonly gatewayId: GatewayId;
  /** Without its octets. */
  readonly receipt: string;
  readonly dueMs: number | null;
}

/**
 * The row of a receipt that was parked under a former name of its gateway, by a replica or a run that knew no other: under today's, and
 * due, since nobody who had heard the new name has looked at it.
 */
export function renameParked(
  row: {
    readonly receipt: string;
    readonly raw: Uint8Array;
    readonly matchKey: string;
    readonly rawId: string;
  },
  renamed: GatewayNames["renamed"],
  nowMs: number,
): RenamedRow {
  const names = { renamed, formerIdsOf: (id: GatewayId) => formerIdsIn(renamed, id) };
  const receipt = nameReceipt(parseParkedReceipt(row.receipt, row.raw), names);
  const { raw: _, ...rest } = receipt;
  const [first] = idsOf(receipt);
  // One with two ids stands in two rows, of which the first is looked at.
  const isFirst = first?.matchKey === row.matchKey && first.smscMessageId === row.rawId;
  return { gatewayId: receipt.gatewayId, receipt: JSON.stringify(rest), dueMs: isFirst ? nowMs : null };
}

/** Names the rows of a receipt that has two ids, and of no other one with the same ids that came at once; null for all others. */
export function pairOf({ gatewayId, matchKey, otherId, arrivalTimeMs, raw }: Receipt): string | null {
  return otherId === undefined
    ? null
    : JSON.stringify([gatewayId, matchKey, otherId.matchKey, arrivalTimeMs, hash("sha256", raw, "hex")]);
}
