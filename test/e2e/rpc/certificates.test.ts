import { ChannelCredentials } from "@grpc/grpc-js";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Scope as PbScope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { type Authority, type KeyPair, makeAuthority } from "../../support/authority.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

let authority: Authority;
let strangers: Authority;
let world: RpcWorld;
let operator: RpcClients;
const spiffe = "spiffe://example.com/shop/till";

function connect(pair: KeyPair | undefined, key?: string): RpcClients {
  const [own, cert] = pair === undefined ? [null, null] : [Buffer.from(pair.key), Buffer.from(pair.cert)];
  const options = { checkServerIdentity: () => undefined };
  const tls = ChannelCredentials.createSsl(Buffer.from(authority.ca), own, cert, options);
  return connectClients(world.address, key, {}, tls);
}

async function refusalOf(pair: KeyPair | undefined, key?: string) {
  using clients = connect(pair, key);
  const { code, text, info } = await failureOf((options) => clients.sms.listSms({}, options));
  return { code, text, reason: info.reason, metadata: info.metadata };
}

const setIdentity = (value: string, accountId: string, scopes: readonly PbScope[] = []) =>
  operator.admin.setIdentity({ identity: { issuer: "", value, accountId, scopes: [...scopes] } });

beforeAll(async () => {
  [authority, strangers] = [makeAuthority(), makeAuthority()];
  const tls = {
    ...authority.sign("/CN=localhost", "DNS:localhost"),
    clientCa: authority.ca,
    clientCertificate: "optional",
  } as const;
  world = await startRpcWorld({ listen: { tls } });
  operator = connect(undefined, OPERATOR_KEY);
  await setIdentity(spiffe, "shop");
  await setIdentity("CN=board,O=Shop", "shop", [PbScope.SCOPE_READ]);
  await setIdentity("CN=operator", "ops", [PbScope.SCOPE_ADMIN]);
});
afterAll(async () => {
  operator[Symbol.dispose]();
  await world.stop();
  for (const one of [authority, strangers]) one[Symbol.dispose]();
});

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

describe("a verified certificate without authorization", () => {
  it("acts for the account of its SPIFFE id, else of its subject", async () => {
    using till = connect(authority.sign("/CN=whatever", `URI:${spiffe}`));
    const { messageId } = await till.sms.sendSms(good);
    using board = connect(authority.sign("/O=Shop/CN=board"));
    expect((await board.sms.getStatus({ messageId })).sms?.messageId).toBe(messageId);
    expect(await failureOf((options) => board.sms.sendSms(good, options))).toMatchObject({
      info: { reason: "ACCESS_DENIED", metadata: { scope: "SEND" } },
    });
  });

  it("may be an operator's, who stands in the audit log by it", async () => {
    using clients = connect(authority.sign("/CN=operator"));
    await clients.admin.setIdentity({ identity: { issuer: "", value: "CN=new", accountId: "shop" } });
    const { entries } = await clients.admin.listAuditEntries({ subject: "certificate CN=new" });
    expect(entries).toMatchObject([{ keyId: "", actor: "certificate CN=operator" }]);
  });

  it("acts for nobody where nobody set it", async () => {
    expect(await refusalOf(authority.sign("/CN=stranger"))).toMatchObject({
      code: Status.PERMISSION_DENIED,
      reason: "INVALID_ACCOUNT",
      metadata: { status_code: "4021", issuer: "", value: "CN=stranger" },
    });
  });

  it("ends with its identity, and its open streams soon", async () => {
    await setIdentity("CN=leaver", "shop");
    using leaver = connect(authority.sign("/CN=leaver"));
    const start = { initialStart: InitialStart.INITIAL_START_NOW };
    const reports = leaver.sms.streamDeliveryReports({ start })[Symbol.asyncIterator]();
    await reports.next();
    const readToEnd = async () => {
      while (!(await reports.next()).done);
    };
    const ended = expect(readToEnd()).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    await setIdentity("CN=leaver", "");
    await ended;
    expect(await failureOf((options) => leaver.sms.listSms({}, options))).toMatchObject({
      info: { reason: "INVALID_ACCOUNT" },
    });
  });
});

describe("authorization", () => {
  it("decides alone where it is there, right or wrong, also in no good form", async () => {
    const pair = authority.sign("/CN=operator");
    using shop = connect(pair, SHOP_KEY);
    await shop.sms.listSms({});
    expect(await failureOf((options) => shop.keys.listKeys({}, options))).toMatchObject({
      info: { reason: "ACCESS_DENIED" },
    });
    for (const wrong of ["wrong-key-000000000000000000000000000000", "two words"])
      expect(await refusalOf(pair, wrong), wrong).toMatchObject({
        code: Status.UNAUTHENTICATED,
        reason: "INVALID_CREDENTIALS",
      });
  });

  it("is needed where there is no certificate, or none that the authority signed", async () => {
    const unverified = strangers.sign("/CN=operator");
    for (const pair of [undefined, unverified]) {
      expect(await refusalOf(pair)).toMatchObject({
        code: Status.UNAUTHENTICATED,
        reason: "INVALID_CREDENTIALS",
      });
      using shop = connect(pair, SHOP_KEY);
      await shop.sms.listSms({});
    }
  });
});

describe("identities of certificates", () => {
  it("are listed with an empty issuer, first", async () => {
    const { identities } = await operator.admin.listIdentities({ accountId: "ops" });
    expect(identities).toMatchObject([{ issuer: "", value: "CN=operator", scopes: [PbScope.SCOPE_ADMIN] }]);
  });

  it("are refused where clients are asked for none", async () => {
    const plain = await startRpcWorld();
    using clients = connectClients(plain.address, OPERATOR_KEY);
    const identity = { issuer: "", value: "CN=till", accountId: "shop" };
    const failure = await failureOf((options) => clients.admin.setIdentity({ identity }, options));
    expect(failure.violations).toMatchObject([{ field: "identity.issuer", reason: "PARAMETER_MISSING" }]);
    await plain.stop();
  });
});
