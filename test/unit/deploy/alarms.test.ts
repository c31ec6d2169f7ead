/** Prometheus' own tool takes the alarms and what dashboards ask, and each alarm fires and keeps silent as its cases say. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { describeWithPackage, isInstalled } from "../../support/debian-package.ts";

const cwd = join(import.meta.dirname, "../../../deploy/prometheus");

describeWithPackage("prometheus", isInstalled("promtool", "--version"), "the alarms", () => {
  it.each([
    ["check", "rules", "sms-relay.rules.yaml"],
    ["test", "rules", "sms-relay.rules.test.yaml"],
    ["test", "rules", "sms-relay.rules.day.test.yaml"],
  ])("promtool %s %s %s finds nothing wrong", (...args) => {
    const { stdout, stderr, status } = spawnSync("promtool", args, { cwd, encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  });

  it("are written in a language that promtool reads, as are the questions of the dashboards", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sms-relay-dashboards-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const dashboards = join(cwd, "../grafana");
    const questions = readdirSync(dashboards).flatMap((name) => {
      const { panels } = JSON.parse(readFileSync(join(dashboards, name), "utf8")) as {
        readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
      };
      return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    });
    expect(questions.length).toBeGreaterThan(40);
    const rules = questions.map((expr, index) => ({
      record: `question:${index}`,
      expr: expr.replaceAll("$__rate_interval", "1m"),
    }));
    const file = join(folder, "questions.yaml");
    await writeFile(file, stringify({ groups: [{ name: "questions", rules }] }));
    const { stdout, stderr, status } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  });
});
