/**
 * What both stores have in common: the operations of the port that are one step of the group commit, and how much each counts in its batch.
 */
import type { Store } from "./store.ts";
import type { WriteSteps } from "./write-steps.ts";
import type { Writes } from "./writes.ts";

type Written =
  | "accept"
  | "claim"
  | "markSubmitting"
  | "takeReferences"
  | "settle"
  | "recordReceipts"
  | "takeParked"
  | "recordUnparsableReceipt"
  | "recordIncoming"
  | "cancel"
  | "expireDue"
  | "endSilent"
  | "adoptOrphans"
  | "renameReceipts";

export function mapPort({ write, writeAll }: Writes<WriteSteps>): Pick<Store, Written> {
  return {
    accept: (entries) =>
      writeAll("accept", entries, ({ message, deliveries }) => ({
        rows: 1 + deliveries.length,
        isUrgent: message.lane === "OTP",
        isNewWork: true,
      })),
    claim: (request) => {
      const { OTP, NORMAL, BULK } = request.limits;
      return write("claim", request, { rows: Math.max(1, OTP + NORMAL + BULK), isUrgent: true });
    },
    markSubmitting: (claims, claimant) =>
      writeAll(
        "markSubmitting",
        claims.map(({ id, claimNumber }) => ({ id, claimNumber, claimant })),
      ),
    takeReferences: (pairs, nowMs) =>
      writeAll(
        "takeReference",
        pairs.map((pair) => ({ ...pair, nowMs })),
      ),
    settle: (entries) => writeAll("settle", entries, ({ lane }) => ({ isUrgent: lane === "OTP" })),
    recordReceipts: (receipts) => writeAll("recordReceipt", receipts),
    takeParked: (nowMs, limit) => write("takeParked", { nowMs, limit }, { rows: limit }),
    recordUnparsableReceipt: (gatewayId, raw, arrivalTimeMs) =>
      write("recordUnparsableReceipt", { gatewayId, raw, arrivalTimeMs }),
    recordIncoming: (parts) => writeAll("recordIncoming", parts),
    cancel: (accountId, messageId, nowMs) => write("cancel", { accountId, messageId, nowMs }),
    expireDue: (nowMs, limit) => write("expireDue", { nowMs, limit }, { rows: limit }),
    endSilent: (nowMs, graceMs, limit) => write("endSilent", { nowMs, graceMs, limit }, { rows: limit }),
    adoptOrphans: (known, to, limit, renamed) =>
      write("adoptOrphans", { known, to, limit, renamed }, { rows: limit }),
    renameReceipts: (renamed, nowMs, limit) =>
      write("renameReceipts", { renamed, nowMs, limit }, { rows: limit }),
  };
}
