import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { smppSettingsOf } from "../../../../src/compose/gateways/smpp-kind.ts";
import { gatewaySchema } from "../../../../src/config/gateway-schema.ts";
import { smppSettings } from "../../../../src/gateways/smpp/settings.ts";
import { gatewayId } from "../../../support/smpp-gateway.ts";

const page = readFileSync(new URL("../../../../docs/gateways.md", import.meta.url), "utf8");
const recipes = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
const kinds = gatewaySchema({
  readVariable: () => "secret",
  readFile: () => "-----BEGIN CERTIFICATE-----",
});
const [schema] = kinds.options;

describe("docs/gateways.md", () => {
  it("names every setting of an SMPP gateway", () => {
    const missing = Object.keys(schema.shape).filter(
      (name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name}.`),
    );
    expect(missing).toEqual([]);
  });

  it("shows recipes that the configuration takes", () => {
    expect(recipes.length).toBeGreaterThan(4);
    for (const recipe of recipes) expect(schema.safeParse(parse(recipe)).error).toBeUndefined();
  });

  it("shares its defaults with the adapter", () => {
    const required = { host: "smsc", port: 2775, systemId: "acme", password: "secret" };
    const configured = smppSettingsOf(schema.parse({ ...required, id: gatewayId, kind: "smpp" }));
    expect(configured).toEqual(smppSettings({ ...required, id: gatewayId }));
  });
});
