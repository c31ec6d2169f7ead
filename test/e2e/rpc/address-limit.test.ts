import { createChannel, createClient, Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  HealthCheckResponse_ServingStatus,
  HealthDefinition,
} from "../../../src/gen/grpc/health/v1/health.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";
import { startServiceWorld } from "../../support/service-world.ts";

/** As many come at once as it takes for one of them to be too many, however slow the machine is. */
const atOnce = 20;
const perAddress = 2;

let world: RpcWorld;
let shop: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld({ perAddress, hasApi: true });
  shop = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  shop[Symbol.dispose]();
  await world.stop();
});

const from = (address: string) => ({
  metadata: Metadata({ "x-forwarded-for": address, authorization: `Bearer ${SHOP_KEY}` }),
});

/** Of calls at the same time, those that were refused. */
async function refusalsOf(address: string) {
  const calls = Array.from({ length: atOnce }, () =>
    failureOf((options) => shop.sms.listSms({}, { ...options, ...from(address) })).catch(() => undefined),
  );
  return (await Promise.all(calls)).filter((failure) => failure !== undefined);
}

it("is off unless the configuration sets it, and then holds for the whole service", async () => {
  /** The subjects that refusals of calls with a wrong key name. */
  async function subjectsOf(
    settings: Readonly<Record<string, unknown>>,
  ): Promise<ReadonlySet<string | undefined>> {
    await using service = await startServiceWorld([], settings);
    using stranger = connectClients(service.address, "x".repeat(40));
    const failures = await Promise.all(
      Array.from({ length: atOnce }, () => failureOf((options) => stranger.sms.listSms({}, options))),
    );
    return new Set(failures.map(({ quota }) => quota?.violations[0]?.subject));
  }
  expect(await subjectsOf({})).toEqual(new Set([undefined]));
  await expect.poll(() => subjectsOf({ limits: { perAddress: 1 } })).toContain("address");
});

describe("an address with more calls than it may make", () => {
  it("is told to wait, 4023, and nobody else is", async () => {
    let refused: Awaited<ReturnType<typeof refusalsOf>> = [];
    await expect
      .poll(async () => {
        refused = await refusalsOf("192.0.2.1");
        return refused.length;
      })
      .toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      info: { reason: "THROTTLING_SPAMMING_IP", metadata: { status_code: "4023" } },
      retry: expect.anything(),
      quota: { violations: [{ subject: "address" }] },
    });
    await shop.sms.listSms({}, from("192.0.2.2"));
  });

  it("gets in once it has waited", async () => {
    await refusalsOf("192.0.2.3");
    await expect
      .poll(() =>
        shop.sms.listSms({}, from("192.0.2.3")).then(
          () => "in",
          () => "refused",
        ),
      )
      .toBe("in");
  });

  it("is no trusted proxy that does not say for whom it calls", async () => {
    await Promise.all(Array.from({ length: atOnce * perAddress }, () => shop.sms.listSms({})));
  });

  it("may ask for the service's health as it likes", async () => {
    const channel = createChannel(world.address);
    const health = createClient(HealthDefinition, channel);
    const metadata = Metadata({ "x-forwarded-for": "192.0.2.4" });
    const answers = await Promise.all(Array.from({ length: atOnce }, () => health.check({}, { metadata })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([HealthCheckResponse_ServingStatus.SERVING]),
    );
    channel.close();
  });

  it("is counted at /oauth/token and over gRPC together", async () => {
    const ask = () =>
      fetch(`${world.apiUrl}/oauth/token`, {
        method: "POST",
        headers: { "x-forwarded-for": "192.0.2.5" },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
    await expect
      .poll(async () => {
        const [, answer] = await Promise.all([refusalsOf("192.0.2.5"), ask()]);
        return answer.status;
      })
      .toBe(429);
  });
});
