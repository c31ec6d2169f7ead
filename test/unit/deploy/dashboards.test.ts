/** The dashboards and alarms that ship: each names figures that there are, and together the dashboards show them all. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../../src/compose/metrics/metrics.ts";
import { metricSources, metricTypes } from "../../support/metric-sources.ts";

const root = join(import.meta.dirname, "../../..");
const grafana = join(root, "deploy/grafana");
const prometheus = join(root, "deploy/prometheus");

interface Dashboard {
  readonly uid: string;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook: string };
}

const dashboards = readdirSync(grafana).map((name) => ({
  name,
  board: JSON.parse(readFileSync(join(grafana, name), "utf8")) as Dashboard,
}));
const rules = (
  parse(readFileSync(join(prometheus, "sms-relay.rules.yaml"), "utf8")) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  }
).groups.flatMap((group) => group.rules);

/** The names of the figures by which they are asked for: a histogram's are three. */
async function series(): Promise<ReadonlyMap<string, string>> {
  const metrics = createMetrics();
  metrics.observe(metricSources());
  const { text } = await metrics.render();
  metrics.stop();
  return new Map(
    [...metricTypes(text)].flatMap(([name, type]) =>
      type === "histogram"
        ? ["bucket", "sum", "count"].map((part) => [`${name}_${part}`, name] as const)
        : [[name, name] as const],
    ),
  );
}

const namesIn = (expr: string) => expr.match(/\b(?:sms_relay|nodejs|process)_[a-z0-9_]+/g) ?? [];

describe("deploy/grafana", () => {
  const asked = ({ panels }: Dashboard) =>
    panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)));

  it.each(dashboards)("$name names figures that there are", async ({ board }) => {
    const known = await series();
    expect(asked(board).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(dashboards)("$name uses variables that it has, and numbers its panels", ({ board }) => {
    const own = board.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(board).matchAll(/\$\{?([a-zA-Z]\w*)/g)].map(([, name = ""]) => name);
    expect(used.filter((name) => !own.includes(name))).toEqual([]);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  });

  it("shows every figure of the product in one of them", async () => {
    const known = await series();
    const shown = new Set(dashboards.flatMap(({ board }) => asked(board).map((name) => known.get(name))));
    const ours = new Set([...known.values()].filter((name) => name.startsWith("sms_relay_")));
    expect([...ours].filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe("deploy/prometheus", () => {
  const operations = readFileSync(join(root, "docs/operations.md"), "utf8");
  const tests = readdirSync(prometheus)
    .filter((name) => name.endsWith(".test.yaml"))
    .map((name) => readFileSync(join(prometheus, name), "utf8"))
    .join("\n");

  it.each(rules)("$alert names figures that there are", async ({ expr }) => {
    const known = await series();
    expect(namesIn(expr).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(rules)(
    "$alert has its section, which says what it means, what to look at and what to do",
    (rule) => {
      const section = operations.split(`\n### ${rule.alert}\n`)[1]?.split("\n#")[0] ?? "";
      expect(section).toMatch(/- Means: .+\n- Look at: .+\n- Do: .+/);
      expect(rule.annotations.runbook).toBe(`docs/operations.md#${rule.alert.toLowerCase()}`);
      expect(["page", "ticket"]).toContain(rule.labels.severity);
    },
  );

  it.each(rules)("$alert has a case in which it fires and one in which it is silent", ({ alert }) => {
    expect(tests).toContain(`name: ${alert} fires`);
    expect(tests).toContain(`name: ${alert} keeps silent`);
  });
});
