/** The settings of one HTTP gateway: one account at one provider's API. */
import type { GatewayId } from "../../domain/ids.ts";
import type { EncodingProfile } from "../../encoding/message-plan.ts";
import type { ProviderProfile } from "../../providers/profile.ts";

export interface HttpTls {
  readonly ca?: string | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized: boolean;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface HttpGatewaySettings {
  readonly id: GatewayId;
  readonly provider: ProviderProfile;
  /** Where the API is: scheme, host, port and what stands before every path. */
  readonly url: string;
  /** Where tokens are, if elsewhere than the profile says. */
  readonly tokenUrl?: string | undefined;
  readonly tls?: HttpTls | undefined;
  /** What the profile asks of an account, by its names. */
  readonly account: Readonly<Record<string, string>>;
  /** Lanes of concurrency, which replicas divide among them. */
  readonly sessions: number;
  /** Calls that one of them has unanswered. */
  readonly window: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  /** How long a call stays open beyond that. */
  readonly ambiguityHoldMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
}

/** What is sent is the text, whole: the provider cuts it, as an SMSC cuts a message_payload. */
export function encodingProfileOf({ text }: ProviderProfile): EncodingProfile {
  return {
    defaultAlphabet: "gsm",
    packing: "unpacked",
    dataCoding: { gsm7: 0x00, ucs2: 0x08, binary: 0x04 },
    supportsUcs2: text.ucs2,
    supportsBinary: false,
    singleShiftLanguages: [],
    lockingShiftLanguages: [],
    concatenation: "payload",
    maxSegments: text.maxSegments,
  };
}
