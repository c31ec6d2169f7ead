import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { E164 } from "../../../../src/domain/message.ts";
import { parseSender, parseSenderOfType } from "../../../../src/domain/sender.ts";
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

  it.each([
    ["0701234567", { ton: 2, npi: 1, address: "0701234567" }],
    ["07911123456", { ton: 2, npi: 1, address: "07911123456" }],
    ["00447700900123", { ton: 1, npi: 1, address: "447700900123" }],
    ["+447700900123", { ton: 1, npi: 1, address: "447700900123" }],
    ["447700900123", { ton: 1, npi: 1, address: "447700900123" }],
    ["00123456", { ton: 1, npi: 1, address: "123456" }],
    ["012345", { ton: 3, npi: 0, address: "012345" }],
    ["0000000000", { ton: 2, npi: 1, address: "0000000000" }],
  ])("P25 sends the sender %s as what it is", (value, expected) => {
    expect(sender(value)).toEqual(expected);
  });

  it.each([
    ["701234567", "NATIONAL", { ton: 2, npi: 1, address: "701234567" }],
    ["01234", "NATIONAL", { ton: 2, npi: 1, address: "01234" }],
    ["72404123", "SHORT_CODE", { ton: 3, npi: 0, address: "72404123" }],
    ["+4670123", "INTERNATIONAL", { ton: 1, npi: 1, address: "4670123" }],
    ["Acme", "ALPHANUMERIC", { ton: 5, npi: 0, address: "Acme" }],
  ] as const)("P25 sends the sender %s as the %s that its caller means", (value, type, expected) => {
    const meant = parseSenderOfType(value, type);
    expect(meant && senderAddress(meant, { ...defaultAddresses, shortCodeDigits: 7 })).toEqual(expected);
  });

  it.each([
    ["701234567", "ALPHANUMERIC"],
    ["Acme", "INTERNATIONAL"],
    ["Acme", "SHORT_CODE"],
    ["0701234567", "INTERNATIONAL"],
    ["123456", "INTERNATIONAL"],
    ["+46701234567", "NATIONAL"],
    ["0046701234567", "NATIONAL"],
    ["+72404", "SHORT_CODE"],
    ["!", "NATIONAL"],
  ] as const)("knows that the sender %s is no %s", (value, type) => {
    expect(parseSenderOfType(value, type)).toBeUndefined();
  });

  it("P25 never calls digits international that begin with 0", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+?[0-9]{1,15}$/), (value) => {
        const parsed = parseSender(value);
        expect(parsed === undefined).toBe(value.startsWith("+0"));
        if (parsed === undefined) return;
        const { ton, address } = senderAddress(parsed, defaultAddresses);
        expect(ton === 1 && address.startsWith("0")).toBe(false);
      }),
    );
  });

  it("P54 makes one sender of the spellings of an international number", () => {
    const spellings = ["+447700900123", "00447700900123", "447700900123"].map(parseSender);
    expect(new Set(spellings.map((parsed) => parsed?.address)).size).toBe(1);
    expect(parseSender("+0701234567")).toBeUndefined();
  });
});
