import { describe, expect, it } from "vitest";
import { smppSettingsOf } from "../../../../src/compose/gateways/smpp-kind.ts";
import { gatewaySchema } from "../../../../src/config/gateway-schema.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { smppSettings } from "../../../../src/gateways/smpp/settings.ts";

const [schema] = gatewaySchema({ readVariable: (name) => name, readFile: (path) => path }).options;
const required = { id: "north", kind: "smpp", host: "smsc", systemId: "acme", password: "x" };
const parse = (more: object = {}) => schema.parse({ ...required, ...more });

describe("a gateway of the configuration", () => {
  it("has the adapter's own defaults where the file is silent", () => {
    const adapter = smppSettings({
      id: toGatewayId("north"),
      host: "smsc",
      port: 2775,
      systemId: "acme",
      password: "x",
    });
    expect(smppSettingsOf(parse())).toEqual(adapter);
  });

  it("gets a window that its rate needs", () => {
    expect(smppSettingsOf(parse({ rate: 500 })).window).toBe(150);
    expect(smppSettingsOf(parse({ rate: 500, window: 10 })).window).toBe(10);
  });

  it("takes command_status in either notation, also as YAML's number", () => {
    const { statusClass } = smppSettingsOf(parse({ statusClass: { "0x0B": "route", 69: "temporary" } }));
    expect(statusClass).toEqual({ 11: "route", 69: "temporary" });
  });

  it.each([
    [{ countries: ["Sweden"] }],
    [{ prefixes: ["4670"] }],
    [{ statusClass: { "0x0B": "maybe" } }],
    [{ profile: { singleShiftLanguages: [14] } }],
    [{ responseTimeout: "30" }],
    [{ sessions: 0 }],
    [{ systemId: "longer than fifteen" }],
  ])("refuses %j", (more) => {
    expect(schema.safeParse({ ...required, ...more }).success).toBe(false);
  });
});
