import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountScopes, type Scope } from "../../../src/domain/scopes.ts";
import { Scope as PbScope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { methodScopes } from "../../../src/rpc/server/services.ts";
import { contractMethods } from "../../support/contract-methods.ts";
import { frameOf, openCall, openSession } from "../../support/open-call.ts";
import { connectClients, failureOf } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, startRpcWorld } from "../../support/rpc-world.ts";

let world: RpcWorld;
beforeAll(async () => {
  world = await startRpcWorld();
});
afterAll(() => world.stop());

async function keyWith(scopes: readonly Scope[]): Promise<string> {
  using operator = connectClients(world.address, OPERATOR_KEY);
  const request = { accountId: "shop", scopes: scopes.map((scope) => PbScope[`SCOPE_${scope}`]) };
  return (await operator.keys.createKey(request)).secret;
}

/** Calls with an empty request, and answers how the call ended. */
async function call(path: string, key: string) {
  const session = openSession(world.address);
  try {
    const { stream, end } = openCall(session, path, { key });
    stream.end(frameOf(new Uint8Array()));
    return await end;
  } finally {
    session.destroy();
  }
}

describe("the scopes of a key", () => {
  it("refuse each call whose scope they lack, and name it", async () => {
    for (const [path, scope] of methodScopes) {
      const others = accountScopes.filter((other) => other !== scope);
      expect(await call(path, await keyWith(others)), path).toMatchObject({
        status: Status.PERMISSION_DENIED,
        reason: "ACCESS_DENIED",
        metadata: { scope, status_code: "4022" },
      });
    }
  });

  it("let each single call through whose scope they hold, alone or by ADMIN", async () => {
    const admin = await keyWith(["ADMIN"]);
    for (const { path, isUnary } of contractMethods) {
      const scope = methodScopes.get(path);
      if (!isUnary || scope === undefined) continue;
      for (const key of [await keyWith([scope]), admin])
        expect((await call(path, key)).reason, path).not.toBe("ACCESS_DENIED");
    }
  });

  it("are told in a sentence too", async () => {
    using reader = connectClients(world.address, await keyWith(["READ"]));
    await reader.sms.listSms({});
    const failure = await failureOf((options) => reader.sms.sendSms({}, options));
    expect(failure.text).toContain("does not hold the scope SEND");
  });
});
