import { describe, expect, it } from "vitest";
import { smppSettings, windowFor } from "../../../../src/gateways/smpp/settings.ts";
import { gatewayId } from "../../../support/smpp-gateway.ts";

describe("settings", () => {
  it("P17 makes a window that carries the rate over the round trip, within bounds", () => {
    expect(windowFor(undefined, 1)).toBe(64);
    expect(windowFor(10, 1)).toBe(8);
    expect(windowFor(500, 1)).toBe(150);
    expect(windowFor(500, 2)).toBe(75);
    expect(windowFor(500, 1, 40)).toBe(30);
    expect(windowFor(100_000, 1)).toBe(1_000);
  });

  it("keeps what is given over the defaults", () => {
    const required = { id: gatewayId, host: "smsc", port: 2775, systemId: "a", password: "b" };
    expect(smppSettings({ ...required, window: 7 })).toMatchObject({ host: "smsc", window: 7, sessions: 1 });
  });
});
