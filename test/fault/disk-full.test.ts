/**
 * The disk fills up under the service: calls are refused, nothing acknowledged is lost, and the service goes on by itself
 * once there is room. Runs on a small file system of its own, which takes root to mount.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { createAcknowledgedLoad } from "./support/acknowledged.ts";
import { readFinals } from "./support/read-finals.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "sms-relay-full-"));
const disk = join(folder, "disk");

describe.skipIf(!isRoot)("a full disk (only root can mount one to fill)", () => {
  beforeAll(() => {
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
  });
  afterAll(() => {
    execFileSync("umount", [disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("refuses as unavailable, loses nothing and goes on when there is room", async () => {
    const simulator = await startSimulator({ port: 0, rules: [], receiptDelayMs: 50 });
    const setup = await setUpService(join(disk, "service"), {
      store: { path: join(disk, "service", "sms-relay.db"), minFreeDisk: "0" },
      gateways: [smscGateway(simulator.port)],
    });
    await using service = await startServiceProcess(setup);
    const load = createAcknowledgedLoad("full");
    const { signal } = new AbortController();
    const run = (most: number) => load.run(setup.grpcPort, ACCOUNT_KEY, { concurrency: 8, most, signal });

    await run(200);
    const { bavail, bsize } = statfsSync(disk);
    const ballast = join(disk, "ballast");
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 512 * 1024)));
    await run(20_000);
    expect(load.refusals(), "calls that were refused on the full disk").toBeGreaterThan(0);
    expect(service.hasEnded()).toBe(false);

    rmSync(ballast);
    const before = load.acknowledged.size;
    // A run ends where it is refused; callers come back.
    while (load.acknowledged.size < before + 200 || load.unanswered() > 0) await run(200);
    const finals = await readFinals(setup.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
    expect(finals.isComplete).toBe(true);
    expect(finals.gaps).toBe(0);
    expect([...finals.byDelivery.values()].filter((states) => states.length !== 1)).toEqual([]);
    await simulator.stop();
  });
});
