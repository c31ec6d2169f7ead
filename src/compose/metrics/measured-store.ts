/** A store that counts what passes through it, so that no use case and no loop needs to know of figures. */
import { finalStates, isFinal } from "../../domain/delivery-state.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { Recovery } from "../../store/accepting.ts";
import type { ReceiptOutcome } from "../../store/settling.ts";
import type { StateCounts } from "../../store/state-counts.ts";
import type { Store } from "../../store/store.ts";
import { doubleMarks, type Metrics } from "./metrics.ts";

/** The same store; every write raises the figures that it stands for. `onAccepted` hears how many deliveries were accepted. */
export function measuredStore(
  store: Store,
  metrics: Metrics,
  onAccepted: (deliveries: number) => void = () => {},
): Store {
  store.onCommit((commit) => {
    metrics.commitDuration.observe(commit.durationMs / 1000);
    metrics.commitRows.observe(commit.rows);
  });
  const ended = (state: string, count: number) => {
    if (count > 0) metrics.finalDeliveries.add(count, state);
  };
  const countReceipt = (gateway: string, outcome: ReceiptOutcome) => {
    const isGuess = outcome.kind !== "parked" && outcome.isGuess;
    metrics.receipts.add(1, gateway, isGuess ? "guessed" : outcome.kind);
    if (outcome.kind === "contradicted") metrics.contradictions.add(1, gateway);
    if (outcome.kind !== "matched" || !outcome.isFirstFinal) return;
    const { state, sinceSubmitMs = 0 } = outcome;
    ended(state, 1);
    metrics.receiptedDeliveries.add(1, gateway, state);
    if (state === "DELIVERED") metrics.deliveryDuration.observe(sinceSubmitMs / 1000, gateway);
  };
  const measureLag = ({ verdict, doneTimeMs, arrivalTimeMs, gatewayId }: Receipt) => {
    if (verdict === "RECORDED" || doneTimeMs === undefined) return;
    metrics.receiptLag.observe((arrivalTimeMs - doneTimeMs) / 1000, gatewayId);
  };
  const became = (counts: StateCounts) => {
    for (const state of finalStates) ended(state, counts[state] ?? 0);
  };
  const recovered = (recovery: Recovery) => {
    became(recovery.became);
    metrics.afterCrash.add(recovery.mayHaveLeft.length);
  };
  const measured: Partial<Store> = {
    async join(nowMs) {
      const joined = await store.join(nowMs);
      recovered(joined.recovery);
      return joined;
    },
    async rescue(nowMs) {
      const recovery = await store.rescue(nowMs);
      recovered(recovery);
      return recovery;
    },
    async claim(request) {
      const claim = await store.claim(request);
      became(claim.overdue);
      return claim;
    },
    async accept(entries) {
      const outcomes = await store.accept(entries);
      outcomes.forEach((outcome, index) => {
        const entry = entries[index];
        if (entry === undefined) return;
        if (outcome.kind !== "accepted") return;
        let rejected = 0;
        for (const { admission } of entry.deliveries) if (admission.kind === "rejected") rejected += 1;
        metrics.acceptedMessages.add(1, entry.message.lane);
        metrics.acceptedDeliveries.add(entry.deliveries.length, entry.message.lane);
        ended("REJECTED", rejected);
        onAccepted(entry.deliveries.length - rejected);
      });
      return outcomes;
    },
    async settle(entries) {
      const outcomes = await store.settle(entries);
      outcomes.forEach((outcome, index) => {
        const attempt = entries[index]?.attempt;
        const isLate = entries[index]?.verdict.kind === "late";
        if (attempt !== undefined) {
          if (!isLate) {
            metrics.attempts.add(1, attempt.gatewayId, attempt.outcome);
            metrics.attemptDuration.observe(
              (attempt.endTimeMs - attempt.startTimeMs) / 1000,
              attempt.gatewayId,
            );
            for (const mark of attempt.trace.marks)
              if (doubleMarks.includes(mark)) metrics.possibleDoubles.add(1, attempt.gatewayId, mark);
          }
          const accepted = attempt.parts.filter((part) => part.outcome === "ACCEPTED").length;
          const ambiguous = attempt.parts.filter((part) => part.outcome === "AMBIGUOUS").length;
          if (accepted > 0) metrics.submittedParts.add(accepted, attempt.gatewayId);
          if (ambiguous > 0) metrics.ambiguousParts.add(ambiguous, attempt.gatewayId);
        }
        if (outcome.kind === "fenced") metrics.fencedSettlements.add(1);
        else if (outcome.kind === "settled" && isFinal(outcome.state)) ended(outcome.state, 1);
      });
      return outcomes;
    },
    async recordReceipts(receipts) {
      const outcomes = await store.recordReceipts(receipts);
      outcomes.forEach((outcome, index) => {
        const receipt = receipts[index];
        if (receipt === undefined) return;
        measureLag(receipt);
        countReceipt(receipt.gatewayId, outcome);
      });
      return outcomes;
    },
    async takeParked(nowMs, limit) {
      const found = await store.takeParked(nowMs, limit);
      for (const { gatewayId, outcome } of found.taken) countReceipt(gatewayId, outcome);
      return found;
    },
    async recordUnparsableReceipt(gatewayId, raw, arrivalTimeMs) {
      await store.recordUnparsableReceipt(gatewayId, raw, arrivalTimeMs);
      metrics.receipts.add(1, gatewayId, "unparsable");
    },
    async recordIncoming(parts) {
      const stored = await store.recordIncoming(parts);
      for (const part of parts) metrics.incomingParts.add(1, part.gatewayId);
      return stored;
    },
    async cancel(accountId, messageId, nowMs) {
      const outcomes = await store.cancel(accountId, messageId, nowMs);
      ended("CANCELLED", outcomes?.filter(({ isNow }) => isNow).length ?? 0);
      return outcomes;
    },
    async expireDue(nowMs, limit) {
      const overdue = await store.expireDue(nowMs, limit);
      became(overdue);
      return overdue;
    },
    async endSilent(nowMs, graceMs, limit) {
      const overdue = await store.endSilent(nowMs, graceMs, limit);
      became(overdue);
      return overdue;
    },
  };
  // Everything else goes straight through, bound to the store itself, whose methods may use private fields.
  return new Proxy(store, {
    get(target, name) {
      const own = measured[name as keyof Store];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
