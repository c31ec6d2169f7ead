/**
 * Every setting of an SMPP gateway with its default. The configuration's schema checks the values; here they are only named
 * (docs/gateways.md tells operators what each is for).
 */
import type { GatewayId } from "../../domain/ids.ts";
import { baselineProfile } from "../../encoding/baseline-profile.ts";
import type { EncodingProfile } from "../../encoding/message-plan.ts";
import { type AddressSettings, defaultAddresses } from "./address.ts";
import type { StatusClassOverrides } from "./classify-status.ts";
import type { MessageIdForm } from "./match-key.ts";

export interface TlsSettings {
  /** PEM of the authorities to trust; the system's where undefined. */
  readonly ca: string | undefined;
  /** The name expected in the certificate; the host where undefined. */
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean;
  /** PEM of our own certificate and its private key, where the SMSC asks for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export type BindMode = "transceiver" | "transmitter+receiver";

/** How the time left is written into validity_period (P26). */
export type ValidityForm = "absolute" | "relative" | "none";

/** "each": a receipt for every part. "one": one for all parts of a delivery. "none": the SMSC sends none. */
export type ReceiptSetting = "each" | "one" | "none";

export interface SmppGatewaySettings {
  readonly id: GatewayId;
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Plain TCP where undefined. */
  readonly tls: TlsSettings | undefined;

  /** At most 15 octets. */
  readonly systemId: string;
  /** At most 8 octets by the specification; longer ones are sent as they are. */
  readonly password: string;
  /** At most 12 octets. */
  readonly systemType: string;
  /** interface_version of the bind; below 0x34 no TLVs are sent unless `tlvs` is "always". */
  readonly interfaceVersion: number;
  /** The addresses that the SMSC delivers to this account's sessions, in its own notation; at most 40 octets. */
  readonly addressRange: string;
  readonly addressRangeTon: number;
  readonly addressRangeNpi: number;
  readonly bindMode: BindMode;
  /** Transceivers, or pairs of transmitter and receiver. */
  readonly sessions: number;

  /** Most submit_sm of a session that are written and unanswered. */
  readonly window: number;
  readonly connectTimeoutMs: number;
  /** How long a bind may stay unanswered. */
  readonly bindTimeoutMs: number;
  /** How long a submit_sm or an unbind may stay unanswered. */
  readonly responseTimeoutMs: number;
  /** How long a late answer may still resolve a part whose fate is unknown (P12). */
  readonly ambiguityHoldMs: number;
  readonly enquireLinkIntervalMs: number;
  /** How long an enquire_link may stay without any sign of life. */
  readonly enquireLinkTimeoutMs: number;
  /** Unanswered enquire_links in a row after which the link is dead. */
  readonly enquireLinkMisses: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** deliver_sm of a session taken and unanswered, above which its socket is not read. */
  readonly maxUnansweredDeliveries: number;

  readonly profile: EncodingProfile;
  readonly addresses: AddressSettings;
  readonly serviceType: string;
  /** 0 to 3. */
  readonly priorityFlag: number;
  readonly protocolId: number;
  readonly validityForm: ValidityForm;
  /** Longest validity that the SMSC takes; no limit where undefined. */
  readonly maxValidityMs: number | undefined;
  /** "auto": TLVs are sent when the bind response carries sc_interface_version of 3.4 or later. */
  readonly tlvs: "auto" | "always" | "never";

  readonly receipts: ReceiptSetting;
  readonly messageIdForm: MessageIdForm;
  /** What ACCEPTD in a receipt means. */
  readonly acceptedMeans: "intermediate" | "delivered";
  /** Takes a text that looks like a receipt for one even without the receipt bits of esm_class (P5). */
  readonly plainTextReceipts: boolean;
  /** Whether receipts echo the user_message_reference of their submit_sm; it is then sent with each. */
  readonly echoesUserMessageReference: boolean;
  /** Tag of the TLV that carries MCC and MNC as digits. */
  readonly carrierTlv: number | undefined;
  /** How far the dates in receipts are ahead of UTC, in minutes. */
  readonly receiptUtcOffsetMinutes: number;
  readonly statusClass: StatusClassOverrides;
}

/** What an operator must give; all else has a default. */
export type RequiredSmppSettings = Pick<
  SmppGatewaySettings,
  "id" | "host" | "port" | "systemId" | "password"
>;

export const defaultSmppSettings: Omit<SmppGatewaySettings, keyof RequiredSmppSettings> = {
  tls: undefined,
  systemType: "",
  interfaceVersion: 0x34,
  addressRange: "",
  addressRangeTon: 0,
  addressRangeNpi: 0,
  bindMode: "transceiver",
  sessions: 1,
  window: 64,
  connectTimeoutMs: 10_000,
  bindTimeoutMs: 30_000,
  responseTimeoutMs: 30_000,
  ambiguityHoldMs: 10_000,
  enquireLinkIntervalMs: 30_000,
  enquireLinkTimeoutMs: 10_000,
  enquireLinkMisses: 2,
  reconnectMinMs: 500,
  reconnectMaxMs: 10_000,
  maxUnansweredDeliveries: 1_000,
  profile: baselineProfile,
  addresses: defaultAddresses,
  serviceType: "",
  priorityFlag: 0,
  protocolId: 0,
  validityForm: "absolute",
  maxValidityMs: undefined,
  tlvs: "auto",
  receipts: "each",
  messageIdForm: { response: "exact", receipt: "exact" },
  acceptedMeans: "intermediate",
  plainTextReceipts: false,
  echoesUserMessageReference: false,
  carrierTlv: undefined,
  receiptUtcOffsetMinutes: 0,
  statusClass: {},
};

/** Settings with the defaults where `given` is silent. */
export function smppSettings(
  given: RequiredSmppSettings & Partial<SmppGatewaySettings>,
): SmppGatewaySettings {
  return { ...defaultSmppSettings, ...given };
}

/**
 * The window that keeps `ratePerSecond` flowing at a round trip of `roundTripMs` over `sessions`, with half as much again for
 * jitter: 8 to 1,000, and 64 when the rate is unknown (P17).
 */
export function windowFor(ratePerSecond: number | undefined, sessions: number, roundTripMs = 200): number {
  if (ratePerSecond === undefined) return defaultSmppSettings.window;
  const needed = Math.ceil((ratePerSecond * roundTripMs * 1.5) / 1000 / sessions);
  return Math.min(1_000, Math.max(8, needed));
}
