import fc from "fast-check";
import { expect, it } from "vitest";
import { type DeliveryState, isFinal, transitions } from "../../../../src/domain/delivery-state.ts";
import {
  type Charge,
  type ChargeOn,
  type ChargeStep,
  chargeStepOf,
  moveCharge,
  reserve,
} from "../../../../src/domain/money/charge.ts";
import { availableOf, reserveOf, type WalletTotals } from "../../../../src/domain/money/totals.ts";

const reserved = reserve(300).charge;
const held = moveCharge(reserved, "SUBMITTED", 200, "DELIVERED").charge;

it.each<[ChargeOn, Charge, ChargeStep, number, Charge["state"], number, number]>([
  // when it is paid, before, the step, its price; after, what the balance and the reserved change by
  ["SUBMITTED", reserved, "SUBMITTED", 200, "CHARGED", -200, -300],
  ["SUBMITTED", reserved, "SUBMITTED", 900, "CHARGED", -300, -300],
  ["SUBMITTED", reserved, "ENDED", 200, "RELEASED", 0, -300],
  ["SUBMITTED", reserved, "DOUBTFUL", 200, "CHARGED", -200, -300],
  ["DELIVERED", reserved, "SUBMITTED", 200, "HELD", 0, -100],
  ["DELIVERED", reserved, "ENDED", 200, "RELEASED", 0, -300],
  ["DELIVERED", reserved, "DOUBTFUL", 200, "RELEASED", 0, -300],
  ["DELIVERED", held, "DELIVERED", 0, "CHARGED", -200, -200],
  ["DELIVERED", held, "FAILED", 0, "RELEASED", 0, -200],
])("paid when %s, %o by %s at %i is %s", (chargeOn, before, step, price, state, balance, back) => {
  const move = moveCharge(before, step, price, chargeOn);
  expect([move.charge.state, move.balance, move.reserved]).toEqual([state, balance, back]);
});

it("moves no money of what has no wallet, is charged or is released", () => {
  const steps: ChargeStep[] = ["SUBMITTED", "ENDED", "DOUBTFUL", "DELIVERED", "FAILED"];
  for (const state of ["NONE", "CHARGED", "RELEASED"] as const)
    for (const step of steps)
      for (const chargeOn of ["SUBMITTED", "DELIVERED"] as const) {
        const charge = { state, reserved: 300, cost: 0 };
        expect(moveCharge(charge, step, 200, chargeOn)).toEqual({ charge, balance: 0, reserved: 0 });
      }
});

it("knows every step of a delivery's states", () => {
  const known = Object.entries(transitions).flatMap(([from, states]) =>
    states.map((to) => `${from} ${to} ${chargeStepOf(from as DeliveryState, to, true) ?? "-"}`),
  );
  expect(known).toEqual([
    ...["SCHEDULED QUEUED -", "SCHEDULED EXPIRED ENDED", "SCHEDULED CANCELLED ENDED"],
    ...["QUEUED SUBMITTING -", "QUEUED SUBMITTED SUBMITTED", "QUEUED REJECTED ENDED", "QUEUED EXPIRED ENDED"],
    ...["QUEUED CANCELLED ENDED", "QUEUED UNKNOWN DOUBTFUL"],
    ...["SUBMITTING SUBMITTED SUBMITTED", "SUBMITTING QUEUED -", "SUBMITTING REJECTED ENDED"],
    ...["SUBMITTING EXPIRED ENDED", "SUBMITTING UNKNOWN DOUBTFUL", "SUBMITTING CANCELLED ENDED"],
    ...["SUBMITTED DELIVERED DELIVERED", "SUBMITTED UNDELIVERABLE FAILED", "SUBMITTED EXPIRED FAILED"],
    ...["SUBMITTED REJECTED FAILED", "SUBMITTED UNKNOWN FAILED"],
  ]);
  expect(chargeStepOf("SUBMITTED", "UNKNOWN", false), "no receipts are to be had").toBe("DELIVERED");
});

/** One account, its deliveries and its ledger, as both stores would hold them. */
interface Model {
  totals: WalletTotals;
  ledger: bigint;
  readonly deliveries: { state: DeliveryState; charge: Charge; readonly chargeOn: ChargeOn }[];
}

it("keeps the totals true to the deliveries and the ledger, whatever happens in whatever order", () => {
  const micros = fc.integer({ min: 0, max: 1_000 });
  const command = fc.oneof(
    fc.record({
      kind: fc.constant("accept"),
      price: micros,
      onDelivery: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({
      kind: fc.constant("move"),
      which: fc.nat(),
      to: fc.nat(),
      price: micros,
      hasReceipts: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("post"), amount: fc.integer({ min: -1_000, max: 3_000 }) }),
    fc.record({ kind: fc.constant("credit"), limit: fc.integer({ min: 0, max: 2_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const model: Model = {
        totals: { balance: 0n, reserved: 0n, creditLimit: 0n },
        ledger: 0n,
        deliveries: [],
      };
      for (const drawn of commands) {
        apply(model, drawn);
        expectTrue(model);
      }
    }),
  );
});

type Command =
  | { kind: string; price: number; onDelivery: boolean; count: number }
  | { kind: string; which: number; to: number; price: number; hasReceipts: boolean }
  | { kind: string; amount: number }
  | { kind: string; limit: number };

function apply(model: Model, drawn: Command): void {
  const { totals, deliveries } = model;
  if ("count" in drawn) {
    const needed = BigInt(drawn.price * drawn.count);
    const after = reserveOf(totals, needed);
    if (after === undefined) {
      expect(availableOf(totals)).toBeLessThan(needed);
      return;
    }
    if (needed > 0n) expect(availableOf(after)).toBeGreaterThanOrEqual(0n);
    model.totals = after;
    const chargeOn = drawn.onDelivery ? "DELIVERED" : "SUBMITTED";
    for (let made = 0; made < drawn.count; made++)
      deliveries.push({ state: "QUEUED", charge: reserve(drawn.price).charge, chargeOn });
  } else if ("which" in drawn) {
    const delivery = deliveries[drawn.which % Math.max(1, deliveries.length)];
    const states = delivery === undefined ? [] : transitions[delivery.state];
    const to = states[drawn.to % Math.max(1, states.length)];
    if (delivery === undefined || to === undefined) return;
    const step = chargeStepOf(delivery.state, to, drawn.hasReceipts);
    delivery.state = to;
    if (step === undefined) return;
    const move = moveCharge(delivery.charge, step, drawn.price, delivery.chargeOn);
    delivery.charge = move.charge;
    const balance = totals.balance + BigInt(move.balance);
    model.totals = { ...totals, balance, reserved: totals.reserved + BigInt(move.reserved) };
    model.ledger += BigInt(move.balance);
  } else if ("amount" in drawn) {
    model.totals = { ...totals, balance: totals.balance + BigInt(drawn.amount) };
    model.ledger += BigInt(drawn.amount);
  } else model.totals = { ...totals, creditLimit: BigInt(drawn.limit) };
}

function expectTrue({ totals, ledger, deliveries }: Model): void {
  const open = deliveries.filter(({ charge: { state } }) => state === "RESERVED" || state === "HELD");
  expect(totals.balance).toBe(ledger);
  expect(totals.reserved).toBe(BigInt(open.reduce((sum, { charge }) => sum + charge.reserved, 0)));
  expect(open.some(({ state }) => isFinal(state))).toBe(false);
  expect(deliveries.some(({ charge }) => charge.cost > charge.reserved)).toBe(false);
}
