import { describe, expect, it } from "vitest";
import type { E164 } from "../../../../src/domain/message.ts";
import { parseSender } from "../../../../src/domain/sender.ts";
import { defaultAddresses, recipientAddress, senderAddress } from "../../../../src/gateways/smpp/address.ts";

function sender(value: string, settings = defaultAddresses) {
  const parsed = parseSender(value);
  if (parsed === undefined) throw new TypeError(`no sender: ${value}`);
  return senderAddress(parsed, settings);
}

describe("addresses", () => {
  it("P25 writes a recipient as international digits without plus", () => {
    expect(recipientAddress("+4791234567" as E164, defaultAddresses)).toEqual({
      ton: 1,
      npi: 1,
      address: "4791234567",
    });
  });

  it("P25 tells alphanumeric, international and short senders apart", () => {
    expect(sender("Acme Ltd")).toEqual({ ton: 5, npi: 0, address: "Acme Ltd" });
    expect(sender("+4791234567")).toEqual({ ton: 1, npi: 1, address: "4791234567" });
    expect(sender("123456")).toEqual({ ton: 3, npi: 0, address: "123456" });
    expect(sender("1234567")).toEqual({ ton: 1, npi: 1, address: "1234567" });
  });

  it("takes types, short code length and plus from the gateway", () => {
    const settings = {
      ...defaultAddresses,
      shortCode: { ton: 6, npi: 9 },
      shortCodeDigits: 4,
      plusSign: true,
    };
    expect(sender("12345", settings)).toEqual({ ton: 1, npi: 1, address: "+12345" });
    expect(sender("1234", settings)).toEqual({ ton: 6, npi: 9, address: "1234" });
    expect(recipientAddress("+4791234567" as E164, settings).address).toBe("+4791234567");
  });
});
