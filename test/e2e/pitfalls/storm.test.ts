/** All that an SMSC can do wrong at once, by chance and seed, at two gateways: still every delivery has one end. */
import { expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy } from "../../../src/gen/smsrelay/v1/message.ts";
import type { SendSmsResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import type { BehaviourSpec } from "../../../src/smsc/behaviours/spec.ts";
import { startServiceWorld } from "../../support/service-world.ts";

const SEED = Number(process.env["STORM_SEED"] ?? Date.now() % 1_000_000_000);
const MESSAGES = 100;
const VALIDITY_MS = 3_600_000;
const LONG = "A long text that needs several parts. ".repeat(8);
const FIRST_FINAL: number = DeliveryState.DELIVERY_STATE_DELIVERED;

const storm: readonly BehaviourSpec[] = [
  { kind: "refuse-submit", status: 0x58, share: 0.05, times: 2 },
  { kind: "refuse-submit", status: 0x08, share: 0.02 },
  { kind: "refuse-submit", status: 0x45, share: 0.02 },
  { kind: "refuse-submit", status: 0x04, share: 0.003 },
  { kind: "slow-answer", delayMs: 5, jitterMs: 40, share: 0.3 },
  { kind: "no-answer", share: 0.02 },
  { kind: "double-answer", share: 0.05 },
  { kind: "nack-without-sequence", share: 0.01 },
  { kind: "receipt-before-answer", share: 0.1 },
  { kind: "double-receipt", delayMs: 10, share: 0.1 },
  { kind: "shuffle-receipts", jitterMs: 50, share: 0.5 },
  { kind: "no-tlvs", share: 0.3 },
  { kind: "no-fields", fields: ["submitDate", "doneDate", "err"], share: 0.2 },
  { kind: "state-first", share: 0.2 },
  { kind: "contradict", state: "UNDELIV", share: 0.05 },
  { kind: "forged-receipt", state: "UNDELIV", share: 0.1 },
  { kind: "receipt-charset", charset: "ucs2", share: 0.2 },
  { kind: "no-receipt", share: 0.03 },
  { kind: "drop", how: "reset", share: 0.005 },
  { kind: "drop", how: "close", share: 0.005 },
  { kind: "unbind", share: 0.005 },
  { kind: "garbage", share: 0.003 },
  { kind: "oversize", share: 0.003 },
  { kind: "unknown-command", share: 0.02 },
];

it("P11 P12 in a storm of misbehaviour every delivery has one end, and AT_MOST_ONCE stays once", async () => {
  console.log(`STORM_SEED=${SEED}`);
  const gateway = { responseTimeout: "3s", ambiguityHold: "50ms", sessions: 2, window: 20 };
  await using world = await startServiceWorld(
    [SEED, SEED + 1].map((seed) => ({ simulator: { seed, behaviours: storm }, gateway })),
    { receiptGrace: "1m" },
  );
  const sent: SendSmsResponse[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    sent.push(
      await world.send({
        to: numberOf(i),
        text: i % 5 === 0 ? LONG : `message ${i}`,
        expiration: { $case: "validity", value: { seconds: BigInt(VALIDITY_MS / 1_000), nanos: 0 } },
        duplicatePolicy: isOnce(i)
          ? DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE
          : DuplicatePolicy.DUPLICATE_POLICY_AT_LEAST_ONCE,
      }),
    );
  }
  for (const each of sent) {
    await Promise.race([world.reported(each, DeliveryState.DELIVERY_STATE_SUBMITTED), world.ended(each)]);
  }
  // What the SMSCs have not told by now they never will.
  for (const smsc of world.smscs) await smsc.waitUntil(({ finished, accepted }) => finished === accepted);
  world.clock.jump(VALIDITY_MS + 120_000);
  for (const each of sent) await world.ended(each);
  await world.settle();
  const states = new Map<DeliveryState, number>();
  for (const each of sent) {
    const finals = world.reportsOf(each).filter(({ state }) => state >= FIRST_FINAL);
    expect(finals).toHaveLength(1);
    for (const { state } of finals) states.set(state, (states.get(state) ?? 0) + 1);
  }
  console.log("deliveries by state", Object.fromEntries(states));
  expect(states.get(DeliveryState.DELIVERY_STATE_DELIVERED)).toBeGreaterThan(MESSAGES / 2);

  const accepted = new Map<string, number>();
  for (const { commandStatus, destination, part } of world.smscs.flatMap((smsc) => smsc.received())) {
    if (commandStatus !== 0) continue;
    const key = `${destination}/${part?.sequence ?? 1}`;
    accepted.set(key, (accepted.get(key) ?? 0) + 1);
  }
  for (let i = 0; i < MESSAGES; i++) {
    if (!isOnce(i)) continue;
    for (let part = 1; part <= 3; part++) {
      expect(
        accepted.get(`${numberOf(i).slice(1)}/${part}`) ?? 0,
        `part ${part} of ${i}`,
      ).toBeLessThanOrEqual(1);
    }
  }
  for (const id of ["north", "south"]) {
    await world.untilGateway(
      id,
      ({ inFlightCount, boundSessionCount }) => inFlightCount === 0 && boundSessionCount === 2,
    );
  }
  expect((await world.get("/readyz")).status).toBe(200);
});

const isOnce = (index: number) => index % 2 === 1;
const numberOf = (index: number) => `+47901${String(index).padStart(5, "0")}`;
