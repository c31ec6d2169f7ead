/**
 * What the writing side of a store has at hand of the reports that it appends: their rows, as reading would join them, without reading.
 * Only for accounts that somebody follows, and only where every report that is wanted can be made from what its own transaction knew; else
 * the reports are read as any others. Beside what the steps know of a delivery that takes four columns of its message, which are remembered
 * from its acceptance in two generations, the older of which is forgotten as a whole.
 */
import { type AccountId, type MessageId, messageIdOf } from "../domain/ids.ts";
import { stateCodes } from "./codes.ts";
import type { PackedRow, PackedScan } from "./packed-scan.ts";
import type { DeliveryShown, PendingReport } from "./pending-report.ts";
import type { ReportRow } from "./report-row.ts";

/** Of the message. */
export type MessageShown = Pick<ReportRow, "client_reference" | "metadata" | "accept_time" | "sender">;

/** The reports of one account in one commit. */
export interface FreshReports {
  /** The number of the first one, wanted or not. */
  readonly first: number;
  /** The states of which all are there, by `maskOf`. */
  readonly mask: number;
  /** Ascending. */
  readonly rows: PackedScan;
}

/** Gathers the rows of one account while its reports are numbered. */
export interface FreshRows {
  add(report: PendingReport, number: number, timeMs: number): void;
  /** Undefined where one that is wanted is not at hand. */
  end(): FreshReports | undefined;
}

export interface FreshSource {
  /** Which states of the account are followed, by `maskOf`; 0 for none from now on. */
  follow(accountId: AccountId, mask: number): void;
  /** Whether steps are to say what their reports show. */
  isFollowed(accountId: AccountId): boolean;
  remember(id: MessageId, shown: MessageShown): void;
  /** For the reports from number `first`; undefined where nobody follows. */
  begin(accountId: AccountId, first: number): FreshRows | undefined;
}

/** Of a generation. */
const mostMessages = 16_384;
const mostOctets = 4 * 1024 ** 2;
/** Of a message beside its texts. */
const messageOctets = 200;

export function createFreshSource(): FreshSource {
  const masks = new Map<AccountId, number>();
  let young = new Map<MessageId, MessageShown>();
  let old = new Map<MessageId, MessageShown>();
  let octets = 0;

  return {
    follow(accountId, mask) {
      if (mask !== 0) masks.set(accountId, mask);
      else masks.delete(accountId);
      if (masks.size > 0) return;
      young = new Map();
      old = new Map();
      octets = 0;
    },
    isFollowed: (accountId) => masks.size > 0 && masks.has(accountId),
    remember(id, shown) {
      if (young.size >= mostMessages || octets >= mostOctets) {
        old = young;
        young = new Map();
        octets = 0;
      }
      octets += messageOctets + 2 * ((shown.metadata?.length ?? 0) + (shown.client_reference?.length ?? 0));
      young.set(id, shown);
    },
    begin(accountId, first) {
      const mask = masks.size === 0 ? undefined : masks.get(accountId);
      if (mask === undefined) return undefined;
      const rows: PackedRow[] = [];
      let isWhole = true;
      return {
        add(report, number, timeMs) {
          if (!isWhole || !((mask >> stateCodes[report.state]) & 1)) return;
          const id = messageIdOf(report.deliveryId);
          const message = young.get(id) ?? old.get(id);
          isWhole = message !== undefined && report.shown !== undefined;
          if (message === undefined || report.shown === undefined) return;
          rows.push(rowOf(report, report.shown, message, first, number, timeMs));
        },
        end: () => (isWhole ? { first, mask, rows } : undefined),
      };
    },
  };
}

/** In the order of `PackedRow`. */
function rowOf(
  { state, deliveryId }: PendingReport,
  shown: DeliveryShown,
  message: MessageShown,
  first: number,
  number: number,
  timeMs: number,
): PackedRow {
  return [
    number,
    timeMs,
    stateCodes[state],
    deliveryId,
    shown.recipient,
    shown.gateway_id,
    shown.segment_count,
    shown.attempt_segment_count,
    shown.code,
    shown.reason,
    shown.submit_time,
    shown.done_time,
    shown.parts,
    message.client_reference,
    message.metadata,
    message.accept_time,
    message.sender,
    first,
  ];
}
