import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Scope as PbScope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectClients, failureOf } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, startRpcWorld } from "../../support/rpc-world.ts";
import { AUDIENCE, startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

let issuer: TokenIssuer;
let world: RpcWorld;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  world = await startRpcWorld({
    issuers: [
      {
        issuer: issuer.issuer,
        audience: [AUDIENCE],
        algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
        accountClaim: "client_id",
      },
    ],
  });
  using operator = connectClients(world.address, OPERATOR_KEY);
  const identities: Readonly<Record<string, readonly PbScope[]>> = {
    "signicat-client": [],
    sender: [PbScope.SCOPE_SEND],
    operator: [PbScope.SCOPE_ADMIN],
  };
  for (const [value, scopes] of Object.entries(identities))
    await operator.admin.setIdentity({
      identity: { issuer: issuer.issuer, value, accountId: "shop", scopes: [...scopes] },
    });
});
afterAll(async () => {
  await world.stop();
  await issuer[Symbol.asyncDispose]();
});

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

async function send(token: string) {
  using clients = connectClients(world.address, token);
  const sent = await clients.sms.sendSms(good);
  return await clients.sms.getStatus({ messageId: sent.messageId }).catch((error: unknown) => error);
}

async function readToEnd(stream: AsyncIterator<unknown>): Promise<void> {
  while (!(await stream.next()).done);
}

async function refusalOf(token: string) {
  using clients = connectClients(world.address, token);
  const { code, text, info, retry } = await failureOf((options) => clients.sms.sendSms(good, options));
  return { code, text, reason: info.reason, metadata: info.metadata, retry };
}

describe("a token of another issuer", () => {
  it("sends for the account of its client, by client.sms.send", async () => {
    using shop = connectClients(world.address, await issuer.token("client.sms.send client.sms.read"));
    const { messageId } = await shop.sms.sendSms(good);
    expect((await shop.sms.getStatus({ messageId })).sms?.messageId).toBe(messageId);
  });

  it("does no more than it was issued for, and than its identity may", async () => {
    const denied = { code: Status.PERMISSION_DENIED, reason: "ACCESS_DENIED" };
    expect(await refusalOf(await issuer.token("client.sms.read"))).toMatchObject(denied);
    expect(await refusalOf(await issuer.token("other"))).toMatchObject(denied);
    expect(
      await send(await issuer.sign({ client_id: "sender", scope: "client.sms.send client.sms.read" })),
    ).toMatchObject({
      code: Status.PERMISSION_DENIED,
    });
    expect(await refusalOf(await issuer.sign({ client_id: "sender", scope: "sms.admin" }))).toMatchObject(
      denied,
    );
    using operator = connectClients(
      world.address,
      await issuer.sign({ client_id: "operator", scope: "sms.admin" }),
    );
    expect((await operator.keys.listKeys({})).apiKeys).toEqual([]);
  });

  it("is right and acts for nobody where its client is not mapped", async () => {
    expect(await refusalOf(await issuer.sign({ client_id: "stranger" }))).toMatchObject({
      code: Status.PERMISSION_DENIED,
      reason: "INVALID_ACCOUNT",
      metadata: { status_code: "4021", issuer: issuer.issuer, value: "stranger" },
    });
  });

  it("is refused alike whatever is wrong with it, as a wrong key is", async () => {
    const seconds = Math.floor(Date.now() / 1_000);
    const right = await issuer.sign();
    const wrong = [
      "smsr_nobody_0000000000000000000000000000000000000000000",
      "a-key-that-nobody-knows-0000000000000000",
      right.slice(0, -8),
      await issuer.sign({ exp: seconds - 60 }),
      await issuer.sign({ exp: undefined }),
      await issuer.sign({ nbf: seconds + 3_600 }),
      await issuer.sign({ aud: "https://elsewhere.example" }),
      await issuer.sign({ iss: "https://elsewhere.example" }),
      await issuer.sign({}, { typ: "logout+jwt" }),
      await issuer.sign({}, { kid: "unknown" }),
      await issuer.sign({ filler: "x".repeat(9_000) }),
    ];
    const refusals = await Promise.all(wrong.map(refusalOf));
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
    expect(refusals[0]).toMatchObject({ code: Status.UNAUTHENTICATED, reason: "INVALID_CREDENTIALS" });
  });

  it("goes on after its issuer changed its key, and is refused as unavailable where nobody can tell", async () => {
    await issuer.rotate();
    const token = await issuer.token("client.sms.send");
    await send(token);
    const signed = issuer.sign();
    await signed;
    await issuer.rotate();
    const unknown = await issuer.sign();
    await issuer.goAway();
    await send(await signed);
    const refusal = await refusalOf(unknown);
    expect(refusal).toMatchObject({ code: Status.UNAVAILABLE, reason: "SERVICE_UNAVAILABLE" });
    expect(refusal.retry?.retryDelay).toBeDefined();
    await issuer.comeBack();
    await send(unknown);
  });

  it("acts for nobody once its identity was removed, and its streams end", async () => {
    using operator = connectClients(world.address, OPERATOR_KEY);
    const identity = { issuer: issuer.issuer, value: "leaver", accountId: "shop" };
    await operator.admin.setIdentity({ identity });
    const token = await issuer.sign({ client_id: "leaver", scope: "client.sms.send client.sms.read" });
    using leaver = connectClients(world.address, token);
    await leaver.sms.sendSms(good);
    const start = { initialStart: InitialStart.INITIAL_START_NOW };
    const reports = leaver.sms.streamDeliveryReports({ start })[Symbol.asyncIterator]();
    await reports.next();
    const ended = expect(readToEnd(reports)).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    const remove = { identity: { ...identity, accountId: "" } };
    expect(await operator.admin.setIdentity(remove)).toEqual({ identity: undefined, removed: true });
    expect(await operator.admin.setIdentity(remove)).toEqual({ identity: undefined, removed: false });
    expect(await refusalOf(token)).toMatchObject({ reason: "INVALID_ACCOUNT" });
    await ended;
  });
});

describe("an open stream of a token", () => {
  it("ends where its identity acts for another account now, or for the same and no longer so far", async () => {
    using operator = connectClients(world.address, OPERATOR_KEY);
    const identity = { issuer: issuer.issuer, value: "mover", accountId: "shop" };
    const token = await issuer.sign({ client_id: "mover", scope: "client.sms.send client.sms.read" });
    const changes = [
      { ...identity, accountId: "other" },
      { ...identity, scopes: [PbScope.SCOPE_SEND] },
    ];
    for (const change of changes) {
      await operator.admin.setIdentity({ identity });
      using mover = connectClients(world.address, token);
      const start = { initialStart: InitialStart.INITIAL_START_NOW };
      const reports = mover.sms.streamDeliveryReports({ start })[Symbol.asyncIterator]();
      await reports.next();
      const ended = expect(readToEnd(reports)).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
      await operator.admin.setIdentity({ identity: change });
      await ended;
    }
    await operator.admin.setIdentity({ identity: { ...identity, accountId: "" } });
  });
});

describe("identities", () => {
  it("are listed by issuer and value, in pages, and of one account", async () => {
    using operator = connectClients(world.address, OPERATOR_KEY);
    const first = await operator.admin.listIdentities({ pageSize: 2 });
    const rest = await operator.admin.listIdentities({ pageSize: 2, pageToken: first.nextPageToken });
    const values = [...first.identities, ...rest.identities].map(({ value }) => value);
    expect(values).toEqual(["operator", "sender", "signicat-client"]);
    expect(rest.nextPageToken).toBe("");
    expect((await operator.admin.listIdentities({ accountId: "other" })).identities).toEqual([]);
    expect(
      await failureOf((options) =>
        operator.admin.listIdentities({ accountId: "shop", pageToken: first.nextPageToken }, options),
      ),
    ).toMatchObject({ info: { reason: "INVALID_CURSOR" } });
  });

  it("are refused whole, with every fault named", async () => {
    using operator = connectClients(world.address, OPERATOR_KEY);
    const faultsOf = async (identity: Parameters<typeof operator.admin.setIdentity>[0]["identity"]) => {
      const failure = await failureOf((options) => operator.admin.setIdentity({ identity }, options));
      return failure.violations.map(({ field }) => field);
    };
    expect(await faultsOf(undefined)).toEqual(["identity.issuer", "identity.value"]);
    expect(
      await faultsOf({
        issuer: `${issuer.issuer}/`,
        value: "a\n",
        accountId: "No Such",
        scopes: [99 as PbScope],
      }),
    ).toEqual(["identity.issuer", "identity.value", "identity.account_id", "identity.scopes"]);
    expect(
      await failureOf((options) =>
        operator.admin.setIdentity(
          { identity: { issuer: issuer.issuer, value: "a", accountId: "nobody" } },
          options,
        ),
      ),
    ).toMatchObject({ info: { reason: "UNKNOWN_ACCOUNT" } });
  });

  it("stand in the audit log, and so does what was done by a token, with whose it was", async () => {
    using operator = connectClients(
      world.address,
      await issuer.sign({ client_id: "operator", scope: "sms.admin" }),
    );
    const actor = `${issuer.issuer} operator`;
    const subject = `${issuer.issuer} audited`;
    await operator.admin.setIdentity({
      identity: { issuer: issuer.issuer, value: "audited", accountId: "shop" },
    });
    const { entries } = await operator.admin.listAuditEntries({ subject });
    expect(entries).toMatchObject([{ keyId: "", actor, subject, beforeJson: "" }]);
  });
});
