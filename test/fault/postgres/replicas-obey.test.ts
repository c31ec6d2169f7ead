/**
 * Three replicas as processes: what an operator does at one of them is in effect at the others. That it is so by their second look is
 * shown with a fake clock, in the contract tests of the store and the tests of what follows changes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metadata } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountState } from "../../../src/gen/smsrelay/v1/account.ts";
import { SenderDecision } from "../../../src/gen/smsrelay/v1/admin_service.ts";
import { createDatabase, postgresMissing } from "../../support/postgres-database.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, setUpService, startServiceProcess } from "../../support/service-process.ts";
import { smscGateway } from "../support/smsc-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-replicas-obey-"));
const names = ["one", "two", "three"] as const;
const second = { seconds: 1n, nanos: 0 };
const day = { seconds: 86_400n, nanos: 0 };
const utcDay = () => new Date().toISOString().slice(0, 10);
const message = {
  sender: "ACME",
  recipients: ["+31612345678"],
  content: { $case: "text", value: "Your code is 1234" } as const,
};

describe.skipIf(postgresMissing !== undefined)(`three replicas ${postgresMissing ?? ""}`, () => {
  const parts = new AsyncDisposableStack();
  /** Of each replica. */
  let addresses: readonly string[];
  let operator: RpcClients;
  let secret: string;

  beforeAll(async () => {
    const database = await createDatabase();
    parts.defer(() => database.drop());
    const started = await Promise.all(
      names.map(async (name) => {
        const setup = await setUpService(join(folder, name), {
          store: { url: database.url, replica: name, path: join(folder, name, "data", "sms-relay.db") },
          // Nobody is there: what is accepted waits.
          gateways: [smscGateway(1)],
        });
        const service = await startServiceProcess(setup);
        parts.defer(async () => void (await service.stop()));
        return `127.0.0.1:${setup.grpcPort}`;
      }),
    );
    addresses = started;
    operator = parts.use(connectClients(started[0] ?? "", OPERATOR_KEY));
    await operator.admin.createAccount({ account: { accountId: "market" } });
    ({ secret } = await operator.keys.createKey({ accountId: "market", keyId: "till" }));
  }, 240_000);
  afterAll(async () => {
    await parts.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  type Request = Parameters<RpcClients["sms"]["sendSms"]>[0];

  /** What a replica answers: the status code, and 0 where it accepts. */
  async function askOne(address: string, key: string, request: Request): Promise<string> {
    using client = connectClients(address, key);
    let isAccepted = false;
    const failure = await failureOf(async (options) => {
      await client.sms.sendSms(request, options);
      isAccepted = true;
    }).catch((error: unknown) => {
      if (!isAccepted) throw error;
    });
    return failure?.info.metadata["status_code"] ?? "accepted";
  }

  /** Until all three answer the same. */
  async function expectOfAll(answer: string, request: Request = message, key = secret): Promise<void> {
    await expect
      .poll(() => Promise.all(addresses.map((address) => askOne(address, key, request))))
      .toEqual(names.map(() => answer));
  }

  /** What a replica tells of the tightest limit where it refuses. */
  async function remainingAt(address: string, request: Request): Promise<string | undefined> {
    using client = connectClients(address, secret);
    let remaining: string | undefined;
    const onTrailer = (trailer: Metadata) => {
      remaining = trailer.get("ratelimit-remaining");
    };
    await client.sms.sendSms(request, { onTrailer }).catch(() => {});
    return remaining;
  }

  const setPolicy = (policy: object) =>
    operator.admin.updateAccount({ account: { accountId: "market", policy }, updateMask: ["policy"] });

  it("obey what an operator did at one of them", async () => {
    await expectOfAll("accepted");
    await operator.admin.suspendAccount({ accountId: "market", state: AccountState.ACCOUNT_STATE_SUSPENDED });
    await expectOfAll("4021");
    await operator.admin.reinstateAccount({ accountId: "market" });
    await expectOfAll("accepted");

    await setPolicy({ regions: { denied: ["NL"] } });
    await expectOfAll("4029");
    await setPolicy({ registeredSendersOnly: true });
    await expectOfAll("4104");
    await operator.accounts.requestSender({ accountId: "market", sender: { sender: "ACME" } });
    await operator.admin.reviewSender({
      accountId: "market",
      sender: "ACME",
      decision: SenderDecision.SENDER_DECISION_APPROVE,
    });
    await expectOfAll("accepted");

    await operator.accounts.changeSuppressions({
      accountId: "market",
      upserted: [{ recipient: "+31612345678" }],
    });
    await expectOfAll("4031");
    await operator.accounts.changeSuppressions({ accountId: "market", removedRecipients: ["+31612345678"] });
    await expectOfAll("accepted");

    const rotated = await operator.keys.rotateKey({ keyId: "till", newKeyId: "till-2" });
    await expectOfAll("4001");
    secret = rotated.secret;
    await expectOfAll("accepted");
    await operator.keys.revokeKey({ keyId: "till-2" });
    await expectOfAll("4001");
  });

  it("share a second's limit, and count a day's together", async () => {
    ({ secret } = await operator.keys.createKey({ accountId: "market" }));
    await setPolicy({ rateLimits: { limits: [{ window: second, messageCount: 1n }] } });
    await expectOfAll("4108", { ...message, recipients: ["+31612345678", "+31612345679"] });

    const [one = "", two = "", three = ""] = addresses;
    await setPolicy({ rateLimits: { limits: [{ window: day, messageCount: 40n }] } });
    // More than a day has is refused wherever the limit is known.
    const recipients = Array.from(
      { length: 41 },
      (_, index) => `+316123457${String(index).padStart(2, "0")}`,
    );
    await expectOfAll("4013", { ...message, recipients });
    const began = utcDay();
    for (const address of [one, two])
      expect(await askOne(address, secret, { ...message, recipients: recipients.slice(0, 15) })).toBe(
        "accepted",
      );
    await expect.poll(() => remainingAt(three, { ...message, recipients })).toBe("10");
    const answers: string[] = [];
    for (const count of [11, 10, 1])
      answers.push(await askOne(three, secret, { ...message, recipients: recipients.slice(0, count) }));
    // A day that turns meanwhile has all of its own.
    if (utcDay() === began) expect(answers).toEqual(["4013", "accepted", "4013"]);
  });
});
