/**
 * Why a receipt says that a part failed. Only facts count: a GSM network error code (SMPP 3.4 §5.3.2.31, type 3) names the MAP error (3GPP
 * TS 29.002 §17.6). The text's `err` means something else at each SMSC and is passed on raw instead of guessed at.
 */
import type { FailureReason } from "./delivery-state.ts";
import type { Receipt } from "./receipt.ts";

const gsmNetwork = 3;

/** MAP errors by their code. */
const mapErrors: ReadonlyMap<number, FailureReason> = new Map([
  [1, "UNKNOWN_SUBSCRIBER"],
  [5, "UNKNOWN_SUBSCRIBER"],
  [6, "ABSENT_SUBSCRIBER"],
  [9, "BARRED"],
  [11, "BARRED"],
  [12, "BARRED"],
  [13, "BARRED"],
  [21, "NETWORK"],
  [27, "ABSENT_SUBSCRIBER"],
  [31, "NETWORK"],
  [32, "HANDSET_FULL"],
  [34, "NETWORK"],
  [35, "NETWORK"],
  [36, "NETWORK"],
]);

/** The reason behind a failed verdict; undefined for delivered and recorded ones. */
export function failureReasonOf(
  receipt: Pick<Receipt, "verdict" | "networkError">,
): FailureReason | undefined {
  if (receipt.verdict === "DELIVERED" || receipt.verdict === "RECORDED") return undefined;
  const { networkError } = receipt;
  const named = networkError?.type === gsmNetwork ? mapErrors.get(networkError.code) : undefined;
  if (named !== undefined) return named;
  if (receipt.verdict === "EXPIRED") return "VALIDITY_OVER";
  return receipt.verdict === "REJECTED" ? "REFUSED" : "OTHER";
}
