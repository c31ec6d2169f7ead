/** What a session says when it binds, and what the SMSC's answer means for it (SMPP 3.4 §4.1). */
import type { RequestOutcome } from "../../smpp/connection-options.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export type SessionRole = "transceiver" | "transmitter" | "receiver";

export type BindAnswer =
  /** `lacksTlvs`: it carries none, and long messages of this gateway cannot do without them. */
  | { readonly kind: "bound"; readonly carriesTlvs: boolean; readonly lacksTlvs: boolean }
  /** `isAnswered`: by a response of its own, not by generic_nack. */
  | { readonly kind: "refused"; readonly commandStatus: number; readonly isAnswered: boolean }
  | { readonly kind: "silent" };

/** The interface_version from which a peer takes TLVs (SMPP 3.4 §2.4). */
const VERSION_WITH_TLVS = 0x34;

export function bindBody(settings: SmppGatewaySettings) {
  return {
    system_id: settings.systemId,
    password: settings.password,
    system_type: settings.systemType,
    interface_version: settings.interfaceVersion,
    addr_ton: settings.addressRangeTon,
    addr_npi: settings.addressRangeNpi,
    address_range: settings.addressRange,
  };
}

export function readBindAnswer(
  outcome: Exclude<RequestOutcome<`bind_${SessionRole}`>, { readonly kind: "lost" }>,
  settings: SmppGatewaySettings,
): BindAnswer {
  if (outcome.kind === "nack") {
    return { kind: "refused", commandStatus: outcome.command_status, isAnswered: false };
  }
  if (outcome.kind !== "response") return { kind: "silent" };
  const { command_status, tlvs } = outcome.pdu;
  if (command_status !== 0) return { kind: "refused", commandStatus: command_status, isAnswered: true };
  const version = Math.min(settings.interfaceVersion, tlvs.sc_interface_version ?? 0);
  const carriesTlvs =
    settings.tlvs === "always" || (settings.tlvs === "auto" && version >= VERSION_WITH_TLVS);
  const { concatenation } = settings.profile;
  const lacksTlvs = !carriesTlvs && (concatenation === "sar" || concatenation === "payload");
  return { kind: "bound", carriesTlvs, lacksTlvs };
}
