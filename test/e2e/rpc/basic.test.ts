import { Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  OPERATOR_KEY_ID,
  type RpcWorld,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";

let world: RpcWorld;
let operator: RpcClients;
let nobody: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld();
  operator = connectClients(world.address, OPERATOR_KEY);
  nobody = connectClients(world.address, undefined);
});
afterAll(async () => {
  for (const clients of [operator, nobody]) clients[Symbol.dispose]();
  await world.stop();
});

const encoded = (text: string) => Buffer.from(text).toString("base64");

function under(authorization: string) {
  return { metadata: Metadata({ authorization }) };
}

async function refusalOf(authorization: string) {
  const { code, text, info, violations } = await failureOf((options) =>
    nobody.sms.listSms({}, { ...options, ...under(authorization) }),
  );
  return { code, text, info, violations };
}

describe("Basic", () => {
  it("takes a key under its own id and under that of its account, of the store and of the configuration", async () => {
    const { apiKey, secret } = await operator.keys.createKey({ accountId: "shop" });
    const right = [`${apiKey?.keyId}:${secret}`, `shop:${secret}`, `shop:${SHOP_KEY}`];
    for (const pair of right) {
      await nobody.sms.listSms({}, under(`Basic ${encoded(pair)}`));
      await nobody.sms.listSms({}, under(`BASIC  ${encoded(pair).replace(/=+$/, "")}`));
    }
    await nobody.keys.listKeys({}, under(`Basic ${encoded(`${OPERATOR_KEY_ID}:${OPERATOR_KEY}`)}`));
  });

  it("ends with the key, and does no more than the key", async () => {
    const { apiKey, secret } = await operator.keys.createKey({ accountId: "shop", scopes: [2] });
    const { keyId = "" } = apiKey ?? {};
    const shown = under(`Basic ${encoded(`shop:${secret}`)}`);
    await nobody.sms.listSms({}, shown);
    await expect(nobody.sms.sendSms({}, shown)).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    await operator.keys.revokeKey({ keyId });
    await expect(nobody.sms.listSms({}, shown)).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  });

  it("refuses all that is wrong in one way, as a wrong key", async () => {
    const { apiKey, secret } = await operator.keys.createKey({ accountId: "shop" });
    const { keyId = "" } = apiKey ?? {};
    const revoked = await operator.keys.createKey({ accountId: "shop" });
    await operator.keys.revokeKey({ keyId: revoked.apiKey?.keyId ?? "" });
    const pairs = [
      `other:${secret}`,
      `Shop:${secret}`,
      `:${secret}`,
      `shop:`,
      "shop",
      ":",
      `${keyId}:${secret}x`,
      `${keyId}:${secret.slice(0, -1)}`,
      `shop:${secret}\n`,
      ` shop:${secret}`,
      `shop: ${secret}`,
      `${secret}:shop`,
      `shop:${revoked.secret}`,
      `shop:${OPERATOR_KEY}`,
      `ops:${SHOP_KEY}`,
      "shop:\u0000\uffff",
    ];
    const wrong = [
      ...pairs.map((pair) => `Basic ${encoded(pair)}`),
      `Basic ${secret}`,
      "Basic",
      "Basic ",
      "Basic =",
      `Basic ${"A".repeat(9_000)}`,
      `Basic ${encoded(`shop:${secret}`)} x`,
      `Basic shop:${secret}`,
      `Bearer basic ${encoded(`shop:${secret}`)}`,
    ];
    const wanted = await refusalOf(`Bearer ${"x".repeat(40)}`);
    expect(wanted).toMatchObject({ code: Status.UNAUTHENTICATED, info: { reason: "INVALID_CREDENTIALS" } });
    for (const authorization of wrong) expect(await refusalOf(authorization), authorization).toEqual(wanted);
  });
});
