/** What operators read must name what there is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { commands } from "../../../src/cli/commands.ts";
import { createMetrics } from "../../../src/compose/metrics/metrics.ts";
import { namesAt, settingPaths } from "../../../src/config/environment.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { metricSources, metricTypes } from "../../support/metric-sources.ts";

const docs = (name: string) => readFileSync(join(import.meta.dirname, "../../../docs", name), "utf8");
const schema = configSchema({ readVariable: (name) => name, readFile: () => "-----BEGIN CERTIFICATE-----" });

describe("docs/configuration.md", () => {
  const text = docs("configuration.md");

  it.each(settingPaths(schema).map((path) => path.join(".")))("names %s", (setting) => {
    expect(text).toContain(`\`${setting}\``);
  });

  it("names every setting of a gateway, here or in the pages on gateways", () => {
    const both = text + docs("gateways.md") + docs("http-gateways.md");
    const missing = namesAt(schema, ["gateways", 0]).filter(
      (name) => !new RegExp(`[\`.]${name}[\`.]`).test(both),
    );
    expect(missing).toEqual([]);
  });
});

describe("docs/sms-relay.example.yaml", () => {
  it("shows the default of every setting that it does not comment out", () => {
    const defaults: unknown = schema.parse({});
    const shown = schema.parse({ ...parse(docs("sms-relay.example.yaml")), accounts: [], gateways: [] });
    expect(shown).toEqual(defaults);
  });
});

describe("docs/operations.md", () => {
  it("names every metric of the product", async () => {
    const text = docs("operations.md");
    const metrics = createMetrics();
    metrics.observe(metricSources());
    const { text: shown } = await metrics.render();
    metrics.stop();
    const names = [...metricTypes(shown).keys()].flatMap((name) =>
      name.startsWith("sms_relay_") ? [name.slice("sms_relay_".length)] : [],
    );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("docs/cli.md", () => {
  it.each(commands.map(({ name }) => name))("names %s", (name) => {
    expect(docs("cli.md")).toMatch(new RegExp(`^\\| \`${name}[ \`]`, "m"));
  });
});
