/**
 * Another process holds the database's write lock for longer than the service waits for it: calls are refused as
 * unavailable, nothing acknowledged is lost, and the service goes on by itself once the lock is free.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { startNode } from "../support/node-process.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { createAcknowledgedLoad } from "./support/acknowledged.ts";
import { readFinals } from "./support/read-finals.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-locked-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the database locked by another process", () => {
  it("refuses as unavailable and loses nothing that was acknowledged", async () => {
    const simulator = await startSimulator({ port: 0, rules: [], receiptDelayMs: 50 });
    const setup = await setUpService(folder, { gateways: [smscGateway(simulator.port)] });
    await using service = await startServiceProcess(setup);
    const load = createAcknowledgedLoad("locked");
    const { signal } = new AbortController();
    const run = (most: number) => load.run(setup.grpcPort, ACCOUNT_KEY, { concurrency: 8, most, signal });

    await run(200);
    const before = load.acknowledged.size;
    {
      const lockHolder = join(import.meta.dirname, "programs/hold-write-lock.ts");
      await using holder = startNode(lockHolder, [setup.databasePath]);
      expect(await holder.nextLine()).toBe("locked");
      // Ends when the writer has waited its 5 s for the lock and refuses.
      await run(200);
      expect(load.refusals(), "calls that were refused while the lock was held").toBeGreaterThan(0);
      holder.write("release");
      expect(await holder.ended).toMatchObject({ code: 0 });
    }
    // A run ends where it is refused; callers come back.
    while (load.acknowledged.size <= before + 200 || load.unanswered() > 0) await run(400);

    const finals = await readFinals(setup.grpcPort, ACCOUNT_KEY, load.acknowledged.keys());
    expect(finals.isComplete).toBe(true);
    expect(finals.gaps).toBe(0);
    expect([...finals.byDelivery.values()].filter((states) => states.length !== 1)).toEqual([]);
    expect(service.hasEnded()).toBe(false);
    await simulator.stop();
  });
});
