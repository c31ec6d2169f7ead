/** Addresses as SMPP carries them: type of number, numbering plan, and digits without a plus (P25; SMPP 3.4 §5.2.5, §5.2.6). */
import type { E164, Sender } from "../../domain/message.ts";
import { defaultShortCodeDigits, senderTypeOf, withoutStoredPrefix } from "../../domain/sender.ts";

export interface AddressType {
  /** Type of number, for instance 1 international, 3 network specific, 5 alphanumeric. */
  readonly ton: number;
  /** Numbering plan, for instance 0 unknown, 1 ISDN (E.164). */
  readonly npi: number;
}

export interface AddressSettings {
  readonly recipient: AddressType;
  readonly alphanumeric: AddressType;
  /** Numeric senders with more than `shortCodeDigits` digits, where the caller did not say otherwise. */
  readonly international: AddressType;
  /** Those of them that begin with 0, as they are dialled within their country. */
  readonly national: AddressType;
  readonly shortCode: AddressType;
  readonly shortCodeDigits: number;
  /** Writes a plus before recipients and international senders; hardly any SMSC wants it. */
  readonly plusSign: boolean;
}

export interface SmppAddress extends AddressType {
  readonly address: string;
}

export const defaultAddresses: AddressSettings = {
  recipient: { ton: 1, npi: 1 },
  alphanumeric: { ton: 5, npi: 0 },
  international: { ton: 1, npi: 1 },
  national: { ton: 2, npi: 1 },
  shortCode: { ton: 3, npi: 0 },
  shortCodeDigits: defaultShortCodeDigits,
  plusSign: false,
};

export function recipientAddress(recipient: E164, settings: AddressSettings): SmppAddress {
  const address = settings.plusSign ? recipient : recipient.slice(1);
  return { ton: settings.recipient.ton, npi: settings.recipient.npi, address };
}

export function senderAddress(sender: Sender, settings: AddressSettings): SmppAddress {
  const { address } = sender;
  switch (senderTypeOf(sender, settings.shortCodeDigits)) {
    case "ALPHANUMERIC":
      return { ton: settings.alphanumeric.ton, npi: settings.alphanumeric.npi, address };
    case "SHORT_CODE":
      return { ton: settings.shortCode.ton, npi: settings.shortCode.npi, address };
    case "NATIONAL":
      return { ton: settings.national.ton, npi: settings.national.npi, address };
    case "INTERNATIONAL": {
      const { ton, npi } = settings.international;
      const digits = withoutStoredPrefix(address);
      return { ton, npi, address: settings.plusSign ? `+${digits}` : digits };
    }
  }
}
