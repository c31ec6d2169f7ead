/** Messages from handsets: turns text or octets into the deliver_sm's that carry them. */
import { baselineProfile } from "../encoding/baseline-profile.ts";
import { planMessage } from "../encoding/plan-message.ts";
import { renderParts } from "../encoding/render-parts.ts";
import type { PduContent } from "../smpp/pdu.ts";

/** What a handset sends. */
export interface HandsetMessage {
  /** The handset's number, digits. */
  readonly source: string;
  /** The short code or number that it writes to. */
  readonly destination: string;
  /** A text of any length, split as a handset would; or the octets of one part. */
  readonly content:
    | { readonly kind: "text"; readonly text: string }
    | {
        readonly kind: "octets";
        readonly userData: Uint8Array;
        readonly dataCoding: number;
        readonly hasUserDataHeader: boolean;
      };
  /** The ESME that it is for; default the only one that is bound. */
  readonly systemId?: string;
  /** Reference of a long text's parts; default 1. */
  readonly reference?: number;
}

interface Part {
  readonly userData: Uint8Array;
  readonly dataCoding: number;
  readonly hasUserDataHeader: boolean;
}

function partsOf({ content, reference = 1 }: HandsetMessage): readonly Part[] {
  if (content.kind === "octets") return [content];
  const options = { encoding: "auto", transliterate: false, maxSegments: 255 } as const;
  const result = planMessage({ kind: "text", text: content.text }, options, baselineProfile);
  if (result.kind !== "planned") throw new RangeError(`a text that no handset can send: ${result.kind}`);
  return renderParts(result.plan, baselineProfile, reference).map((part) => ({
    userData: part.shortMessage,
    dataCoding: part.dataCoding,
    hasUserDataHeader: part.hasUserDataHeader,
  }));
}

/** The deliver_sm's of a message, in order. Throws a RangeError for a text that takes more than 255 parts. */
export function deliverSmsOf(message: HandsetMessage): readonly PduContent<"deliver_sm">[] {
  return partsOf(message).map(({ userData, dataCoding, hasUserDataHeader }) => ({
    command: "deliver_sm",
    body: {
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: message.source,
      dest_addr_ton: message.destination.length > 6 ? 1 : 3,
      dest_addr_npi: message.destination.length > 6 ? 1 : 0,
      destination_addr: message.destination,
      esm_class: hasUserDataHeader ? 0x40 : 0,
      data_coding: dataCoding,
      short_message: userData,
    },
  }));
}
