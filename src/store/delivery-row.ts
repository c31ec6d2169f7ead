/**
 * The columns that accepting writes of a delivery, with their types in PostgreSQL: its own, those repeated from its message, and those that
 * the store decides.
 */
import type { DeliveryId } from "../domain/ids.ts";
import type { NewDelivery } from "./accepting.ts";
import { stateCodes } from "./codes.ts";
import type { MessageInsert } from "./message-row.ts";

export const ownTypes = {
  recipient: "text",
  country: "text",
  state: "smallint",
  gateway_id: "text",
  encoding: "text",
  segment_count: "integer",
  code: "text",
  reason: "text",
} as const;

/** In the order of `ownTypes`, so that its values alone say it all. */
export function ownColumns({ recipient, country, admission }: NewDelivery) {
  const queued = admission.kind === "queued" ? admission : undefined;
  const rejected = admission.kind === "rejected" ? admission : undefined;
  return {
    recipient,
    country: country ?? null,
    state: queued === undefined ? stateCodes.REJECTED : stateCodes.QUEUED,
    gateway_id: queued?.gatewayId ?? null,
    encoding: queued?.encoding ?? null,
    segment_count: queued?.segmentCount ?? 0,
    code: rejected?.code ?? null,
    reason: rejected?.reason ?? null,
  } satisfies Record<keyof typeof ownTypes, unknown>;
}

export type OwnColumns = ReturnType<typeof ownColumns>;

export const repeatedTypes = {
  account_id: "text",
  lane: "smallint",
  at_most_once: "smallint",
  expire_time: "bigint",
} as const satisfies Partial<Record<keyof MessageInsert, string>>;

/** `final_time` is that of the acceptance where it is refused. */
export const decidedTypes = {
  id: "text",
  available_time: "bigint",
  claimed_by: "text",
  claim_number: "integer",
  reference: "integer",
  final_time: "bigint",
} as const;

export interface DecidedColumns {
  readonly id: DeliveryId;
  readonly available_time: number;
  claimed_by: string | null;
  claim_number: number;
  reference: number | null;
  readonly final_time: number | null;
}
