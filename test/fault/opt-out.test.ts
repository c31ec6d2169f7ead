/** A handset says STOP, and the service is killed right after its answer: the number is suppressed all the same. On both stores. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SuppressionSource } from "../../src/gen/smsrelay/v1/account.ts";
import { SenderDecision } from "../../src/gen/smsrelay/v1/admin_service.ts";
import { Lane } from "../../src/gen/smsrelay/v1/message.ts";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { createDatabase, postgresMissing } from "../support/postgres-database.ts";
import { connectClients, failureOf } from "../support/rpc-client.ts";
import {
  ACCOUNT_KEY,
  OPERATOR_KEY,
  type Settings,
  setUpService,
  startServiceProcess,
} from "../support/service-process.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-opt-out-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const handset = "46701000001";
const shortCode = "72404";

interface StoreUnderTest {
  readonly settings: Settings;
  readonly drop: () => Promise<void>;
}

const stores: readonly {
  readonly name: string;
  readonly missing?: string | undefined;
  open(): Promise<StoreUnderTest>;
}[] = [
  { name: "SQLite", open: async () => ({ settings: {}, drop: async () => {} }) },
  {
    name: "PostgreSQL",
    missing: postgresMissing,
    async open() {
      const database = await createDatabase();
      const store = { url: database.url, replica: "one", path: join(folder, "replica", "sms-relay.db") };
      return { settings: { store }, drop: () => database.drop() };
    },
  },
];

for (const { name, missing, open } of stores)
  describe.skipIf(missing !== undefined)(`${name}${missing ? ` (skipped: ${missing})` : ""}`, () => {
    it("keeps what a handset said, whenever the service is killed after it has answered", {
      timeout: 240_000,
    }, async () => {
      const { settings, drop } = await open();
      const simulator = await startSimulator({ port: 0 });
      const setup = await setUpService(join(folder, name), {
        gateways: [smscGateway(simulator.port)],
        ...settings,
      });
      try {
        {
          await using service = await startServiceProcess(setup);
          const address = `127.0.0.1:${setup.grpcPort}`;
          using operator = connectClients(address, OPERATOR_KEY);
          await operator.accounts.requestSender({ accountId: "shop", sender: { sender: shortCode } });
          const decision = SenderDecision.SENDER_DECISION_APPROVE;
          await operator.admin.reviewSender({ accountId: "shop", sender: shortCode, decision });
          const content = { kind: "text", text: "Stop" } as const;
          const [answer] = await simulator.sendFromHandset({
            source: handset,
            systemId: "relay",
            destination: shortCode,
            content,
          });
          service.kill("SIGKILL");
          expect(answer).toMatchObject({ kind: "acknowledged" });
          await service.ended;
        }
        await using service = await startServiceProcess(setup);
        using shop = connectClients(`127.0.0.1:${service.setup.grpcPort}`, ACCOUNT_KEY);
        const message = {
          sender: shortCode,
          recipients: [`+${handset}`],
          content: { $case: "text", value: "We have news" } as const,
        };
        const refused = await failureOf((options) => shop.sms.sendSms(message, options));
        expect(refused.info).toMatchObject({
          reason: "RECIPIENTS_BLACKLISTED",
          metadata: { rule: "SUPPRESSION" },
        });
        const { suppressions } = await shop.accounts.listSuppressions({});
        expect(suppressions.map(({ source }) => source)).toEqual([
          SuppressionSource.SUPPRESSION_SOURCE_HANDSET,
        ]);
        await shop.sms.sendSms({ ...message, lane: Lane.LANE_OTP });
        await simulator.sendFromHandset({
          source: handset,
          systemId: "relay",
          destination: shortCode,
          content: { kind: "text", text: "START" },
        });
        await shop.sms.sendSms(message);
      } finally {
        await simulator.stop();
        await drop();
      }
    });
  });
