import { ClientError, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountState, SenderState } from "../../../src/gen/smsrelay/v1/account.ts";
import { AuditSubjectKind, SenderDecision } from "../../../src/gen/smsrelay/v1/admin_service.ts";
import { SendSmsStreamRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  OPERATOR_KEY_ID,
  OTHER_KEY,
  type RpcWorld,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";

const { ACCOUNT_STATE_ACTIVE, ACCOUNT_STATE_SUSPENDED, ACCOUNT_STATE_SENDING_DISABLED } = AccountState;
const { SENDER_STATE_PENDING, SENDER_STATE_APPROVED, SENDER_STATE_REJECTED } = SenderState;
const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

let world: RpcWorld;
let operator: RpcClients;
let shop: RpcClients;
let other: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld();
  operator = connectClients(world.address, OPERATOR_KEY);
  shop = connectClients(world.address, SHOP_KEY);
  other = connectClients(world.address, OTHER_KEY);
});
afterAll(async () => {
  for (const client of [operator, shop, other]) client[Symbol.dispose]();
  await world.stop();
});

describe("AccountService", () => {
  it("shows an account to itself, and any to operators", async () => {
    const { account } = await shop.accounts.getAccount({});
    expect(account).toMatchObject({ accountId: "shop", state: ACCOUNT_STATE_ACTIVE, revision: 0n });
    expect(account?.createTime).toBeUndefined();
    expect((await operator.accounts.getAccount({ accountId: "shop" })).account).toEqual(account);
    const foreign = await failureOf((options) => shop.accounts.getAccount({ accountId: "other" }, options));
    expect(foreign).toMatchObject({ code: Status.PERMISSION_DENIED, info: { reason: "ACCESS_DENIED" } });
    const unknown = await failureOf((options) =>
      operator.accounts.getAccount({ accountId: "nobody" }, options),
    );
    expect(unknown).toMatchObject({ code: Status.NOT_FOUND, info: { reason: "UNKNOWN_ACCOUNT" } });
  });
});

describe("AdminService", () => {
  it("lists accounts of the configuration, of keys and with rows by id, in pages that leave none out", async () => {
    await operator.admin.createAccount({ account: { accountId: "bank", displayName: "The bank" } });
    await operator.keys.createKey({ accountId: "zoo" });
    const found: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await operator.admin.listAccounts({ pageSize: 2, pageToken });
      found.push(...page.accounts.map(({ accountId }) => accountId));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(found).toEqual(["bank", "ops", "other", "shop", "zoo"]);
    const suspended = await operator.admin.listAccounts({ states: [ACCOUNT_STATE_SUSPENDED] });
    expect(suspended.accounts).toEqual([]);
  });

  it("makes and renames accounts, and refuses what was changed in between", async () => {
    const { account } = await operator.admin.createAccount({ account: { accountId: "crm" } });
    expect(account).toMatchObject({ accountId: "crm", revision: 1n, state: ACCOUNT_STATE_ACTIVE });
    const update = (displayName: string, revision: bigint) => ({
      account: { accountId: "crm", displayName, revision },
      updateMask: ["display_name"],
    });
    const renamed = await operator.admin.updateAccount(update("CRM", 1n));
    expect(renamed.account).toMatchObject({ displayName: "CRM", revision: 2n });
    const stale = await failureOf((options) => operator.admin.updateAccount(update("X", 1n), options));
    expect(stale).toMatchObject({
      code: Status.ABORTED,
      info: { reason: "STALE_REVISION", metadata: { status_code: "4123", revision: "2" } },
    });
    const repeated = await operator.admin.updateAccount(update("CRM", 1n));
    expect(repeated.account, "its answer was lost").toEqual(renamed.account);
    const unread = await failureOf((options) => operator.admin.updateAccount(update("X", 0n), options));
    expect(unread.info.reason, "0 is no wildcard").toBe("STALE_REVISION");
    const taken = await failureOf((options) =>
      operator.admin.createAccount({ account: { accountId: "crm" } }, options),
    );
    expect(taken.info.reason).toBe("ALREADY_EXISTS");
  });

  it("ignores a time of output only that JSON cannot say, and leaves the request out of the log", async () => {
    const account = { accountId: "far", createTime: new Date("+012026-01-01") };
    const made = await operator.admin.createAccount({ account });
    expect(made.account).toMatchObject({ accountId: "far", revision: 1n });
    const { entries } = await operator.admin.listAuditEntries({ subject: "far" });
    expect(entries.map(({ requestJson }) => JSON.parse(requestJson))).toEqual([
      { leftOut: "it has no JSON form" },
    ]);
  });

  it("refuses bad fields with their names", async () => {
    const { admin } = operator;
    const account = { accountId: "shop", displayName: "x".repeat(64) };
    type Call = Parameters<typeof failureOf>[0];
    const calls: readonly (readonly [Call, string, string])[] = [
      [(o) => admin.createAccount({ account: { accountId: "Shop!" } }, o), "account.account_id", "4114"],
      [(o) => admin.createAccount({}, o), "account.account_id", "4019"],
      [(o) => admin.createAccount({ account }, o), "account.display_name", "4114"],
      [(o) => admin.updateAccount({ account: { accountId: "shop" } }, o), "update_mask", "4019"],
      [
        (o) => admin.updateAccount({ account: { accountId: "shop" }, updateMask: ["state"] }, o),
        "update_mask",
        "4114",
      ],
      [
        (o) => admin.updateAccount({ account: { accountId: "shop" }, updateMask: ["displayName"] }, o),
        "update_mask",
        "4114",
      ],
      [
        (o) =>
          admin.updateAccount(
            { account: { accountId: "shop", revision: -1n }, updateMask: ["display_name"] },
            o,
          ),
        "account.revision",
        "4114",
      ],
      [(o) => admin.suspendAccount({}, o), "account_id", "4019"],
      [(o) => admin.suspendAccount({ accountId: "shop", reason: "\n" }, o), "reason", "4114"],
      [(o) => admin.reinstateAccount({}, o), "account_id", "4019"],
      [(o) => admin.listAccounts({ states: [0] }, o), "states", "4114"],
      [(o) => admin.listAuditEntries({ pageToken: "x" }, o), "page_token", "4110"],
    ];
    for (const [call, field, code] of calls) {
      const failure = await failureOf(call);
      expect(failure.violations.map((violation) => violation.field)).toEqual([field]);
      expect(failure.info.metadata["status_code"]).toBe(code);
    }
  });

  it("is for operators only", async () => {
    const failure = await failureOf((options) => shop.admin.listAccounts({}, options));
    expect(failure.info.reason).toBe("ACCESS_DENIED");
  });
});

describe("a suspended account", () => {
  it("is refused every call before its scope is asked for, and its streams end; then it is let in again", async () => {
    async function* silent(): AsyncGenerator<SendSmsStreamRequest> {
      yield SendSmsStreamRequest.create({ request: { ...good, requestId: "first" } });
      await new Promise(() => {});
    }
    const answers = other.sms.sendSmsStream(silent())[Symbol.asyncIterator]();
    expect((await answers.next()).value?.outcome?.$case).toBe("response");
    const start = { initialStart: InitialStart.INITIAL_START_NOW };
    const reports = other.sms.streamDeliveryReports({ start });
    const readAll = async () => {
      for await (const _ of reports) void _;
    };
    const ended = expect(readAll()).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });

    const reason = "invoice 4711";
    const { account } = await operator.admin.suspendAccount({ accountId: "other", reason });
    expect(account).toMatchObject({ state: ACCOUNT_STATE_SUSPENDED });
    for (const call of [
      (options: object) => other.sms.sendSms(good, options),
      (options: object) => other.accounts.getAccount({}, options),
      (options: object) => other.admin.listAccounts({}, options),
    ]) {
      expect(await failureOf(call)).toMatchObject({
        code: Status.PERMISSION_DENIED,
        info: { reason: "INVALID_ACCOUNT", metadata: { status_code: "4021", rule: "SUSPENDED" } },
      });
    }
    await expect(answers.next()).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    await ended;
    const again = await operator.admin.suspendAccount({ accountId: "other" });
    expect(again.account?.revision).toBe(account?.revision);

    await operator.admin.reinstateAccount({ accountId: "other" });
    expect((await other.accounts.getAccount({})).account?.state).toBe(ACCOUNT_STATE_ACTIVE);
    expect((await other.sms.sendSms(good)).messageId).not.toBe("");
  });

  it("sends nothing more on a stream that is open, from the answer on", async () => {
    const wanted = createSignalQueue<string>();
    async function* onDemand(): AsyncGenerator<SendSmsStreamRequest> {
      for (;;) yield SendSmsStreamRequest.create({ request: { ...good, requestId: await wanted.next() } });
    }
    const answers = other.sms.sendSmsStream(onDemand())[Symbol.asyncIterator]();
    wanted.push("before");
    expect((await answers.next()).value?.outcome?.$case).toBe("response");
    await operator.admin.suspendAccount({ accountId: "other" });
    wanted.push("after");
    // The stream itself ends within a second, perhaps before it has answered.
    const answer = await answers.next().catch((error: unknown) => error);
    if (answer instanceof ClientError) expect(answer.code).toBe(Status.PERMISSION_DENIED);
    else expect(answer).toMatchObject({ value: { outcome: { $case: "failure" } } });
    await operator.admin.reinstateAccount({ accountId: "other" });
    const again = await other.sms.sendSms({ ...good, requestId: "after" });
    expect(again.replayed, "nothing was accepted under it").toBe(false);
  });

  it("may read where only its sending is disabled, also on a stream that is open", async () => {
    const queue: { next?: (request: SendSmsStreamRequest) => void } = {};
    async function* asked(): AsyncGenerator<SendSmsStreamRequest> {
      yield SendSmsStreamRequest.create({ request: { ...good, requestId: "s1" } });
      yield await new Promise<SendSmsStreamRequest>((resolve) => {
        queue.next = resolve;
      });
    }
    const answers = other.sms.sendSmsStream(asked())[Symbol.asyncIterator]();
    expect((await answers.next()).value?.outcome?.$case).toBe("response");
    const { account } = await operator.admin.suspendAccount({
      accountId: "other",
      state: ACCOUNT_STATE_SENDING_DISABLED,
    });
    expect(account?.state).toBe(ACCOUNT_STATE_SENDING_DISABLED);
    queue.next?.(SendSmsStreamRequest.create({ request: { ...good, requestId: "s2" } }));
    const refused = (await answers.next()).value?.outcome;
    expect(refused).toMatchObject({ $case: "failure", value: { statusCode: 4035 } });
    const failure = await failureOf((options) => other.sms.sendSms({ ...good, sender: "!" }, options));
    expect(failure, "before the form").toMatchObject({ info: { reason: "SMS_DISABLED" } });
    expect((await other.sms.listSms({})).sms.length).toBeGreaterThan(0);
    await operator.admin.reinstateAccount({ accountId: "other" });
  });

  it("is asked for by a state that refuses something", async () => {
    for (const state of [ACCOUNT_STATE_ACTIVE, 9 as AccountState]) {
      const failure = await failureOf((options) =>
        operator.admin.suspendAccount({ accountId: "other", state }, options),
      );
      expect(failure).toMatchObject({
        info: { reason: "INVALID_PARAMETER" },
        violations: [{ field: "state" }],
      });
    }
    const { account } = await operator.admin.suspendAccount({
      accountId: "other",
      state: ACCOUNT_STATE_SUSPENDED,
    });
    expect(account?.state).toBe(ACCOUNT_STATE_SUSPENDED);
    await operator.admin.reinstateAccount({ accountId: "other" });
  });

  it("tells in the audit log what kind of thing was acted on", async () => {
    await operator.admin.suspendAccount({ accountId: "other" });
    await operator.admin.reinstateAccount({ accountId: "other" });
    const { AUDIT_SUBJECT_KIND_ACCOUNT, AUDIT_SUBJECT_KIND_GATEWAY } = AuditSubjectKind;
    const entriesOf = async (subjectKind: AuditSubjectKind) =>
      (await operator.admin.listAuditEntries({ subject: "other", subjectKind, pageSize: 1_000 })).entries;
    const entries = await entriesOf(AUDIT_SUBJECT_KIND_ACCOUNT);
    expect(entries[0]).toMatchObject({ subject: "other", subjectKind: AUDIT_SUBJECT_KIND_ACCOUNT });
    expect(await entriesOf(AUDIT_SUBJECT_KIND_GATEWAY)).toEqual([]);
    const unknown = await failureOf((options) =>
      operator.admin.listAuditEntries({ subjectKind: 99 as AuditSubjectKind }, options),
    );
    expect(unknown.violations.map(({ field }) => field)).toEqual(["subject_kind"]);
  });

  it("is neither the operator's own nor unknown", async () => {
    const own = await failureOf((options) => operator.admin.suspendAccount({ accountId: "ops" }, options));
    expect(own).toMatchObject({ code: Status.FAILED_PRECONDITION, info: { reason: "NOT_CHANGEABLE" } });
    const unknown = await failureOf((options) =>
      operator.admin.suspendAccount({ accountId: "nobody" }, options),
    );
    expect(unknown.info.reason).toBe("UNKNOWN_ACCOUNT");
  });
});

describe("senders", () => {
  it("are asked for by the account, decided on by an operator, and shown to both", async () => {
    const { sender } = await shop.accounts.requestSender({ sender: { sender: "+4670", purpose: "codes" } });
    expect(sender).toMatchObject({
      sender: "4670",
      state: SENDER_STATE_PENDING,
      accountId: "shop",
      purpose: "codes",
    });
    await other.accounts.requestSender({ sender: { sender: "ACME" } });
    const pending = await operator.accounts.listSenders({ accountId: "-", states: [SENDER_STATE_PENDING] });
    expect(pending.senders.map((one) => `${one.accountId} ${one.sender}`)).toEqual([
      "other ACME",
      "shop 4670",
    ]);
    const review = { accountId: "shop", sender: "4670" };
    const rejected = await operator.admin.reviewSender({
      ...review,
      decision: SenderDecision.SENDER_DECISION_REJECT,
      reason: "not yours",
    });
    expect(rejected.sender).toMatchObject({ state: SENDER_STATE_REJECTED, reason: "not yours" });
    await operator.admin.reviewSender({ ...review, decision: SenderDecision.SENDER_DECISION_APPROVE });
    const { senders } = await shop.accounts.listSenders({});
    expect(senders).toMatchObject([
      { sender: "4670", state: SENDER_STATE_APPROVED, reason: "", shared: false },
    ]);
    await shop.accounts.deleteSender({ sender: "+4670" });
    expect((await shop.accounts.listSenders({})).senders).toEqual([]);
  });

  it("are listed in pages, and those of others only to operators", async () => {
    for (const sender of ["A1", "B2", "C3"]) await shop.accounts.requestSender({ sender: { sender } });
    const first = await shop.accounts.listSenders({ pageSize: 2 });
    const rest = await shop.accounts.listSenders({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.senders, ...rest.senders].map(({ sender }) => sender)).toEqual(["A1", "B2", "C3"]);
    const all = await operator.accounts.listSenders({ accountId: "-", pageSize: 2 });
    const others = await operator.accounts.listSenders({ accountId: "-", pageToken: all.nextPageToken });
    expect(all.senders.length + others.senders.length).toBe(4);
    for (const accountId of ["-", "other"]) {
      const failure = await failureOf((options) => shop.accounts.listSenders({ accountId }, options));
      expect(failure.info.reason).toBe("ACCESS_DENIED");
    }
    const unknown = await failureOf((options) =>
      operator.accounts.listSenders({ accountId: "nobody" }, options),
    );
    expect(unknown.info.reason).toBe("UNKNOWN_ACCOUNT");
  });

  it("refuse bad fields with their names", async () => {
    const { accounts, admin } = operator;
    const { SENDER_DECISION_APPROVE, SENDER_DECISION_REJECT } = SenderDecision;
    const review = { accountId: "shop", sender: "A1" };
    type Call = Parameters<typeof failureOf>[0];
    const calls: readonly (readonly [Call, readonly string[], string])[] = [
      [(o) => accounts.requestSender({}, o), ["sender.sender"], "4019"],
      [
        (o) => accounts.requestSender({ sender: { sender: "!", purpose: "x".repeat(501) } }, o),
        ["sender.sender", "sender.purpose"],
        "4003",
      ],
      [(o) => accounts.deleteSender({}, o), ["sender"], "4019"],
      [(o) => accounts.deleteSender({ sender: "!" }, o), [], "4121"],
      [(o) => accounts.listSenders({ states: [7 as SenderState] }, o), ["states"], "4114"],
      [(o) => admin.reviewSender({}, o), ["account_id", "sender", "decision"], "4019"],
      [(o) => admin.reviewSender({ ...review, decision: 9 as SenderDecision }, o), ["decision"], "4114"],
      [(o) => admin.reviewSender({ ...review, decision: SENDER_DECISION_REJECT }, o), ["reason"], "4019"],
      [
        (o) => admin.reviewSender({ ...review, decision: SENDER_DECISION_APPROVE, reason: "x" }, o),
        ["reason"],
        "4114",
      ],
    ];
    for (const [call, fields, code] of calls) {
      const failure = await failureOf(call);
      expect(failure.violations.map(({ field }) => field)).toEqual(fields);
      expect(failure.info.metadata["status_code"]).toBe(code);
    }
  });
});

describe("the audit log", () => {
  it("has every act of an operator, with the key, the peer, the request and what stood there before", async () => {
    const { apiKey } = await operator.keys.createKey({ accountId: "shop", keyId: "till" });
    await operator.keys.revokeKey({ keyId: apiKey?.keyId ?? "" });
    await operator.gateways.pauseGateway({ gatewayId: "north", reason: "works" });
    await operator.gateways.resumeGateway({ gatewayId: "north" });
    for await (const _ of operator.maintenance.downloadBackup({})) void _;
    await operator.admin.suspendAccount({ accountId: "zoo", reason: "unpaid" });
    await operator.admin.reinstateAccount({ accountId: "zoo" });
    const page = await operator.admin.listAuditEntries({ pageSize: 7 });
    const shown = page.entries.map(({ method, subject }) => `${method.split("/")[1]} ${subject}`);
    expect(shown).toEqual([
      "ReinstateAccount zoo",
      "SuspendAccount zoo",
      "DownloadBackup ",
      "ResumeGateway north",
      "PauseGateway north",
      "RevokeKey till",
      "CreateKey till",
    ]);
    const [, suspended] = page.entries;
    expect(suspended).toMatchObject({
      keyId: OPERATOR_KEY_ID,
      actor: "",
      method: "smsrelay.v1.AdminService/SuspendAccount",
    });
    expect(suspended?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.parse(suspended?.requestJson ?? "")).toEqual({ accountId: "zoo", reason: "unpaid" });
    expect(JSON.parse(suspended?.beforeJson ?? "")).toMatchObject({ state: "ACCOUNT_STATE_ACTIVE" });
    expect(JSON.parse(page.entries[3]?.beforeJson ?? "")).toMatchObject({ reason: "works" });

    const next = await operator.admin.listAuditEntries({ pageSize: 7, pageToken: page.nextPageToken });
    expect(next.entries[0]?.entryNumber).toBe((page.entries.at(-1)?.entryNumber ?? 0n) - 1n);
    const bySubject = await operator.admin.listAuditEntries({ subject: "till" });
    expect(bySubject.entries).toHaveLength(2);
    const byNobody = await operator.admin.listAuditEntries({ keyId: "nobody" });
    expect(byNobody.entries).toEqual([]);
  });
});
