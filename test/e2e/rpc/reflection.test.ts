/** What clients without our files can do: learn the contract by reflection, call by JSON, and print what a refusal tells. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectGenericClient } from "../../support/generic-client.ts";
import { type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

let world: RpcWorld;
beforeAll(async () => {
  world = await startRpcWorld();
});
afterAll(() => world.stop());

/** The n-th request in a page's examples for grpcurl. */
function exampleOf(page: string, index: number) {
  const examples = [
    ...readFileSync(page, "utf8").matchAll(/-d '(\{[^']*\})'\s+\\?\s*([\d.:]+) ([\w.]+\/\w+)/g),
  ];
  const [, json = "", , method = ""] = examples[index] ?? [];
  return { json: JSON.parse(json), method };
}

describe.each(["v1", "v1alpha"] as const)("reflection %s", (version) => {
  it("lists every service, gRPC's own among them, without a key", async () => {
    using client = connectGenericClient(world.address, version);
    expect(await client.listServices()).toEqual([
      "smsrelay.v1.SmsService",
      "smsrelay.v1.SubscriptionService",
      "smsrelay.v1.AccountService",
      "smsrelay.v1.AdminService",
      "smsrelay.v1.GatewayService",
      "smsrelay.v1.KeyService",
      "smsrelay.v1.MaintenanceService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
  });

  it("lets a client send the README's example", async () => {
    using client = connectGenericClient(world.address, version);
    const { method, json } = exampleOf("README.md", 0);
    const answer = await client.call(method, { ...json, request_id: version }, SHOP_KEY);
    expect(answer).toMatchObject({ kind: "response", json: { statusCode: "SMS_STATUS_CODE_OK_QUEUED" } });
  });

  it("lets a client ask for the health", async () => {
    using client = connectGenericClient(world.address, version);
    const answer = await client.call(
      "grpc.health.v1.Health/Check",
      { service: "smsrelay.v1.SmsService" },
      "",
    );
    expect(answer).toEqual({ kind: "response", json: { status: "SERVING" } });
  });

  it("lets a client print the details of a refusal, as the guide shows them", async () => {
    using client = connectGenericClient(world.address, version);
    const { method, json } = exampleOf("docs/api.md", 2);
    const answer = await client.call(method, json, SHOP_KEY);
    const shown = readFileSync("docs/api.md", "utf8");
    const details = [...shown.matchAll(/^ {2}\d\) (\{[\s\S]*?^ {5}\})/gm)].map(([, text = ""]) =>
      JSON.parse(text),
    );
    expect(answer).toMatchObject({
      kind: "failure",
      code: 3,
      text: "The sender is neither numeric nor alphanumeric.",
      details,
    });
    expect(details).toHaveLength(2);
  });
});
