/** What a hostile SMSC does to sessions and streams of octets (P19 to P23), through the whole service. */
import { DatabaseSync } from "node:sqlite";
import { Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { GatewayState } from "../../../src/gen/smsrelay/v1/gateway.ts";
import type { SendSmsResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { failureOf } from "../../support/rpc-client.ts";
import { type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const { DELIVERY_STATE_DELIVERED: DELIVERED, DELIVERY_STATE_SUBMITTED: SUBMITTED } = DeliveryState;

describe("a hostile SMSC's sessions", () => {
  it.each([
    ["random octets", { kind: "garbage", octets: 400, after: 2, times: 2 }],
    ["a PDU of two gigabytes", { kind: "oversize", after: 2, times: 2 }],
    ["a PDU shorter than its header", { kind: "oversize", commandLength: 7, after: 2, times: 2 }],
    ["an unknown command", { kind: "unknown-command" }],
  ] as const)("P19 that carry %s wedge nothing", async (_name, behaviour) => {
    await using world = await startServiceWorld([{ gateway: { responseTimeout: "2s", ambiguityHold: "0" } }]);
    world.smsc.behave(behaviour);
    const sent = [];
    for (let i = 0; i < 8; i++) sent.push(await world.send());
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    await world.settle();
    expect(await world.gateway("north")).toMatchObject({
      state: GatewayState.GATEWAY_STATE_READY,
      inFlightCount: 0,
    });
  });

  it("P19 P2 that bring a receipt before the bind is answered are bound all the same", async () => {
    await using world = await startServiceWorld([
      { simulator: { behaviours: [{ kind: "receipt-before-bind" }] } },
    ]);
    expect(await world.ended(await world.send())).toMatchObject({ state: DELIVERED });
  });

  it("P20 that fall silent are noticed, cut and bound again", async () => {
    const link = { enquireLinkInterval: "1m", enquireLinkTimeout: "50s", enquireLinkMisses: 1 };
    await using world = await startServiceWorld([{ gateway: { ...link, responseTimeout: "10m" } }]);
    world.smsc.behave({ kind: "drop", how: "silence", times: 1 });
    const sent = await world.send();
    await world.smsc.waitUntil(({ submits }) => submits === 1);
    world.clock.jump(60_000);
    world.clock.jump(50_000);
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().binds).toBe(2);
  });

  it("P20 that are asked by the SMSC answer it, and stay", async () => {
    await using world = await startServiceWorld([{ simulator: { enquireLinkIntervalMs: 1_000 } }]);
    await world.untilGateway("north", ({ boundSessionCount }) => boundSessionCount === 1);
    for (let i = 0; i < 5; i++) {
      world.clock.jump(1_000);
      await world.ended(await world.send());
    }
    expect(world.smsc.counters()).toMatchObject({ closed: 0, binds: 1 });
  });

  it("P20 with a wrong password stop the gateway, with an alarm, until it is resumed", async () => {
    const accounts = [{ systemId: "relay", password: "another" }];
    await using world = await startServiceWorld([{ simulator: { accounts } }]);
    const { state, stateDescription } = await world.untilGateway(
      "north",
      (gateway) => gateway.state === GatewayState.GATEWAY_STATE_STOPPED,
    );
    expect([state, stateDescription]).toEqual([
      GatewayState.GATEWAY_STATE_STOPPED,
      expect.stringContaining("ESME_RINVPASWD"),
    ]);
    expect(world.sentences).toContain("The gateway is stopped until it is resumed.");
    const sent = await world.send();
    world.clock.jump(120_000);
    expect(world.smsc.counters().bindsRefused).toBe(1);
    accounts[0] = { systemId: "relay", password: "secret" };
    await world.clients.gateways.resumeGateway({ gatewayId: "north" });
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it("P20 that are bound elsewhere are tried again by themselves", async () => {
    await using world = await startServiceWorld([
      { simulator: { behaviours: [{ kind: "refuse-bind", status: 0x05, times: 3 }] } },
    ]);
    expect(await world.ended(await world.send())).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters()).toMatchObject({ bindsRefused: 3, binds: 1 });
  });

  it("P21 that are away cost no attempt, and binding wakes the queue", async () => {
    await using world = await startServiceWorld([
      { simulator: { behaviours: [{ kind: "refuse-bind", status: 0x08 }] } },
    ]);
    const sent = await Promise.all(Array.from({ length: 20 }, () => world.send()));
    await world.smsc.waitUntil(({ bindsRefused }) => bindsRefused >= 5);
    for (const each of sent) expect((await world.status(each)).attemptCount).toBe(0);
    const before = deliveryRows(world);
    await world.smsc.waitUntil(({ bindsRefused }) => bindsRefused >= 10);
    expect(deliveryRows(world)).toEqual(before);
    world.smsc.behave();
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().submits).toBe(20);
  });

  it("P22 that take and never answer are told as stuck, by readiness, until they move again", async () => {
    await using world = await startServiceWorld([
      { gateway: { responseTimeout: "2m", ambiguityHold: "0", window: 5 } },
    ]);
    world.smsc.behave({ kind: "no-answer" });
    const sent = await Promise.all(Array.from({ length: 10 }, () => world.send()));
    await world.smsc.waitUntil(({ submits }) => submits === 5);
    expect((await world.get("/readyz")).status).toBe(200);
    world.clock.jump(61_000);
    expect(await world.get("/readyz")).toEqual({
      status: 503,
      text: expect.stringContaining("gateway north makes no progress"),
    });
    world.smsc.behave();
    world.clock.jump(61_000);
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect((await world.get("/readyz")).status).toBe(200);
  });

  it("P23 that never answer get no more than their window, however much waits", async () => {
    await using world = await startServiceWorld([{ gateway: { window: 4, sessions: 2 } }]);
    world.smsc.behave({ kind: "no-answer" });
    await world.smsc.waitUntil(({ binds }) => binds === 2);
    const recipients = Array.from({ length: 500 }, (_, i) => `+47901${String(i).padStart(5, "0")}`);
    await world.send({ recipients });
    await world.smsc.waitUntil(({ submits }) => submits === 8);
    expect(await world.gateway("north")).toMatchObject({ inFlightCount: 8, windowSize: 8 });
    expect(world.smsc.counters().submits).toBe(8);
  });

  it("P23 that are away fill the backlog up to its bound, then new work is refused until they are back", async () => {
    await using world = await startServiceWorld(
      [{ simulator: { behaviours: [{ kind: "refuse-bind", status: 0x08 }] } }],
      { limits: { maxBacklog: 10 } },
    );
    const sent: SendSmsResponse[] = [];
    // What is accepted during a look at the backlog counts twice until the next one: a caller comes back.
    while (sent.length < 10) {
      await world.send().then(
        (answer) => sent.push(answer),
        (error: unknown) => expect(error).toMatchObject({ code: Status.RESOURCE_EXHAUSTED }),
      );
    }
    const refusal = await failureOf((options) =>
      world.clients.sms.sendSms(
        { sender: "Acme", recipients: ["+4790000001"], content: { $case: "text", value: "too much" } },
        options,
      ),
    );
    expect(refusal).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      info: { metadata: { status_code: "5002" } },
    });
    expect(refusal.retry?.retryDelay?.seconds).toBeGreaterThan(0n);
    expect((await world.get("/readyz")).text).toContain("too many deliveries wait");
    world.smsc.behave();
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    world.clock.jump(1_000);
    await world.smsc.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 10);
    for (;;) if ((await world.get("/readyz")).status === 200) break;
    await world.reported(await world.send(), SUBMITTED);
  });
});

/** All that the store has of the deliveries, with how often each was claimed. */
function deliveryRows({ databasePath }: ServiceWorld): readonly unknown[] {
  using database = new DatabaseSync(databasePath, { readOnly: true });
  return database.prepare("SELECT * FROM deliveries ORDER BY id").all();
}
