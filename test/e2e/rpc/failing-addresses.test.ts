import { Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/observability/clock.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(line) };
const log = createLogger({
  level: "warn",
  showRecipients: false,
  isTerminal: false,
  clock: systemClock,
  destination,
});

let world: RpcWorld;
let operator: RpcClients;
let nobody: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld({ log });
  operator = connectClients(world.address, OPERATOR_KEY);
  nobody = connectClients(world.address, undefined);
});
afterAll(async () => {
  for (const clients of [operator, nobody]) clients[Symbol.dispose]();
  await world.stop();
});

const from = (address: string, key: string) => ({
  metadata: Metadata({ "x-forwarded-for": address, authorization: `Bearer ${key}` }),
});

async function refusalOf(address: string, key: string) {
  const { code, text, info, retry } = await failureOf((options) =>
    nobody.sms.listSms({}, { ...options, ...from(address, key) }),
  );
  return { code, text, reason: info.reason, status: info.metadata["status_code"], retry };
}

describe("an address from which wrong keys come", () => {
  it("is told 4001 at first, and to wait, 4023, once it has failed too often", async () => {
    const first = await Promise.all(
      Array.from({ length: 20 }, (_, i) => refusalOf("192.0.2.1", `${i}`.padStart(40, "x"))),
    );
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(["4001"]));
    await expect
      .poll(async () => {
        const more = await Promise.all(
          Array.from({ length: 20 }, (_, i) => refusalOf("192.0.2.1", `${i}`.padStart(40, "y"))),
        );
        return more.find(({ status }) => status === "4023");
      })
      .toMatchObject({
        code: Status.RESOURCE_EXHAUSTED,
        reason: "THROTTLING_SPAMMING_IP",
        retry: expect.anything(),
      });
  });

  it("goes on with keys that were right before, and holds no other address back", async () => {
    const { secret } = await operator.keys.createKey({ accountId: "shop" });
    for (const key of [SHOP_KEY, secret]) await nobody.sms.listSms({}, from("192.0.2.2", key));
    for (let i = 0; i < 5; i++) {
      await Promise.all(Array.from({ length: 20 }, () => refusalOf("192.0.2.2", "z".repeat(40))));
      for (const key of [SHOP_KEY, secret]) await nobody.sms.listSms({}, from("192.0.2.2", key));
    }
    expect(await refusalOf("192.0.2.3", "z".repeat(40))).toMatchObject({ status: "4001" });
  });

  it("gets in with a right key that was never seen before, once it has waited", async () => {
    const { secret } = await operator.keys.createKey({ accountId: "shop" });
    await Promise.all(Array.from({ length: 40 }, () => refusalOf("192.0.2.4", "z".repeat(40))));
    await expect
      .poll(() =>
        nobody.sms.listSms({}, from("192.0.2.4", secret)).then(
          () => "in",
          () => "held back",
        ),
      )
      .toBe("in");
  });
});
