/** validity_period of a submit_sm: the time that is left, in the gateway's form (P26; SMPP 3.4 §7.1.1). */
import { formatAbsoluteTime, formatRelativeTime } from "../../smpp/smpp-time.ts";
import type { SmppGatewaySettings } from "./settings.ts";

/** Empty where the gateway takes none; never beyond the gateway's longest validity. */
export function validityPeriod(
  expireTimeMs: number,
  nowMs: number,
  settings: Pick<SmppGatewaySettings, "validityForm" | "maxValidityMs">,
): string {
  const { validityForm, maxValidityMs } = settings;
  if (validityForm === "none") return "";
  const leftMs = Math.min(expireTimeMs - nowMs, maxValidityMs ?? Number.POSITIVE_INFINITY);
  return validityForm === "absolute" ? formatAbsoluteTime(nowMs + leftMs) : formatRelativeTime(leftMs);
}
