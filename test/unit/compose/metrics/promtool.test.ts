/** What Prometheus' own tool says of the figures: their names, and that it can read both formats. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createMetrics } from "../../../../src/compose/metrics/metrics.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { describeWithPackage, isInstalled } from "../../../support/debian-package.ts";
import { gatewayLook, metricSources, sampleLines } from "../../../support/metric-sources.ts";

async function render(accept: string): Promise<string> {
  const metrics = createMetrics();
  metrics.startGateway("north");
  metrics.deliveryDuration.observe(3, "north");
  metrics.observe(
    metricSources({
      gateways: () => [{ ...gatewayLook('no"rt\\h'), pdusPerSecond: 7 }],
      backlog: async () => ({
        queued: 1,
        byQueue: [{ gatewayId: toGatewayId("north"), lane: "OTP", count: 1, oldestTimeMs: 0 }],
        parkedReceipts: 0,
      }),
      reportStreams: () => ({ count: 1, byAccount: new Map([["shop", 1]]) }),
      certificates: () => [{ label: "listener", endTimeMs: 1_800_000_000_000 }],
    }),
  );
  const { text } = await metrics.render(accept);
  metrics.stop();
  return text;
}

describeWithPackage("prometheus", isInstalled("promtool", "--version"), "promtool", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sms-relay-promtool-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("finds nothing to say against the names and helps of the figures", async () => {
    const input = await render("text/plain");
    const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    expect(stdout + stderr).toBe("");
    expect(status).toBe(0);
  });

  it("reads the OpenMetrics of every figure, with nothing lost", async () => {
    const text = await render("application/openmetrics-text");
    const file = join(folder, "metrics.txt");
    // What it reads from a file has times.
    await writeFile(file, text.replace(/^[^#\n].*$/gm, "$& 1700000000"));
    const made = spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", file, folder], {
      encoding: "utf8",
    });
    expect(made.stderr).toBe("");
    expect(made.status).toBe(0);
    // Without it promtool takes the folder for none of Prometheus'.
    await mkdir(join(folder, "wal"));
    const dump = spawnSync("promtool", ["tsdb", "dump", folder], { encoding: "utf8", maxBuffer: 2 ** 26 });
    const read = dump.stdout.split("\n").filter((line) => line !== "");
    expect(read).toHaveLength(sampleLines(text).length);
  });
});
