/**
 * A whole service on PostgreSQL, between them a proxy that loses answers to COMMIT and stays away for a while, while the SMSC
 * throttles AT_MOST_ONCE messages, so that they are claimed again and again. LOST_COMMIT_ROUNDS sets how often.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { COMMAND_STATUS } from "../../../src/smpp/command-status.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../../support/service-process.ts";
import { connectSmsClient } from "../../support/sms-client.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { smscGateway } from "../support/smsc-gateway.ts";

const ROUNDS = Number(process.env["LOST_COMMIT_ROUNDS"] ?? 1);
const perRound = 20;
/** Long enough that the outcome is told again beside the next claim, and well below a lease. */
const outageMs = 2_000;

describe.skipIf(postgresMissing !== undefined)(`lost answers to COMMIT ${postgresMissing ?? ""}`, () => {
  let folder: string;
  let database: TestDatabase;
  let proxy: TcpProxy;
  let smsc: Simulator;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sms-relay-commits-"));
    database = await createDatabase();
    const { hostname, port } = new URL(database.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    smsc = await startSimulator({
      port: 0,
      rules: [],
      receiptDelayMs: 100,
    });
  });
  afterEach(async () => {
    await smsc.stop({ abruptly: true });
    await proxy.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const timeout = 240_000 + ROUNDS * 60_000;
  it("P59 never send AT_MOST_ONCE twice, and lose nothing", { timeout }, async () => {
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const setup = await setUpService(folder, {
      store: { url: url.href, replica: "one", path: join(folder, "unused.db") },
      gateways: [smscGateway(smsc.port, { sessions: 1, window: 100 })],
    });
    await using service = await startServiceProcess(setup);
    using client = connectSmsClient(setup.grpcPort, ACCOUNT_KEY);

    const messageIds: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      smsc.behave({ kind: "refuse-submit", status: COMMAND_STATUS.ESME_RTHROTTLED, times: perRound });
      // The batch that stores what it throttled.
      const lost = proxy.loseAnswerTo("COMMIT", "THROTTLED");
      const recipients = Array.from(
        { length: perRound },
        (_, index) => `+4670${1_000_000 + round * perRound + index}`,
      );
      const sent = await client.sms.sendSms(
        SendSmsRequest.create({
          sender: "Relay",
          recipients,
          content: { $case: "text", value: "pay 100" },
          duplicatePolicy: DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE,
        }),
      );
      messageIds.push(sent.messageId);
      await lost;
      await new Promise((resolve) => setTimeout(resolve, outageMs));
      proxy.mend();
      await expect.poll(() => openCount(sent.messageId), { interval: 200 }).toBe(0);
    }
    await service.stop();

    const accepted = new Map<string, number>();
    for (const { destination, commandStatus } of smsc.received()) {
      if (commandStatus === 0) accepted.set(destination, (accepted.get(destination) ?? 0) + 1);
    }
    const twice = [...accepted].filter(([, count]) => count > 1);
    expect(twice).toEqual([]);
    expect(accepted.size).toBe(perRound * ROUNDS);

    /** Deliveries that have no final state yet; those that cannot be asked for now count too. */
    async function openCount(messageId: string): Promise<number> {
      const answer = await client.sms.getStatus({ messageId }).catch(() => undefined);
      return (
        answer?.sms?.stateCounts.filter(({ state }) => state < DeliveryState.DELIVERY_STATE_DELIVERED)
          .length ?? perRound
      );
    }
  });
});
