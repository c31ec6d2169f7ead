import { expect, it } from "vitest";
import { isFinal } from "../../../src/domain/delivery-state.ts";
import { type DeliveryId, messageIdOf } from "../../../src/domain/ids.ts";
import { noProgress } from "../../../src/domain/message.ts";
import type { ClaimRef } from "../../../src/store/accepting.ts";
import type { StoredReport } from "../../../src/store/reports.ts";
import type { Settlement } from "../../../src/store/settling.ts";
import { countAll } from "../../../src/store/state-counts.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import {
  account,
  buildAcceptance,
  buildAttempt,
  buildPart,
  buildReceipt,
  dayMs,
  firstClaim,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const verdicts = ["DELIVERED", "UNDELIVERABLE", "EXPIRED", "RECORDED"] as const;
const ends = ["REJECTED", "EXPIRED", "UNKNOWN"] as const;
const stepCount = 250;

describeStore("whatever happens", (test) => {
  it.each([1, 2, 3])("P11 every delivery has exactly one final report, with seed %i", async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const pick = <Item>(items: readonly Item[]): Item =>
      items[below(items.length)] ?? expect.fail("nothing to pick");
    const all: DeliveryId[] = [];
    let held: ClaimRef[] = [];
    const smscIds: string[] = ["never seen"];
    const attempts = new Map<DeliveryId, number>();

    function settlementOf({ id: deliveryId, claimNumber }: ClaimRef): Settlement {
      const number = (attempts.get(deliveryId) ?? 0) + 1;
      attempts.set(deliveryId, number);
      const id = `smsc-${below(1_000)}`;
      const timeMs = startMs + below(60_000);
      const { claimant } = test;
      const common = { deliveryId, claimant, claimNumber, timeMs, lane: "NORMAL" } as const;
      const accepted = buildAttempt([buildPart({ id }), buildPart({ number: 2, id: `${id}b` })], { number });
      const refused = buildAttempt([buildPart({ outcome: "TEMPORARY" })], { number, outcome: "TEMPORARY" });
      const kind = below(4);
      if (kind < 2) {
        smscIds.push(id, `${id}b`);
        return { ...common, attempt: accepted, verdict: { kind: "submitted", expectsReceipts: kind === 0 } };
      }
      if (kind === 2) {
        const progress = { ...noProgress, attemptCount: number };
        const retry = { kind: "retry", gatewayId: gateway, availableTimeMs: startMs, progress } as const;
        return { ...common, attempt: refused, verdict: { ...retry, mayHaveBeenSent: random() < 0.5 } };
      }
      const final = { kind: "final", state: pick(ends), code: undefined, reason: "OTHER" } as const;
      return { ...common, attempt: random() < 0.5 ? refused : undefined, verdict: final };
    }

    const steps: readonly (() => Promise<unknown>)[] = [
      async () => {
        const duplicatePolicy = random() < 0.5 ? "AT_MOST_ONCE" : "AT_LEAST_ONCE";
        const acceptance = buildAcceptance({
          recipients: 1 + below(3),
          segmentCount: 1 + below(2),
          wantsClaim: random() < 0.5,
          claimant: test.claimant,
          message: { duplicatePolicy },
        });
        all.push(...acceptance.deliveries.map(({ id }) => id));
        const [outcome] = await test.store.accept([acceptance]);
        if (outcome?.kind === "accepted") held.push(...outcome.claimed.map(({ id }) => firstClaim(id)));
      },
      async () => {
        const limits = { OTP: 0, NORMAL: 1 + below(5), BULK: 0 };
        const { claimant } = test;
        const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
        held.push(...claim.deliveries);
      },
      async () => {
        const settled = held.splice(0, 1 + below(4));
        if (random() < 0.3) await test.store.markSubmitting(settled, test.claimant, startMs);
        await test.store.settle(settled.map(settlementOf));
      },
      async () => {
        const verdict = pick(verdicts);
        const arrivalTimeMs = startMs + below(90_000);
        await test.store.recordReceipts([buildReceipt(pick(smscIds), { verdict, arrivalTimeMs })]);
      },
      async () => {
        if (all.length > 0 && random() < 0.3)
          await test.store.cancel(account, messageIdOf(pick(all)), startMs);
      },
      async () => {
        if (random() > 0.02) return;
        await test.restart();
        held = [];
      },
    ];
    for (let step = 0; step < stepCount; step += 1) await pick(steps)();
    await test.restart();
    const endMs = startMs + 30 * dayMs;
    const expire = async () => countAll(await test.store.expireDue(endMs, 50));
    while ((await expire()) > 0);
    while (countAll(await test.store.endSilent(endMs, 0, 50)) > 0);

    const reports: StoredReport[] = [];
    for (let page = await test.store.readReports(account, 0, 100); page.length > 0; ) {
      reports.push(...page);
      page = await test.store.readReports(account, reports.length, 100);
    }
    expect(reports.map(({ number }) => number)).toEqual(reports.map((_, index) => index + 1));
    const states = await test.store.readStates(all);
    const allowed = [/^QUEUED [A-Z]+$/, /^QUEUED SUBMITTED [A-Z]+$/];
    all.forEach((id, index) => {
      const told = reports.filter(({ deliveryId }) => deliveryId === id).map(({ state }) => state);
      expect(told.filter((state) => isFinal(state))).toEqual([states[index]]);
      expect(
        allowed.some((form) => form.test(told.join(" "))),
        told.join(" "),
      ).toBe(true);
    });
    expect(all.length).toBeGreaterThan(30);
    expect(await test.store.backlog()).toMatchObject({ queued: 0 });
  });
});
