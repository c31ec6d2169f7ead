/** Receipts that providers bring by calling back, from simulated providers to the caller's reports. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ApiBehaviour } from "../../../src/apis/behaviour.ts";
import { startApi } from "../../../src/apis/start-api.ts";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy } from "../../../src/gen/smsrelay/v1/message.ts";
import { findFreePort } from "../../support/free-port.ts";
import { type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const secret = "a-secret-for-callbacks-of-tests-000001";
const former = "a-secret-for-callbacks-of-tests-before";

async function open(provider: string, behaviours: readonly ApiBehaviour[] = [], more: object = {}) {
  await using parts = new AsyncDisposableStack();
  const api = await startApi({ provider, behaviours, receiptDelayMs: 5, retryMs: 5 });
  parts.defer(() => api.stop());
  const accounts: Readonly<Record<string, object>> = {
    sinch: { url: api.url, account: { servicePlanId: "relay", apiToken: "secret" } },
    websms: { url: `${api.url}/rest`, account: { token: "secret" } },
    signalsms: { url: `${api.url}/v1`, account: { apiKey: "secret" } },
  };
  const port = await findFreePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const world = parts.use(
    await startServiceWorld([{ http: { provider, ...accounts[provider], ...more } }], {
      listen: { grpc: { port: 0 }, http: { port: 0 }, callbacks: { port, publicUrl } },
      secrets: { callbacks: [secret, former] },
    }),
  );
  const running = parts.move();
  return { api, world, publicUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const {
  DELIVERY_STATE_DELIVERED,
  DELIVERY_STATE_UNDELIVERABLE,
  DELIVERY_STATE_EXPIRED,
  DELIVERY_STATE_REJECTED,
} = DeliveryState;
const stateOf = async (world: ServiceWorld, to = "+4790000001") =>
  (await world.ended(await world.send({ to }))).state;

describe.each(["sinch", "websms", "signalsms"])("%s", (provider) => {
  it("calls back, and each word ends the delivery as it says", async () => {
    await using opened = await open(provider);
    const { world, api } = opened;
    expect(await stateOf(world)).toBe(DELIVERY_STATE_DELIVERED);
    expect(await stateOf(world, "+4790099001")).toBe(DELIVERY_STATE_UNDELIVERABLE);
    expect(await stateOf(world, "+4790099002")).toBe(DELIVERY_STATE_EXPIRED);
    expect(await stateOf(world, "+4790099003")).toBe(DELIVERY_STATE_REJECTED);
    await expect.poll(() => api.counters().callbacksTaken).toBe(4);
    expect(api.counters().callbacksRefused).toBe(0);
  });
});

describe("a callback", () => {
  it.each<ApiBehaviour>([
    { kind: "early-receipt" },
    { kind: "late-receipt", delayMs: 50 },
    { kind: "double-receipt" },
    { kind: "forged-receipt" },
  ])("$kind: the message ends once, as its own receipt says", async (behaviour) => {
    await using opened = await open("sinch", [behaviour]);
    const { world } = opened;
    const sent = await world.send();
    expect((await world.ended(sent)).state).toBe(DELIVERY_STATE_DELIVERED);
    expect(world.reportsOf(sent).filter(({ state }) => state >= DELIVERY_STATE_DELIVERED)).toHaveLength(1);
  });

  it.each<ApiBehaviour["kind"]>(["reset-after", "error-after", "truncated", "html", "hang-after"])(
    "P12 tells that a message was accepted whose answer was lost (%s), and nothing is sent again",
    async (kind) => {
      await using opened = await open("sinch", [{ kind, times: 1 }], {
        responseTimeout: "300ms",
        ambiguityHold: "300ms",
      });
      const { world, api } = opened;
      const sent = await world.send({ duplicatePolicy: DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE });
      const { state } = await world.ended(sent);
      // Where the doubt ends the delivery before the receipt comes, it stays UNKNOWN and the receipt shows on its part.
      expect([DELIVERY_STATE_DELIVERED, DeliveryState.DELIVERY_STATE_UNKNOWN]).toContain(state);
      expect(api.taken()).toHaveLength(1);
      await expect
        .poll(async () => (await world.status(sent)).attempts[0]?.parts[0]?.receipt?.stat)
        .toBe("Delivered");
    },
  );

  it("P5 of a stranger is refused alike, whatever is wrong with it, and stores nothing", async () => {
    await using opened = await open("sinch", [{ kind: "no-receipt" }]);
    const { world, api, publicUrl } = opened;
    const sent = await world.send();
    await world.reported(sent, DeliveryState.DELIVERY_STATE_SUBMITTED);
    const url = api.taken()[0]?.callbackUrl ?? "";
    const body = '{"status":"Delivered"}';
    const post = async (to: string) => {
      const response = await fetch(to, { method: "POST", body });
      return [response.status, await response.text()];
    };
    const [, path = ""] = /(\/v1\/callbacks\/.*)\/[^/]+$/.exec(url) ?? [];
    const reference = path.split("/").at(-1) ?? "";
    const proofBy = (key: string, text: string) =>
      createHmac("sha256", key).update(text).digest().subarray(0, 16).toString("base64url");
    const other = reference.replace(/\.1$/, ".2");
    for (const attempt of [
      `${publicUrl}${path}/${"A".repeat(22)}`,
      `${publicUrl}${path}/${proofBy("another-secret-of-somebody-else-00001", `north/${reference}`)}`,
      url.replace(reference, other),
      url.replace("/north/", "/south/"),
      `${publicUrl}/v1/callbacks/`,
      `${publicUrl}/v1/callbacks/north`,
    ]) {
      expect(await post(attempt)).toEqual([403, ""]);
    }
    expect((await world.status(sent)).state).toBe(DeliveryState.DELIVERY_STATE_SUBMITTED);
    // A secret that is being replaced still counts.
    const old = `${publicUrl}${path}/${proofBy(former, `north/${reference}`)}`;
    expect((await post(old))[0]).toBe(200);
    expect((await world.ended(sent)).state).toBe(DELIVERY_STATE_DELIVERED);
  });

  it("P6 that cannot be read is kept as it came and answered with 200", async () => {
    await using opened = await open("sinch", [{ kind: "no-receipt" }]);
    const { world, api } = opened;
    const sent = await world.send();
    await world.reported(sent, DeliveryState.DELIVERY_STATE_SUBMITTED);
    const url = api.taken()[0]?.callbackUrl ?? "";
    for (const body of ["<xml/>", "[]", '{"status":{}}', "", "\u0000"]) {
      expect((await fetch(url, { method: "POST", body })).status).toBe(200);
    }
    expect((await fetch(url, { method: "POST", body: "x".repeat(100_000) })).status).toBe(413);
    expect((await world.status(sent)).state).toBe(DeliveryState.DELIVERY_STATE_SUBMITTED);
  });
});
