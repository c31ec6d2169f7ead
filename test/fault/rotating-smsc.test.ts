import { expect, it } from "vitest";
import { toGatewayId } from "../../src/domain/ids.ts";
import type { DuplicatePolicy } from "../../src/domain/message.ts";
import { createSmppGateway } from "../../src/gateways/smpp/create-smpp-gateway.ts";
import { smppSettings } from "../../src/gateways/smpp/settings.ts";
import { systemClock } from "../../src/observability/clock.ts";
import { silentLogger } from "../../src/observability/logger.ts";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { createDispatchWorld } from "../support/dispatch-world.ts";

/** `npm run test:long` sends more. */
const count = Number(process.env["ROTATION_MESSAGES"] ?? 200);

it("P51 an SMSC that rotates by unbind doubles, loses and leaves in doubt nothing", {
  timeout: 240_000 + count * 240,
}, async () => {
  const smsc = await startSimulator({
    port: 0,
    receiptDelayMs: 50,
    behaviours: [
      { kind: "slow-answer", delayMs: 300 },
      { kind: "unbind", share: 1 / 40 },
    ],
  });
  const gateway = createSmppGateway(
    smppSettings({
      id: toGatewayId("rotating"),
      host: "127.0.0.1",
      port: smsc.port,
      systemId: "relay",
      password: "secret",
      reconnectMinMs: 100,
    }),
    { clock: systemClock, random: Math.random, log: silentLogger },
  );
  const world = await createDispatchWorld({ gateways: [gateway], clock: systemClock });
  try {
    const policyOf = (index: number): DuplicatePolicy => (index % 2 === 0 ? "AT_LEAST_ONCE" : "AT_MOST_ONCE");
    const messages = Array.from({ length: count }, (_, index) => ({
      text: `message ${index}`,
      duplicatePolicy: policyOf(index),
    }));
    const ids = await world.send(...messages);
    for (const id of ids)
      expect(await world.until(id, "DELIVERED", "SUBMITTED", "UNKNOWN")).not.toBe("UNKNOWN");
    await smsc.waitUntil(
      ({ receiptsAcknowledged }) => receiptsAcknowledged === count,
      AbortSignal.timeout(30_000),
    );
    const states = new Set(await world.store.readStates(ids));
    expect([...states]).toEqual(["DELIVERED"]);
    expect(smsc.received()).toHaveLength(count);
    expect(smsc.counters().binds).toBeGreaterThan(1);
  } finally {
    await gateway.stop(0);
    await world.close();
    await smsc.stop();
  }
});
