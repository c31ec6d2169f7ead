/** Accounts as callers of other services have them: what each expects, together in one account. */
import { Metadata } from "nice-grpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SenderDecision } from "../../../src/gen/smsrelay/v1/admin_service.ts";
import { ContentCategory } from "../../../src/gen/smsrelay/v1/message.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, startRpcWorld } from "../../support/rpc-world.ts";

const message = {
  sender: "ACME",
  recipients: ["+31612345678"],
  content: { $case: "text", value: "hello" } as const,
};

let clock: FakeClock;
let world: RpcWorld;
let operator: RpcClients;
let nobody: RpcClients;
beforeAll(async () => {
  clock = createFakeClock();
  world = await startRpcWorld({ clock });
  operator = connectClients(world.address, OPERATOR_KEY);
  nobody = connectClients(world.address, undefined);
});
afterEach(() => clock.advance(60_000));
afterAll(async () => {
  for (const clients of [operator, nobody]) clients[Symbol.dispose]();
  await world.stop();
});

type Request = Parameters<RpcClients["sms"]["sendSms"]>[0];

/** What a call is answered: the status code and rule of its refusal, or `accepted`; and what its trailer tells of limits. */
async function send(request: Request, headers: Readonly<Record<string, string>>) {
  let limit: string | undefined;
  let isAccepted = false;
  const failure = await failureOf(async (options) => {
    const onTrailer = (trailer: Metadata) => {
      limit = ["limit", "remaining", "reset"].map((name) => trailer.get(`ratelimit-${name}`)).join(" ");
      options.onTrailer?.(trailer);
    };
    await nobody.sms.sendSms(request, { metadata: Metadata(headers), onTrailer });
    isAccepted = true;
  }).catch((error: unknown) => {
    if (!isAccepted) throw error;
  });
  const { status_code: code, rule } = failure?.info.metadata ?? {};
  const told = failure === undefined ? "accepted" : [code, rule].filter(Boolean).join(" ");
  return { told, limit, retry: failure?.retry?.retryDelay };
}

describe("an account", () => {
  it("called by Basic from a list of addresses has a blacklist and categories of content", async () => {
    const policy = {
      ipRanges: { allowed: ["192.0.2.0/24"] },
      contentCategories: { denied: ["ADVERTISEMENT"] },
    };
    await operator.admin.createAccount({ account: { accountId: "web", policy } });
    const { secret } = await operator.keys.createKey({ accountId: "web" });
    await operator.accounts.changeSuppressions({
      accountId: "web",
      upserted: [{ recipient: "+31612345679" }],
    });
    const authorization = `Basic ${Buffer.from(`web:${secret}`).toString("base64")}`;
    const told = async (request: Request, from = "192.0.2.8") =>
      (await send(request, { authorization, "x-forwarded-for": from })).told;
    expect(await told(message)).toBe("accepted");
    expect(await told(message, "198.51.100.7")).toBe("4014 IP_RANGES");
    expect(await told({ ...message, recipients: ["+31612345679"] })).toBe("4031 SUPPRESSION");
    const contentCategory = ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT;
    expect(await told({ ...message, contentCategory })).toBe("4040 CONTENT_CATEGORY");
  });

  it("with registered senders and a rate is told how its limit stands on each answer, and how long to wait", async () => {
    const limits = [{ window: { seconds: 1n, nanos: 0 }, messageCount: 2n }];
    const policy = { registeredSendersOnly: true, rateLimits: { limits } };
    await operator.admin.createAccount({ account: { accountId: "signal", policy } });
    const { secret } = await operator.keys.createKey({ accountId: "signal" });
    await operator.accounts.requestSender({ accountId: "signal", sender: { sender: "ACME" } });
    const decision = SenderDecision.SENDER_DECISION_APPROVE;
    await operator.admin.reviewSender({ accountId: "signal", sender: "ACME", decision });
    const ask = (request: Request) => send(request, { authorization: `Bearer ${secret}` });
    expect(await ask({ ...message, sender: "Other" })).toMatchObject({
      told: "4104 REGISTERED_SENDER",
      limit: "2 2 0",
    });
    expect(await ask(message)).toMatchObject({ told: "accepted", limit: "2 1 1" });
    expect(await ask(message)).toMatchObject({ told: "accepted", limit: "2 0 1" });
    const over = await ask(message);
    expect(over).toMatchObject({ told: "4108", limit: "2 0 1", retry: { seconds: 0n, nanos: 500_000_000 } });
    clock.advance(500);
    expect(await ask(message)).toMatchObject({ told: "accepted" });
  });
});
