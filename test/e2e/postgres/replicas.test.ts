import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Status } from "nice-grpc-common";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { fetchToken } from "../../support/own-token.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { connectClients } from "../../support/rpc-client.ts";
import { type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-replicas-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(postgresMissing !== undefined)(`two replicas of the service ${postgresMissing ?? ""}`, () => {
  let database: TestDatabase;
  let left: ServiceWorld;
  let right: ServiceWorld;

  beforeEach(async () => {
    database = await createDatabase();
    const store = { url: database.url, path: join(folder, "keys", "sms-relay.db"), minFreeDisk: "0" };
    const listen = { grpc: { port: 0 }, http: { port: 0 }, api: { port: 0 } };
    left = await startServiceWorld([{}], { store, listen });
    right = await startServiceWorld([{ port: left.smsc.port }], { store, listen });
  });
  afterEach(async () => {
    await right[Symbol.asyncDispose]();
    await left[Symbol.asyncDispose]();
    await database.drop();
  });

  it("report at each what was sent through either", async () => {
    const sent = await Promise.all([left.send(), right.send({ to: "+4790000002" })]);
    for (const world of [left, right]) {
      for (const one of sent) {
        expect(await world.ended(one)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
      }
    }
    const [first] = sent;
    expect(await right.status(first)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
  });

  it("answer one request id with one message", async () => {
    const fields = { requestId: "order-1" };
    const [first, second] = await Promise.all([left.send(fields), right.send(fields)]);
    expect(first.messageId).toBe(second.messageId);
    expect([first.replayed, second.replayed].toSorted()).toEqual([false, true]);
    expect(await right.ended(second)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
  });

  it("pause and resume a gateway together, whichever was told", async () => {
    await left.clients.gateways.pauseGateway({ gatewayId: "north", reason: "maintenance" });
    await right.untilGateway("north", ({ pauseTime }) => pauseTime !== undefined);
    const sent = await right.send();
    await right.clients.gateways.resumeGateway({ gatewayId: "north" });
    expect(await left.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
    await left.untilGateway("north", ({ pauseTime }) => pauseTime === undefined);
  });

  it("take a key that was made at the other one, and soon refuse it after it was revoked there", async () => {
    const { secret, apiKey } = await left.clients.keys.createKey({ accountId: "world", displayName: "till" });
    using till = connectClients(right.address, secret);
    const answer = () =>
      till.sms.listSms({}).then(
        () => "taken",
        (error: { readonly code: Status }) => Status[error.code],
      );
    await expect.poll(answer).toBe("taken");
    await left.clients.keys.revokeKey({ keyId: apiKey?.keyId ?? "" });
    await expect.poll(answer).toBe("UNAUTHENTICATED");
  });

  it("take a token that the other one issued at once, and soon refuse it after its key was revoked there", async () => {
    const { secret, apiKey } = await left.clients.keys.createKey({ accountId: "world", displayName: "till" });
    const keyId = apiKey?.keyId ?? "";
    using till = connectClients(right.address, await fetchToken(left.apiUrl, keyId, secret));
    await till.sms.listSms({});
    using there = connectClients(left.address, await fetchToken(right.apiUrl, "world", secret));
    await there.sms.listSms({});
    await left.clients.keys.revokeKey({ keyId });
    const answer = () =>
      till.sms.listSms({}).then(
        () => "taken",
        (error: { readonly code: Status }) => Status[error.code],
      );
    await expect.poll(answer).toBe("UNAUTHENTICATED");
    await expect
      .poll(() => fetchToken(right.apiUrl, keyId, secret).catch(String))
      .toContain("invalid_client");
  });

  it("refuse an account that was suspended at the other one, soon, and take it again", async () => {
    const { secret } = await left.clients.keys.createKey({ accountId: "corner-shop" });
    using shop = connectClients(right.address, secret);
    const answer = () =>
      shop.sms.listSms({}).then(
        () => "taken",
        (error: { readonly code: Status }) => Status[error.code],
      );
    await expect.poll(answer).toBe("taken");
    await left.clients.admin.suspendAccount({ accountId: "corner-shop", reason: "unpaid" });
    await expect.poll(answer).toBe("PERMISSION_DENIED");
    await right.clients.admin.reinstateAccount({ accountId: "corner-shop" });
    await expect.poll(answer).toBe("taken");
  });

  it("send what the other one could not finish before it stopped", async () => {
    await left.clients.gateways.pauseGateway({ gatewayId: "north", reason: "maintenance" });
    await right.untilGateway("north", ({ pauseTime }) => pauseTime !== undefined);
    const sent = await right.send();
    await right[Symbol.asyncDispose]();
    await left.clients.gateways.resumeGateway({ gatewayId: "north" });
    expect(await left.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
  });
});
