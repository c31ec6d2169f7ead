import { Status } from "nice-grpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseMessageId, toAccountId } from "../../../src/domain/ids.ts";
import { AccountState, NumberForms } from "../../../src/gen/smsrelay/v1/account.ts";
import { SenderDecision } from "../../../src/gen/smsrelay/v1/admin_service.ts";
import { DeliveryState, FailureReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { DeliveryReport } from "../../../src/gen/smsrelay/v1/delivery_report.ts";
import { ContentCategory, Lane, SenderType } from "../../../src/gen/smsrelay/v1/message.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { minuteOfDay } from "../../../src/policy/minute-of-day.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { actAt } from "../../support/acts.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  type RpcWorld,
  type RpcWorldOptions,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";

const text = { $case: "text", value: "Your code is 1234" } as const;
const good = { sender: "ACME", recipients: ["+31612345678"], content: text };
const { SMS_STATUS_CODE_RECIPIENTS_NOT_ALLOWED, SMS_STATUS_CODE_OK_QUEUED } = SmsStatusCode;
const { DELIVERY_STATE_QUEUED, DELIVERY_STATE_REJECTED } = DeliveryState;
const advertisement = ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT;
/** A mobile operator: Dutch mobile numbers, written in any way. */
const dutchMobiles = {
  regions: { allowed: ["NL"] },
  defaultRegionCode: "NL",
  numberForms: NumberForms.NUMBER_FORMS_ANY,
  numberTypes: { allowed: ["MOBILE"] },
};

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
    `policies of accounts, ${name}${missing ? ` (skipped: ${missing})` : ""}`,
    () => {
      let world: RpcWorld;
      let operator: RpcClients;
      let shop: RpcClients;
      beforeAll(async () => {
        world = await startRpcWorld(await open());
        operator = connectClients(world.address, OPERATOR_KEY);
        shop = connectClients(world.address, SHOP_KEY);
      });
      afterAll(async () => {
        for (const client of [operator, shop]) client[Symbol.dispose]();
        await world.stop();
      });
      afterEach(() => setPolicy({}));

      type Policy = NonNullable<
        NonNullable<Parameters<RpcClients["admin"]["updateAccount"]>[0]["account"]>["policy"]
      >;
      const setPolicy = (policy: Policy, updateMask = ["policy"]) =>
        operator.admin.updateAccount({ account: { accountId: "shop", policy }, updateMask });
      const refused = (request: Parameters<RpcClients["sms"]["sendSms"]>[0]) =>
        failureOf((options) => shop.sms.sendSms(request, options));

      it("shows a policy as it was set and with the defaults, and changes single fields of it", async () => {
        await setPolicy(dutchMobiles);
        const { account } = await shop.accounts.getAccount({});
        expect(account?.policy).toMatchObject({ ...dutchMobiles, regions: { allowed: ["NL"], denied: [] } });
        expect(account?.policy?.maxRecipients).toBeUndefined();
        expect(account?.effectivePolicy).toMatchObject({ maxRecipients: 1_000, oneTimePasswordsOnly: false });
        await setPolicy({ maxSegments: 2 }, ["policy.max_segments", "policy.number_types"]);
        const changed = (await shop.accounts.getAccount({})).account;
        expect(changed?.policy).toMatchObject({ maxSegments: 2, defaultRegionCode: "NL" });
        expect(changed?.policy?.numberTypes).toBeUndefined();
        await setPolicy({});
        const none = (await shop.accounts.getAccount({})).account;
        expect(none?.policy).toBeUndefined();
        expect(none?.effectivePolicy).toMatchObject({
          numberForms: NumberForms.NUMBER_FORMS_E164,
          maxSegments: 255,
        });
      });

      it("refuses a policy with bad settings whole, each by its field, and changes nothing", async () => {
        await setPolicy({ maxSegments: 3 });
        const before = (await shop.accounts.getAccount({})).account;
        const failure = await failureOf((options) =>
          operator.admin.updateAccount(
            {
              account: {
                accountId: "shop",
                policy: {
                  regions: { allowed: ["NL", "XX"] },
                  numberForms: 9 as NumberForms,
                  maxRecipients: 0,
                },
              },
              updateMask: ["policy"],
            },
            options,
          ),
        );
        expect(failure).toMatchObject({
          code: Status.INVALID_ARGUMENT,
          info: { reason: "INVALID_PARAMETER" },
        });
        expect(failure.violations.map(({ field }) => field)).toEqual([
          "account.policy.regions.allowed[1]",
          "account.policy.number_forms",
          "account.policy.max_recipients",
        ]);
        expect((await shop.accounts.getAccount({})).account).toEqual(before);
      });

      it("sends under registered senders only once they are approved, and under the default one where none is given", async () => {
        const first = { ...good, sender: "", requestId: "by-default" };
        await setPolicy({ defaultSender: "Shop" });
        const { messageId } = await shop.sms.sendSms(first);
        expect((await shop.sms.listSms({})).sms[0]).toMatchObject({ messageId, sender: "Shop" });
        await setPolicy({ registeredSendersOnly: true, defaultSender: "Shop" });
        const unregistered = await refused({ ...good, sender: "" });
        expect(unregistered).toMatchObject({
          code: Status.PERMISSION_DENIED,
          info: {
            reason: "SENDER_NOT_REGISTERED",
            metadata: { status_code: "4104", rule: "REGISTERED_SENDER" },
          },
        });
        expect(unregistered.violations.map(({ field }) => field)).toEqual(["sender"]);
        const again = await shop.sms.sendSms(first);
        expect(again, "a repeated request").toMatchObject({ messageId, replayed: true });
        const { candidates: _, ...explained } = await operator.gateways.explainRoute({
          message: { sender: "Shop", recipients: good.recipients },
          accountId: "shop",
        });
        expect(explained.rule).toBe("REGISTERED_SENDER");
        expect((await shop.sms.previewSms({ message: { content: text } })).plans).toHaveLength(1);

        await shop.accounts.requestSender({ sender: { sender: "Shop" } });
        expect((await refused({ ...good, sender: "Shop" })).info.reason, "pending").toBe(
          "SENDER_NOT_REGISTERED",
        );
        const decision = SenderDecision.SENDER_DECISION_APPROVE;
        await operator.admin.reviewSender({ accountId: "shop", sender: "Shop", decision });
        expect((await shop.sms.sendSms({ ...good, sender: "" })).messageId).not.toBe("");
        expect((await refused({ ...good, sender: "SHOP" })).info.reason, "exactly").toBe(
          "SENDER_NOT_REGISTERED",
        );
        await shop.accounts.deleteSender({ sender: "Shop" });
        expect((await refused({ ...good, sender: "Shop" })).info.reason).toBe("SENDER_NOT_REGISTERED");
        await setPolicy({});
        expect((await refused({ ...good, sender: "" })).info.reason).toBe("PARAMETER_MISSING");
        expect((await shop.sms.sendSms(first)).replayed, "without the default, too").toBe(true);
      });

      it("reads national numbers by the request's country, and refuses one whose numbers cannot be told", async () => {
        await setPolicy({ numberForms: NumberForms.NUMBER_FORMS_ANY });
        const national = { ...good, recipients: ["0612345678"], requestId: `national-${name}` };
        const { messageId } = await shop.sms.sendSms({ ...national, regionCode: "NL" });
        const { deliveries } = await shop.sms.getStatus({ messageId });
        expect(deliveries.map(({ recipient }) => recipient)).toEqual(["+31612345678"]);
        const other = await refused({ ...national, regionCode: "DE" });
        expect(other.info.reason, "another request").toBe("REQUEST_ID_REUSED");
        const american = await refused({ ...good, recipients: ["2015550123"], regionCode: "US" });
        expect(american.violations.map(({ field }) => field)).toContain("region_code");
        const looked = { message: { ...good, recipients: ["0612345678"], regionCode: "NL" } };
        expect((await shop.sms.previewSms(looked)).plans[0]?.recipients).toEqual(["0612345678"]);
        const explained = await operator.gateways.explainRoute({ ...looked, accountId: "shop" });
        expect(explained.regionCode).toBe("NL");
        await setPolicy({});
        const replayed = await shop.sms.sendSms({ ...national, regionCode: "NL" });
        expect(replayed).toMatchObject({ messageId, replayed: true });
        const wrong = await failureOf((options) =>
          operator.admin.updateAccount(
            {
              account: {
                accountId: "shop",
                policy: { numberForms: NumberForms.NUMBER_FORMS_ANY, defaultRegionCode: "US" },
              },
              updateMask: ["policy"],
            },
            options,
          ),
        );
        expect(wrong.violations.map(({ field }) => field)).toEqual(["account.policy.assume_national"]);
      });

      it("sends under a sender as it is meant, and refuses a type that contradicts it", async () => {
        const typed = { ...good, sender: "701234567", senderType: SenderType.SENDER_TYPE_NATIONAL };
        const { messageId } = await shop.sms.sendSms(typed);
        const id = parseMessageId(messageId) ?? expect.fail("no id");
        const kept = await world.store.readStatus(toAccountId("shop"), id, {
          ...{ afterPosition: -1, limit: 1, view: "BASIC" },
        });
        expect(kept?.message.sender).toEqual({ kind: "NUMERIC", address: "701234567", type: "NATIONAL" });
        const wrong = await refused({ ...typed, sender: "+46701234567" });
        expect(wrong).toMatchObject({ info: { reason: "INVALID_SENDER" } });
        expect(wrong.violations.map(({ field }) => field)).toEqual(["sender_type"]);
      });

      it("tries as long as its policy says where a request does not, and asks for premium gateways where it may", async () => {
        await setPolicy({ premiumAllowed: false, defaultValidity: { seconds: 3_600n, nanos: 0 } });
        const { acceptTime, expireTime } = await shop.sms.sendSms(good);
        expect(Number(expireTime) - Number(acceptTime)).toBe(3_600_000);
        const { account } = await shop.accounts.getAccount({});
        expect(account?.effectivePolicy).toMatchObject({
          premiumAllowed: false,
          defaultValidity: { seconds: 3_600n },
        });
        const premium = { ...good, premium: true };
        expect(await refused(premium)).toMatchObject({
          code: Status.PERMISSION_DENIED,
          info: { reason: "ACCESS_DENIED", metadata: { rule: "PREMIUM", status_code: "4022" } },
          violations: [{ field: "premium" }],
        });
        const preview = await failureOf((options) => shop.sms.previewSms({ message: premium }, options));
        expect(preview.violations.map(({ field }) => field)).toEqual(["message.premium"]);
        const explained = await operator.gateways.explainRoute({ message: premium, accountId: "shop" });
        expect(explained.rule).toBe("PREMIUM");
        const day = { account: { policy: { defaultValidity: { seconds: 1n, nanos: 0 } } } };
        await expect(setPolicy(day.account.policy)).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
      });

      it("keeps a registered sender within its countries, one recipient at a time", async () => {
        await setPolicy({ registeredSendersOnly: true });
        const asked = { sender: `Dutch${name.length}`, regionCodes: ["NL", "SE", "NL"] };
        const { sender } = await shop.accounts.requestSender({ sender: asked });
        expect(sender?.regionCodes).toEqual(["NL", "SE"]);
        const decision = SenderDecision.SENDER_DECISION_APPROVE;
        await operator.admin.reviewSender({ accountId: "shop", sender: asked.sender, decision });
        const recipients = ["+31612345678", "+32470123456"];
        const answer = await shop.sms.sendSms({ ...good, sender: asked.sender, recipients });
        expect(answer.outcomes.map(({ rule, statusCode }) => [rule, statusCode])).toEqual([
          ["", SMS_STATUS_CODE_OK_QUEUED],
          ["SENDER_COUNTRY", SmsStatusCode.SMS_STATUS_CODE_SENDER_NOT_REGISTERED],
        ]);
        const belgian = { ...good, sender: asked.sender, recipients: ["+32470123456"] };
        expect((await refused(belgian)).info).toMatchObject({
          reason: "SENDER_NOT_REGISTERED",
          metadata: { rule: "SENDER_COUNTRY", status_code: "4104" },
        });
        const preview = await shop.sms.previewSms({ message: { ...belgian, recipients } });
        expect(preview.rejectedRecipients.map(({ rule }) => rule)).toEqual(["SENDER_COUNTRY"]);
        const explained = await operator.gateways.explainRoute({ message: belgian, accountId: "shop" });
        expect(explained.rule).toBe("SENDER_COUNTRY");
        const nowhere = await failureOf((options) =>
          shop.accounts.requestSender({ sender: { sender: "Other", regionCodes: ["NL", "XX"] } }, options),
        );
        expect(nowhere.violations.map(({ field }) => field)).toEqual(["sender.region_codes[1]"]);
      });

      it("sends to no number without a country of its own where countries are allowed", async () => {
        await setPolicy({ regions: { allowed: ["GB"] } });
        await shop.sms.sendSms({ ...good, recipients: ["+447400123456"] });
        const drama = { ...good, recipients: ["+447700900123"] };
        expect((await refused(drama)).info.metadata["rule"]).toBe("COUNTRY");
        const explained = await operator.gateways.explainRoute({ message: drama, accountId: "shop" });
        expect([explained.regionCode, explained.rule], "routed by the main one").toEqual(["GB", "COUNTRY"]);
        await setPolicy({ regions: { denied: ["GB"] } });
        expect((await refused(drama)).info.metadata["rule"]).toBe("COUNTRY");
        await setPolicy({ regions: { denied: ["NL"] } });
        await shop.sms.sendSms(drama);
      });

      it("tells in whose quiet hours all are when that is the first one's reason, and the first one's code in any case", async () => {
        await setPolicy({ regions: { denied: ["BE"] }, maxSegments: 1 });
        const content = { $case: "text", value: "x".repeat(200) } as const;
        const dutch = "+31612345678";
        const belgian = "+32470123456";
        const first = await refused({ ...good, content, recipients: [dutch, belgian] });
        expect(first.info.reason).toBe("MAX_SMS_PER_MESSAGE_EXCEEDED");
        expect(first.violations.map(({ field }) => field)).toEqual(["text", "recipients[1]"]);
        expect(first.info.metadata["rule"]).toBeUndefined();
        const second = await refused({ ...good, content, recipients: [belgian, dutch] });
        expect(second.info).toMatchObject({
          reason: "RECIPIENTS_NOT_ALLOWED",
          metadata: { rule: "COUNTRY" },
        });
        expect(second.violations.map(({ field }) => field)).toEqual(["recipients[0]", "text"]);
      });

      it("sends nothing by a policy of another release, and lets operators list, suspend and correct the account", async () => {
        const policy = '{"sendsOnMondays":true}';
        await world.store.updateAccount(
          actAt(Date.now(), "shop"),
          toAccountId("shop"),
          { policy },
          undefined,
          true,
        );
        const shown = async () =>
          (await operator.admin.listAccounts({})).accounts.find(({ accountId }) => accountId === "shop");
        expect((await shown())?.effectivePolicy).toBeUndefined();
        expect((await operator.admin.listAccounts({})).accounts.map(({ accountId }) => accountId)).toEqual(
          expect.arrayContaining(["ops", "other", "shop"]),
        );
        const { account } = await operator.admin.suspendAccount({
          accountId: "shop",
          state: AccountState.ACCOUNT_STATE_SENDING_DISABLED,
        });
        expect(account?.state).toBe(AccountState.ACCOUNT_STATE_SENDING_DISABLED);
        const { account: back } = await operator.admin.reinstateAccount({ accountId: "shop" });
        expect([back?.policy, back?.effectivePolicy]).toEqual([undefined, undefined]);
        await expect(shop.sms.sendSms(good)).rejects.toMatchObject({
          code: Status.UNAVAILABLE,
          details: expect.stringMatching(/account shop .*sendsOnMondays/),
        });
        await expect(setPolicy({ maxSegments: 2 }, ["policy.max_segments"])).rejects.toMatchObject({
          code: Status.UNAVAILABLE,
        });
        await setPolicy({});
        expect((await shown())?.effectivePolicy).toBeDefined();
        await shop.sms.sendSms(good);
      });

      it("reaches one number by every way of writing it, and no other country and kind", async () => {
        await setPolicy(dutchMobiles);
        const recipients = ["0612345678", "0031612345678", "+31 (0)6 1234 5678", "+31612345678"];
        const answer = await shop.sms.sendSms({ ...good, recipients });
        expect(answer.outcomes.map(({ recipient }) => recipient)).toEqual(recipients);
        expect(new Set(answer.outcomes.map(({ deliveryId }) => deliveryId)).size).toBe(1);
        const { deliveries } = await shop.sms.getStatus({ messageId: answer.messageId });
        expect(deliveries.map(({ recipient }) => recipient)).toEqual(["+31612345678"]);

        const belgian = await refused({ ...good, recipients: ["+32470123456"] });
        expect(belgian).toMatchObject({
          code: Status.PERMISSION_DENIED,
          info: { reason: "RECIPIENTS_NOT_ALLOWED", metadata: { rule: "COUNTRY", status_code: "4029" } },
        });
        expect(belgian.violations.map(({ field }) => field)).toEqual(["recipients[0]"]);
        const unknown = await refused({ ...good, recipients: ["0600123456"] });
        expect(unknown.info).toMatchObject({
          reason: "RECIPIENTS_NOT_ALLOWED",
          metadata: { rule: "NUMBER_TYPE" },
        });
        const malformed = await refused({ ...good, recipients: ["06123", "0612345678"] });
        expect(malformed.info.reason).toBe("INVALID_RECIPIENT");
        expect(malformed.violations.map(({ field }) => field)).toEqual(["recipients[0]"]);
      });

      it("sends one-time passwords alone where that is what the account is for", async () => {
        await setPolicy({ oneTimePasswordsOnly: true });
        const answer = await shop.sms.sendSms(good);
        const { sms } = await shop.sms.getStatus({ messageId: answer.messageId });
        expect(sms?.lane).toBe(Lane.LANE_OTP);
        await shop.sms.sendSms({ ...good, lane: Lane.LANE_OTP });
        const long = { $case: "text", value: "x".repeat(161) } as const;
        const data = { $case: "binary", value: { data: Buffer.from([1]), udh: Buffer.alloc(0) } } as const;
        const refusals = await Promise.all([
          refused({ ...good, recipients: ["+31612345678", "+31612345679"] }),
          refused({ ...good, content: long }),
          refused({ ...good, content: data }),
          refused({ ...good, lane: Lane.LANE_BULK }),
        ]);
        expect(
          refusals.map(({ info, violations }) => [info.metadata["status_code"], violations[0]?.field]),
        ).toEqual([
          ["4025", "recipients"],
          ["4026", "text"],
          ["4004", "binary"],
          ["4015", "lane"],
        ]);
        for (const { info } of refusals) expect(info.metadata["rule"]).toBe("ONE_TIME_PASSWORD");
      });

      it("sends to the rest of 500 recipients, and rejects the others with a report each", async () => {
        await setPolicy({ regions: { denied: ["BE"] }, numberTypes: { allowed: ["MOBILE"] } });
        const recipients = Array.from({ length: 500 }, (_, index) => `+316${String(12_000_000 + index)}`);
        recipients[7] = "+32470123456";
        recipients[250] = "+31201234567";
        const suppressed = recipients[499] ?? "";
        await shop.accounts.changeSuppressions({ upserted: [{ recipient: suppressed }] });
        const clientReference = "five hundred";
        const answer = await shop.sms.sendSms({ ...good, recipients, clientReference });
        const wanted = new Map([
          [7, "COUNTRY"],
          [250, "NUMBER_TYPE"],
          [499, "SUPPRESSION"],
        ]);
        const codes = new Map([
          ["SUPPRESSION", SmsStatusCode.SMS_STATUS_CODE_RECIPIENTS_BLACKLISTED],
          ["COUNTRY", SMS_STATUS_CODE_RECIPIENTS_NOT_ALLOWED],
          ["NUMBER_TYPE", SMS_STATUS_CODE_RECIPIENTS_NOT_ALLOWED],
        ]);
        for (const [index, outcome] of answer.outcomes.entries()) {
          const rule = wanted.get(index);
          expect(outcome).toMatchObject({
            recipient: recipients[index],
            rule: rule ?? "",
            statusCode: rule === undefined ? SMS_STATUS_CODE_OK_QUEUED : codes.get(rule),
            state: rule === undefined ? DELIVERY_STATE_QUEUED : DELIVERY_STATE_REJECTED,
            segmentCount: rule === undefined ? 1 : 0,
          });
        }
        expect(answer.totalSegmentCount).toBe(497);
        await shop.accounts.changeSuppressions({ removedRecipients: [suppressed] });
        const reports: DeliveryReport[] = [];
        for await (const response of shop.sms.streamDeliveryReports({
          start: { initialStart: InitialStart.INITIAL_START_EARLIEST },
          states: [DELIVERY_STATE_REJECTED],
          clientReference,
          reportLimit: 3,
        }))
          reports.push(...response.reports);
        expect(reports.map(({ recipient }) => recipient)).toEqual(
          [7, 250, 499].map((index) => recipients[index]),
        );
        for (const [at, report] of reports.entries())
          expect(report).toMatchObject({
            isFinal: true,
            statusCode: [...wanted.values()].map((rule) => codes.get(rule))[at],
            failureReason: FailureReason.FAILURE_REASON_POLICY,
            gatewayId: "",
          });
        const { deliveries } = await shop.sms.getStatus({ messageId: answer.messageId, pageSize: 8 });
        expect(deliveries.map(({ rule }) => rule)).toEqual(["", "", "", "", "", "", "", "COUNTRY"]);
      });

      it("sends no more to few destinations than its guard lets pass, also at once, and counts only what was stored", async () => {
        const capped = async (mode: string) => {
          const { text: figures } = await world.metrics.render();
          const line = figures.split("\n").filter((one) => one.includes("capped_messages_total{"));
          return line.map((one) => (one.includes(`mode="${mode}"`) ? Number(one.split(" ").at(-1)) : 0));
        };
        const sumOf = async (mode: string) => (await capped(mode)).reduce((sum, one) => sum + one, 0);
        const guard = { blocks: true, recipientCap: 3, prefixCap: 8 };
        await setPolicy({ pumpingGuard: guard });
        const { account } = await shop.accounts.getAccount({});
        expect(account?.effectivePolicy?.pumpingGuard).toMatchObject(guard);
        const to = (...numbers: readonly number[]) => ({
          ...good,
          recipients: numbers.map((number) => `+3165555${1_000 + number}`),
        });
        for (let times = 0; times < 5; times += 1) {
          await shop.sms.sendSms({ ...to(1), dryRun: true });
          await shop.sms.previewSms({ message: to(1) });
        }
        const first = { ...to(1), requestId: `guarded-${name}` };
        await shop.sms.sendSms(first);
        for (let times = 0; times < 3; times += 1)
          expect((await shop.sms.sendSms(first)).replayed).toBe(true);
        const atOnce = await Promise.allSettled(Array.from({ length: 5 }, () => shop.sms.sendSms(to(1))));
        expect(atOnce.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
        expect(await refused(to(1))).toMatchObject({
          code: Status.RESOURCE_EXHAUSTED,
          info: { reason: "DESTINATION_LIMITED", metadata: { rule: "PUMPING_GUARD", status_code: "4126" } },
          violations: [{ field: "recipients[0]" }],
        });
        expect((await shop.sms.sendSms(first)).replayed, "though the cap is reached").toBe(true);
        // Three of the eight are gone.
        const answer = await shop.sms.sendSms(to(1, 2, 3, 4, 5, 6, 7, 8));
        expect(answer.outcomes.map(({ rule }) => rule)).toEqual([
          "PUMPING_GUARD",
          ...["", "", "", "", ""],
          ...["PUMPING_GUARD", "PUMPING_GUARD"],
        ]);
        const explained = await operator.gateways.explainRoute({ message: to(9), accountId: "shop" });
        expect(explained.rule).toBe("PUMPING_GUARD");
        expect(await sumOf("block")).toBe(7);
        await setPolicy({ pumpingGuard: { blocks: false, recipientCap: 3 } });
        await shop.sms.sendSms(to(1));
        expect(await sumOf("monitor")).toBe(1);
        const wrong = setPolicy({ pumpingGuard: { blocks: true, recipientCap: 0 } });
        await expect(wrong).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
      });

      it("answers what it answered before, whatever the policy has become", async () => {
        await setPolicy(dutchMobiles);
        const request = { ...good, recipients: ["06 1234 5678"], requestId: `replayed-${name}` };
        const first = await shop.sms.sendSms(request);
        const replays = async () => {
          const again = await shop.sms.sendSms(request);
          expect(again).toMatchObject({ messageId: first.messageId, replayed: true });
        };
        await setPolicy({ ...dutchMobiles, regions: { denied: ["NL"] } });
        await replays();
        expect((await refused({ ...request, requestId: "another" })).info.metadata["rule"]).toBe("COUNTRY");
        await setPolicy({ maxTextLength: 1 });
        await replays();
        await setPolicy({});
        await replays();
        expect((await refused({ ...request, requestId: "another" })).info.reason).toBe("INVALID_RECIPIENT");
        expect((await refused({ ...request, recipients: ["06 1234 5679"] })).info.reason).toBe(
          "INVALID_RECIPIENT",
        );
        await setPolicy({ ...dutchMobiles, oneTimePasswordsOnly: true });
        await replays();
      });

      it("keeps advertisement back in quiet hours, and tells when they are over", async () => {
        const now = minuteOfDay("Europe/Amsterdam", Date.now());
        const around = (minutes: number) => (now + minutes + 1_440) % 1_440;
        await setPolicy({ quietHours: { fromMinute: around(-600), untilMinute: around(600) } });
        await shop.sms.sendSms(good);
        const failure = await refused({ ...good, contentCategory: advertisement });
        expect(failure).toMatchObject({
          code: Status.INVALID_ARGUMENT,
          info: { reason: "INVALID_CONTENT_CATEGORY", metadata: { rule: "QUIET_HOURS" } },
        });
        const waitSeconds = Number(failure.retry?.retryDelay?.seconds);
        expect(waitSeconds).toBeGreaterThan(9 * 3_600);
        expect(waitSeconds).toBeLessThanOrEqual(11 * 3_600);
        await setPolicy({ contentCategories: { denied: ["ADVERTISEMENT"] } });
        const barred = await refused({ ...good, contentCategory: advertisement });
        expect(barred.info).toMatchObject({
          reason: "INVALID_CONTENT_CATEGORY",
          metadata: { rule: "CONTENT_CATEGORY" },
        });
        const unknown = await refused({ ...good, contentCategory: 9 as ContentCategory });
        expect(unknown.info).toMatchObject({ reason: "INVALID_CONTENT_CATEGORY" });
        expect(unknown.info.metadata["rule"]).toBeUndefined();
      });

      it("has the account's bounds beside the service's", async () => {
        await setPolicy({ maxRecipients: 2, maxSegments: 1, maxTextLength: 200 });
        const many = ["+31612345678", "+31612345679", "+31612345670"];
        expect((await refused({ ...good, recipients: many })).info.reason).toBe(
          "THROTTLING_TOO_MANY_RECIPIENTS",
        );
        const content = (length: number) => ({ $case: "text", value: "x".repeat(length) }) as const;
        expect((await refused({ ...good, content: content(161) })).info.reason).toBe(
          "MAX_SMS_PER_MESSAGE_EXCEEDED",
        );
        expect((await refused({ ...good, content: content(201) })).info.reason).toBe("INVALID_TEXT");
        await shop.sms.sendSms({ ...good, content: content(160), maxSegments: 10 });
      });

      it("previews and explains by the same rules", async () => {
        await setPolicy(dutchMobiles);
        const recipients = ["06 1234 5678", "+32470123456", "0600123456"];
        const preview = await shop.sms.previewSms({ message: { ...good, recipients } });
        expect(preview.plans.map((plan) => plan.recipients)).toEqual([["06 1234 5678"]]);
        expect(preview.rejectedRecipients.map(({ recipient, rule }) => [recipient, rule])).toEqual([
          ["+32470123456", "COUNTRY"],
          ["0600123456", "NUMBER_TYPE"],
        ]);
        const explained = async (change: object) =>
          (await operator.gateways.explainRoute({ message: { ...good, ...change }, accountId: "shop" })).rule;
        expect(await explained({ recipients: ["06 1234 5678"] })).toBe("");
        expect(await explained({ recipients: ["+32470123456"] })).toBe("COUNTRY");
        await setPolicy({ oneTimePasswordsOnly: true });
        expect(await explained({ lane: Lane.LANE_BULK })).toBe("ONE_TIME_PASSWORD");
        const failure = await failureOf((options) =>
          shop.sms.previewSms({ message: { ...good, lane: Lane.LANE_BULK } }, options),
        );
        expect(failure.violations.map(({ field }) => field)).toEqual(["message.lane"]);
      });

      it("refuses single messages of a stream by the same rules", async () => {
        await setPolicy(dutchMobiles);
        async function* requests() {
          for (const [index, recipient] of ["+32470123456", "0612345678"].entries())
            yield { request: { ...good, recipients: [recipient], requestId: `stream-${name}-${index}` } };
        }
        const outcomes: unknown[] = [];
        for await (const { outcome } of shop.sms.sendSmsStream(requests()))
          outcomes.push(outcome?.$case === "failure" ? outcome.value.metadata["rule"] : outcome?.$case);
        expect(outcomes).toEqual(["COUNTRY", "response"]);
      });
    },
  );
