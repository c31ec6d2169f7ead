/** The gateway port on SMPP, against the SMSC simulator that ships. */
import type { E164 } from "../../../src/domain/message.ts";
import { createSmppGateway } from "../../../src/gateways/smpp/create-smpp-gateway.ts";
import { smppSettings } from "../../../src/gateways/smpp/settings.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { startSimulator } from "../../../src/smsc/start-simulator.ts";
import { gatewayId } from "../../support/smpp-gateway.ts";
import { startTcpRelay } from "../../support/tcp-relay.ts";
import { describeGateway, type GatewayHarness } from "./describe-gateway.ts";

async function open(): Promise<GatewayHarness> {
  const simulator = await startSimulator({
    port: 0,
    receiptDelayMs: 0,
    receiptRetryMs: 5,
    messageIds: { response: "hex", receipt: "decimal" },
  });
  const relay = await startTcpRelay(simulator.port);
  let takenBefore = 0;
  const gateway = createSmppGateway(
    smppSettings({
      id: gatewayId,
      host: "127.0.0.1",
      port: relay.port,
      systemId: "relay",
      password: "secret",
      window: 8,
      reconnectMinMs: 2,
      reconnectMaxMs: 10,
      messageIdForm: { response: "hex", receipt: "decimal" },
    }),
    { clock: systemClock, random: () => 0.5, log: silentLogger },
  );
  return {
    gateway,
    recipients: { accepted: "+4790000001" as E164, refused: "+4790099011" as E164 },
    setSilent(isSilent) {
      takenBefore = simulator.received().length;
      simulator.behave(...(isSilent ? [{ kind: "no-answer" } as const] : []));
    },
    untilSilenced: (count) => simulator.waitUntil(() => simulator.received().length >= takenBefore + count),
    cut: () => relay.cut(),
    async stop() {
      await relay.stop();
      await simulator.stop({ abruptly: true });
    },
  };
}

describeGateway("SMPP simulator", open);
