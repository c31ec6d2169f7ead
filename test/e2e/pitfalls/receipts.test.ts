/** Receipts as hostile SMSCs write them (P1 to P11), through the whole service. */
import { describe, expect, it } from "vitest";
import { DeliveryState, FailureReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { startServiceWorld } from "../../support/service-world.ts";

const { DELIVERY_STATE_DELIVERED: DELIVERED, DELIVERY_STATE_UNDELIVERABLE: UNDELIVERABLE } = DeliveryState;
const { DELIVERY_STATE_QUEUED: QUEUED, DELIVERY_STATE_SUBMITTED: SUBMITTED } = DeliveryState;
const LONG = "A long text that needs several parts. ".repeat(10);

describe("receipts from a hostile SMSC", () => {
  it.each([
    { response: "hex", receipt: "decimal", form: { response: "hex", receipt: "decimal" } },
    { response: "decimal", receipt: "upperHex", form: { response: "decimal", receipt: "hex" } },
    { response: "upperHex", receipt: "hex", form: { response: "caseFolded", receipt: "caseFolded" } },
    { response: "decimal", receipt: "padded", form: { response: "zeroStripped", receipt: "zeroStripped" } },
  ] as const)("P1 match although the answer is $response and the receipt $receipt", async (ids) => {
    const { response, receipt, form } = ids;
    await using world = await startServiceWorld([{ gateway: { messageIdForm: form } }]);
    world.smsc.behave({ kind: "message-ids", response, receipt });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    const [part] = (await world.status(sent)).attempts[0]?.parts ?? [];
    expect(part?.gatewayMessageId).toBe(world.smsc.received()[0]?.messageId);
  });

  it("P1 without an id leave a delivery SUBMITTED, and harm no other", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "message-ids", response: "empty", receipt: "empty", times: 1 });
    const nameless = await world.send();
    await world.reported(nameless, SUBMITTED);
    await world.smsc.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    await world.settle();
    expect(await world.status(nameless)).toMatchObject({ state: SUBMITTED });
  });

  it("P2 count although they come before the answer", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "receipt-before-answer", leadMs: 50 });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    expect(world.reportsOf(sent).map(({ state }) => state)).toEqual([QUEUED, SUBMITTED, DELIVERED]);
  });

  it("P3 belong to their own gateway although another gave the same id", async () => {
    const simulator = { firstMessageNumber: 1, receiptDelayMs: 100 };
    await using world = await startServiceWorld([
      { simulator, gateway: { senders: ["North"] } },
      { simulator: { ...simulator, deliveryRate: 0 }, gateway: { senders: ["South"] } },
    ]);
    const [north, south] = [await world.send({ sender: "North" }), await world.send({ sender: "South" })];
    expect([await world.ended(north), await world.ended(south)]).toMatchObject([
      { state: DELIVERED, gatewayId: "north", parts: [{ gatewayMessageId: "1" }] },
      { state: UNDELIVERABLE, gatewayId: "south", parts: [{ gatewayMessageId: "1" }] },
    ]);
  });

  it("P4 come on the receiver that was bound beside the transmitter", async () => {
    await using world = await startServiceWorld([{ gateway: { bindMode: "transmitter+receiver" } }]);
    expect(await world.ended(await world.send())).toMatchObject({ state: DELIVERED });
    const binds = world.smsc.sessions().map(({ bindType }) => bindType);
    expect(binds.toSorted()).toEqual(["receiver", "transmitter"]);
  });

  it("P4 come on whichever of several transceivers the SMSC picks", async () => {
    await using world = await startServiceWorld([{ gateway: { sessions: 3 } }]);
    await world.smsc.waitUntil(({ binds }) => binds === 3);
    const sent = await Promise.all(Array.from({ length: 12 }, () => world.send()));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
  });

  it("P4 find their delivery on the next session when the one that sent it is gone", async () => {
    await using world = await startServiceWorld([{ simulator: { receiptDelayMs: 60_000 } }]);
    const sent = await world.send();
    await world.reported(sent, SUBMITTED);
    world.smsc.behave({ kind: "unbind", times: 1 });
    const other = await world.send();
    await world.smsc.waitUntil(({ binds }) => binds === 2);
    world.clock.jump(60_000);
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    expect((await world.status(other)).attemptCount).toBeGreaterThan(0);
  });

  it("P5 are not what a subscriber writes, unless the gateway is set so", async () => {
    for (const plainTextReceipts of [false, true]) {
      await using world = await startServiceWorld([{ gateway: { plainTextReceipts } }]);
      world.smsc.behave({ kind: "forged-receipt", state: "UNDELIV" });
      const sent = await world.send();
      expect(await world.ended(sent)).toMatchObject({ state: plainTextReceipts ? UNDELIVERABLE : DELIVERED });
    }
  });

  it.each([
    ["no TLVs", [{ kind: "no-tlvs" }]],
    ["TLVs alone", [{ kind: "no-fields", fields: ["id", "stat", "err"] }]],
    ["no dates, no counts", [{ kind: "no-fields", fields: ["sub", "dlvrd", "submitDate", "doneDate"] }]],
    [
      "a text of an id and a state only",
      [
        { kind: "no-tlvs" },
        { kind: "no-fields", fields: ["sub", "dlvrd", "submitDate", "doneDate", "err", "text"] },
      ],
    ],
    ["ACCEPTD first", [{ kind: "state-first" }]],
    ["UNKNOWN first", [{ kind: "state-first", state: "UNKNOWN" }, { kind: "no-tlvs" }]],
    ["each twice", [{ kind: "double-receipt" }]],
  ] as const)("P6 are understood with %s", async (_name, behaviours) => {
    await using world = await startServiceWorld();
    world.smsc.behave(...behaviours);
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    await world.settle();
    expect(world.reportsOf(sent).map(({ state }) => state)).toEqual([QUEUED, SUBMITTED, DELIVERED]);
  });

  it("P6 that overtake each other in a burst each find their own delivery", async () => {
    await using world = await startServiceWorld([{ simulator: { receiptDelayMs: 0 } }]);
    world.smsc.behave(
      { kind: "shuffle-receipts", jitterMs: 50 },
      { kind: "slow-answer", delayMs: 0, jitterMs: 50 },
    );
    const numbers = Array.from({ length: 40 }, (_, i) => `+47900${i % 2 === 0 ? "00000" : "99001"}`);
    const sent = await Promise.all(numbers.map((to) => world.send({ to })));
    for (const [i, each] of sent.entries()) {
      expect(await world.ended(each)).toMatchObject({ state: i % 2 === 0 ? DELIVERED : UNDELIVERABLE });
    }
  });

  it.each(["ucs2", "ascii-as-ucs2"] as const)("P7 are read in %s under data_coding 8", async (charset) => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "receipt-charset", charset }, { kind: "no-tlvs" });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    const [part] = (await world.status(sent)).attempts[0]?.parts ?? [];
    expect(part?.receipt).toMatchObject({ stat: "DELIVRD", err: "000" });
  });

  it("P8 P10 for every part make one report with all parts in it", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "shuffle-receipts", jitterMs: 30 });
    const sent = await world.send({ text: LONG });
    const final = await world.ended(sent);
    const received = world.smsc.received();
    expect(final.parts.map((part) => part.gatewayMessageId)).toEqual(
      received.map(({ messageId }) => messageId),
    );
    expect(final.parts.map((part) => part.receipt?.stat)).toEqual(received.map(() => "DELIVRD"));
    expect(received.every(({ pdu }) => pdu.body.registered_delivery === 1)).toBe(true);
    await world.settle();
    expect(world.reportsOf(sent).map(({ state }) => state)).toEqual([QUEUED, SUBMITTED, DELIVERED]);
  });

  it("P8 fail the whole message with its first failed part", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "state-first", state: "UNDELIV", leadMs: 20, after: 1, times: 1 });
    const sent = await world.send({ text: LONG });
    expect(await world.ended(sent)).toMatchObject({ state: UNDELIVERABLE });
    await world.settle();
    expect(world.reportsOf(sent).map(({ state }) => state)).toEqual([QUEUED, SUBMITTED, UNDELIVERABLE]);
  });

  it("P8 that come for all parts at once count so where the gateway is set so", async () => {
    await using world = await startServiceWorld([{ gateway: { receipts: "one" } }]);
    world.smsc.behave({ kind: "one-receipt-for-all-parts" });
    const sent = await world.send({ text: LONG });
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it("P9 that contradict a final state change nothing, are counted and logged", async () => {
    // A response that its id may belong to is waited for so long.
    await using world = await startServiceWorld([{ gateway: { responseTimeout: "10m" } }]);
    world.smsc.behave({ kind: "contradict", state: "UNDELIV", delayMs: 20, times: 1 });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    await world.smsc.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 2);
    world.clock.jump(600_000);
    await expect
      .poll(() => world.sentences)
      .toContainEqual(expect.stringContaining("contradicts the final state"));
    await world.settle();
    expect(await world.status(sent)).toMatchObject({ state: DELIVERED });
    expect(world.reportsOf(sent)).toHaveLength(3);
    expect((await world.get("/metrics")).text).toContain('sms_relay_contradictions_total{gateway="north"} 1');
  });

  it("P9 that come after silence was declared show on the part, are counted, and the state stays UNKNOWN", async () => {
    await using world = await startServiceWorld(
      [{ simulator: { receiptDelayMs: 120_000 }, gateway: { validityForm: "none" } }],
      { receiptGrace: "0" },
    );
    const sent = await world.send({ expiration: { $case: "validity", value: { seconds: 60n, nanos: 0 } } });
    await world.reported(sent, SUBMITTED);
    world.clock.jump(80_000);
    expect(await world.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_UNKNOWN });
    world.clock.jump(60_000);
    await world.smsc.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    world.clock.jump(30_000);
    await expect
      .poll(() => world.status(sent))
      .toMatchObject({
        state: DeliveryState.DELIVERY_STATE_UNKNOWN,
        attempts: [{ parts: [{ receipt: { stat: "DELIVRD" } }] }],
      });
    expect((await world.get("/metrics")).text).toContain('sms_relay_contradictions_total{gateway="north"} 1');
  });
});

describe("every delivery has one end (P11)", () => {
  it("P11 UNKNOWN when no receipt comes within validity and grace", async () => {
    await using world = await startServiceWorld([{}], { receiptGrace: "10m" });
    world.smsc.behave({ kind: "no-receipt" });
    const sent = await world.send({ expiration: { $case: "validity", value: { seconds: 60n, nanos: 0 } } });
    await world.reported(sent, SUBMITTED);
    world.clock.jump(11 * 60_000);
    expect(await world.ended(sent)).toMatchObject({
      state: DeliveryState.DELIVERY_STATE_UNKNOWN,
      failureReason: FailureReason.FAILURE_REASON_NO_RECEIPT,
    });
  });

  it("P11 UNKNOWN at once where the gateway sends no receipts", async () => {
    await using world = await startServiceWorld([{ gateway: { receipts: "none" } }]);
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({
      state: DeliveryState.DELIVERY_STATE_UNKNOWN,
      failureReason: FailureReason.FAILURE_REASON_RECEIPTS_UNSUPPORTED,
    });
    expect(world.smsc.received()[0]?.pdu.body.registered_delivery).toBe(0);
  });

  it("P11 EXPIRED when no gateway was there in time", async () => {
    await using world = await startServiceWorld([{ simulator: { behaviours: [{ kind: "refuse-bind" }] } }]);
    const sent = await world.send({ expiration: { $case: "validity", value: { seconds: 60n, nanos: 0 } } });
    world.clock.jump(61_000);
    expect(await world.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_EXPIRED });
    expect(world.smsc.counters().submits).toBe(0);
  });

  it("P11 as the network says: expired, rejected, undeliverable; and cancelled by the caller", async () => {
    await using world = await startServiceWorld();
    const byNumber = [
      ["99001", UNDELIVERABLE],
      ["99002", DeliveryState.DELIVERY_STATE_EXPIRED],
      ["99003", DeliveryState.DELIVERY_STATE_REJECTED],
      ["99004", UNDELIVERABLE],
      ["99011", DeliveryState.DELIVERY_STATE_REJECTED],
    ] as const;
    for (const [suffix, state] of byNumber) {
      expect(await world.ended(await world.send({ to: `+47900${suffix}` }))).toMatchObject({ state });
    }
    await world.clients.gateways.pauseGateway({ gatewayId: "north", reason: "a test" });
    const waiting = await world.send();
    await world.clients.sms.cancelSms({ messageId: waiting.messageId });
    expect(await world.ended(waiting)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_CANCELLED });
  });
});
