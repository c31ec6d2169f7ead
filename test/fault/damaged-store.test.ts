/**
 * The store's file is overwritten while the service runs: from the moment in which that is found, nothing is acknowledged, readiness
 * says why, and the file is refused at the next start.
 */
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { setUpService, startServiceProcess } from "../support/service-process.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-damaged-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pageOctets = 4_096;

it("turns a service with a damaged store off, and does not start it again", async () => {
  const setup = await setUpService(folder, { gateways: [] });
  await (await startServiceProcess(setup)).stop();
  await using service = await startServiceProcess(setup);
  const damage = randomBytes(statSync(setup.databasePath).size - pageOctets);
  const descriptor = openSync(setup.databasePath, "r+");
  writeSync(descriptor, damage, 0, damage.length, pageOctets);
  closeSync(descriptor);

  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${setup.httpPort}/readyz`);
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  await expect.poll(readiness).toEqual({
    status: 503,
    ready: false,
    reasons: ["the store is damaged; restore a backup"],
  });
  const told = service.errorText().split("Stop the service, restore a backup").length - 1;
  expect(told, "lines that tell the operator what to do").toBe(1);
  service.kill("SIGTERM");
  expect(await service.ended).toEqual({ code: 0, signal: null });
  await expect(startServiceProcess(setup)).rejects.toThrow(/is damaged .*restore a backup/);
});
