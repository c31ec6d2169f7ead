import { Status } from "nice-grpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Suppression, SuppressionSource } from "../../../src/gen/smsrelay/v1/account.ts";
import { DeliveryState, FailureReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { DeliveryReport } from "../../../src/gen/smsrelay/v1/delivery_report.ts";
import { ContentCategory, Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  OTHER_KEY,
  type RpcWorld,
  type RpcWorldOptions,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";

const text = { $case: "text", value: "Your code is 1234" } as const;
const anna = "+46701000001";
const bert = "+46701000002";
const good = { sender: "ACME", recipients: [anna], content: text };
const { SMS_STATUS_CODE_RECIPIENTS_BLACKLISTED, SMS_STATUS_CODE_OK_QUEUED } = SmsStatusCode;
const { DELIVERY_STATE_REJECTED } = DeliveryState;
const advertisement = ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT;

let database: TestDatabase | undefined;
const stores: readonly {
  readonly name: string;
  readonly missing?: string | undefined;
  open(): Promise<RpcWorldOptions>;
}[] = [
  { name: "SQLite", open: async () => ({}) },
  {
    name: "PostgreSQL",
    missing: postgresMissing,
    async open() {
      database = await createDatabase();
      const { url } = database;
      return { openStore: (clock) => openPostgresStore({ urls: [url], clock, log: silentLogger }) };
    },
  },
];

afterAll(async () => {
  await database?.drop();
});

for (const { name, missing, open } of stores)
  describe.skipIf(missing !== undefined)(
    `suppressed numbers, ${name}${missing ? ` (skipped: ${missing})` : ""}`,
    () => {
      let world: RpcWorld;
      let operator: RpcClients;
      let shop: RpcClients;
      let other: RpcClients;
      beforeAll(async () => {
        world = await startRpcWorld(await open());
        operator = connectClients(world.address, OPERATOR_KEY);
        shop = connectClients(world.address, SHOP_KEY);
        other = connectClients(world.address, OTHER_KEY);
      });
      afterAll(async () => {
        for (const client of [operator, shop, other]) client[Symbol.dispose]();
        await world.stop();
      });
      afterEach(async () => {
        for (const accountId of ["shop", "*"]) {
          const { suppressions } = await operator.accounts.listSuppressions({ accountId });
          const removedRecipients = [...new Set(suppressions.map(({ recipient }) => recipient))];
          await operator.accounts.changeSuppressions({ accountId, removedRecipients });
        }
      });

      const suppress = (client: RpcClients, upserted: readonly Partial<Suppression>[], accountId = "") =>
        client.accounts.changeSuppressions({ accountId, upserted: [...upserted] });
      const refused = (client: RpcClients, request: Parameters<RpcClients["sms"]["sendSms"]>[0]) =>
        failureOf((options) => client.sms.sendSms(request, options));

      it("get nothing of the account, without a rule of its own too, and are told in every answer", async () => {
        await shop.sms.sendSms(good);
        const { suppressionCount } = await suppress(shop, [{ recipient: anna }]);
        expect(suppressionCount).toBe(1n);
        expect(await refused(shop, { ...good, requestId: `4031 ${name}` })).toMatchObject({
          code: Status.FAILED_PRECONDITION,
          info: {
            reason: "RECIPIENTS_BLACKLISTED",
            metadata: { status_code: "4031", rule: "SUPPRESSION" },
          },
          violations: [{ field: "recipients[0]" }],
        });
        const message = { ...good, recipients: [anna, bert] };
        const preview = await shop.sms.previewSms({ message });
        expect(preview.rejectedRecipients.map(({ recipient, rule }) => [recipient, rule])).toEqual([
          [anna, "SUPPRESSION"],
        ]);
        const explained = await operator.gateways.explainRoute({ message: good, accountId: "shop" });
        expect(explained.rule).toBe("SUPPRESSION");
        const dry = await shop.sms.sendSms({ ...message, dryRun: true });
        expect(dry.outcomes.map(({ rule }) => rule)).toEqual(["SUPPRESSION", ""]);
        await other.sms.sendSms(good);
        await shop.accounts.changeSuppressions({ removedRecipients: [anna] });
        await shop.sms.sendSms({ ...good, requestId: `4031 ${name}` });
      });

      it("are refused one by one: three of 500 are REJECTED with a report each, and 497 are sent", async () => {
        const recipients = Array.from({ length: 500 }, (_, index) => `+4670${2_000_000 + index}`);
        const three = [7, 250, 499];
        await suppress(shop, [{ recipient: recipients[7] ?? "" }, { recipient: recipients[499] ?? "" }]);
        await suppress(operator, [{ recipient: recipients[250] ?? "" }], "*");
        const clientReference = `suppressed ${name}`;
        const answer = await shop.sms.sendSms({ ...good, recipients, clientReference });
        expect(answer.totalSegmentCount).toBe(497);
        for (const [index, outcome] of answer.outcomes.entries())
          expect(outcome).toMatchObject(
            three.includes(index)
              ? { statusCode: SMS_STATUS_CODE_RECIPIENTS_BLACKLISTED, state: DELIVERY_STATE_REJECTED }
              : { statusCode: SMS_STATUS_CODE_OK_QUEUED, rule: "" },
          );
        const reports: DeliveryReport[] = [];
        for await (const response of shop.sms.streamDeliveryReports({
          start: { initialStart: InitialStart.INITIAL_START_EARLIEST },
          states: [DELIVERY_STATE_REJECTED],
          clientReference,
          reportLimit: 3,
        }))
          reports.push(...response.reports);
        expect(reports.map(({ recipient }) => recipient)).toEqual(three.map((index) => recipients[index]));
        for (const report of reports)
          expect(report).toMatchObject({
            isFinal: true,
            statusCode: SMS_STATUS_CODE_RECIPIENTS_BLACKLISTED,
            failureReason: FailureReason.FAILURE_REASON_POLICY,
          });
      });

      it("are kept from advertisement alone where that was said, and from nothing once their time is over", async () => {
        const expireTime = new Date(Date.now() + 3_600_000);
        await suppress(shop, [
          { recipient: anna, contentCategories: [advertisement] },
          { recipient: bert, expireTime },
        ]);
        await shop.sms.sendSms(good);
        const advertised = { ...good, contentCategory: advertisement };
        expect((await refused(shop, advertised)).info.metadata["rule"]).toBe("SUPPRESSION");
        const otp = { ...good, recipients: [bert], lane: Lane.LANE_OTP };
        expect((await refused(shop, otp)).info.metadata["rule"], "by a call").toBe("SUPPRESSION");
        const { suppressions } = await shop.accounts.listSuppressions({});
        expect(suppressions).toMatchObject([
          { recipient: anna, contentCategories: [advertisement], expireTime: undefined, accountId: "shop" },
          { recipient: bert, contentCategories: [], expireTime },
        ]);
        expect(suppressions[0]?.source).toBe(SuppressionSource.SUPPRESSION_SOURCE_CALL);
      });

      it("are looked after by the account for itself, and by operators for any and for all", async () => {
        await suppress(operator, [{ recipient: bert }], "*");
        await suppress(operator, [{ recipient: anna }], "shop");
        for (const client of [shop, other])
          expect((await refused(client, { ...good, recipients: [bert] })).info.metadata["rule"]).toBe(
            "SUPPRESSION",
          );
        const denied = { code: Status.PERMISSION_DENIED, info: { reason: "ACCESS_DENIED" } };
        for (const accountId of ["*", "other"]) {
          expect(
            await failureOf((options) =>
              shop.accounts.changeSuppressions({ accountId, removedRecipients: [bert] }, options),
            ),
          ).toMatchObject(denied);
          expect(
            await failureOf((options) => shop.accounts.listSuppressions({ accountId }, options)),
          ).toMatchObject(denied);
        }
        const unknown = await failureOf((options) =>
          operator.accounts.changeSuppressions({ accountId: "nobody", upserted: [] }, options),
        );
        expect(unknown).toMatchObject({ code: Status.NOT_FOUND, info: { reason: "UNKNOWN_ACCOUNT" } });
        const { entries } = await operator.admin.listAuditEntries({ subject: "*", pageSize: 1 });
        expect(entries[0]).toMatchObject({ method: "smsrelay.v1.AccountService/ChangeSuppressions" });
        expect(entries[0]?.requestJson).toContain(bert);
      });

      it("are refused whole with every fault by its field", async () => {
        const failure = await failureOf((options) =>
          shop.accounts.changeSuppressions(
            {
              upserted: [
                { recipient: anna },
                { recipient: "0701000001" },
                { recipient: anna, contentCategories: [9 as ContentCategory] },
                { recipient: bert, expireTime: new Date(0) },
                {},
              ],
              removedRecipients: ["12", bert],
            },
            options,
          ),
        );
        expect(failure.code).toBe(Status.INVALID_ARGUMENT);
        expect(failure.violations.map(({ field, reason }) => `${field} ${reason}`)).toEqual([
          "upserted[1].recipient INVALID_RECIPIENT",
          "upserted[2].recipient INVALID_PARAMETER",
          "upserted[2].content_categories[0] INVALID_PARAMETER",
          "upserted[3].expire_time INVALID_PARAMETER",
          "upserted[4].recipient PARAMETER_MISSING",
          "removed_recipients[0] INVALID_RECIPIENT",
          "removed_recipients[1] INVALID_PARAMETER",
        ]);
        const many = Array.from({ length: 501 }, (_, index) => ({ recipient: `+4670${3_000_000 + index}` }));
        const tooMany = await failureOf((options) =>
          shop.accounts.changeSuppressions({ upserted: many }, options),
        );
        expect(tooMany.violations.map(({ field }) => field)).toEqual(["upserted"]);
        expect((await shop.accounts.listSuppressions({})).suppressions).toEqual([]);
      });

      it("are listed page by page", async () => {
        const numbers = Array.from({ length: 5 }, (_, index) => `+4670${4_000_000 + index}`);
        await suppress(
          shop,
          numbers.map((recipient) => ({ recipient })),
        );
        const found: string[] = [];
        let pageToken = "";
        do {
          const page = await shop.accounts.listSuppressions({ pageSize: 2, pageToken });
          found.push(...page.suppressions.map(({ recipient }) => recipient));
          pageToken = page.nextPageToken;
        } while (pageToken !== "");
        expect(found).toEqual(numbers);
        const one = await shop.accounts.listSuppressions({ recipient: numbers[3] ?? "" });
        expect(one.suppressions.map(({ recipient }) => recipient)).toEqual([numbers[3]]);
        const malformed = await failureOf((options) =>
          shop.accounts.listSuppressions({ recipient: "070" }, options),
        );
        expect(malformed.info.reason).toBe("INVALID_RECIPIENT");
      });
    },
  );
