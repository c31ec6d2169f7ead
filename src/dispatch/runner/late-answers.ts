/**
 * What the SMSC says of a part after its attempt was settled without it (P49). The store keeps it; meanwhile a resend that has not left is
 * held back, and dropped where nothing is left to be sent.
 */
import type { DeliveryId, GatewayId } from "../../domain/ids.ts";
import { acceptParts } from "../../domain/message.ts";
import type { PartResult } from "../../gateways/gateway.ts";
import type { Clock } from "../../observability/clock.ts";
import type { AttemptRecord, Settlement, SettleOutcome, WholeDelivery } from "../../store/settling.ts";
import { type RunningAttempt, recordAttempt, recordPart } from "../delivery/attempt.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { Settler } from "../delivery/settler.ts";

/** A delivery that was taken out of its queue, and its way back. */
export interface HeldResend {
  readonly item: InHand;
  readonly release: () => void;
}

export interface LateAnswersDependencies {
  readonly settler: Settler;
  readonly clock: Clock;
  /** Takes a delivery out of the queue in which it waits to be sent again; undefined where it is in none. */
  readonly hold: (deliveryId: DeliveryId) => HeldResend | undefined;
  /** The present name of a gateway by its former one; undefined where it still has that name. */
  readonly renamed: (gatewayId: GatewayId) => GatewayId | undefined;
  /** The gateway answered something. */
  readonly onHeard: (gatewayId: GatewayId) => void;
}

/** Most deliveries that are remembered as needless to send; the oldest is forgotten, and at worst sent once more. */
const mostNeedless = 10_000;

/** All of a settlement of one part but the part. */
type Settled = Omit<Settlement, "timeMs" | "verdict"> & { readonly attempt: AttemptRecord };

export class LateAnswers {
  readonly #dependencies: LateAnswersDependencies;
  /** Resends that wait for the store to keep an answer. */
  readonly #held = new Map<Settlement, HeldResend>();
  /** Deliveries that are being sent again although another attempt is known to be wholly accepted or delivered. */
  readonly #needless = new Set<DeliveryId>();

  constructor(dependencies: LateAnswersDependencies) {
    this.#dependencies = dependencies;
  }

  /** From now on takes what comes late for the parts that the attempt leaves in doubt. */
  expect(attempt: RunningAttempt, results: readonly PartResult[], whole: WholeDelivery): void {
    let settled: Settled | undefined;
    for (const result of results) {
      if (result.kind !== "ambiguous" || result.late === undefined) continue;
      // Slim: up to 10,000 parts of a session may be waited for, and none should keep its message in memory.
      settled ??= settledBy(attempt, whole, this.#dependencies.clock.now());
      const { timeMs } = result;
      const base = settled;
      result.late.onAnswer = (answer) => this.#take(base, timeMs, answer);
    }
  }

  /** The store has kept an answer; undefined where it never will. */
  onSettled(settlement: Settlement, outcome: SettleOutcome | undefined): void {
    const held = this.#held.get(settlement);
    const state = outcome === undefined || outcome.kind === "fenced" ? undefined : outcome.state;
    if (held === undefined) {
      // It may have been on its way from the store into a queue.
      if (state === "QUEUED" && this.#holdAndAdd(settlement)) return;
      const isOver =
        outcome?.kind === "settled" || (outcome?.kind === "recorded" && outcome.isWhole === true);
      if (isOver) this.drop(settlement.deliveryId, outcome.kind === "settled");
      return;
    }
    this.#held.delete(settlement);
    // One that is SUBMITTING is marked and not written yet: it is this process's to send.
    if (state !== undefined && state !== "QUEUED" && state !== "SUBMITTING") return;
    const { attempt } = settlement;
    const accepted = attempt?.parts.filter((part) => part.outcome === "ACCEPTED") ?? [];
    const numbers = accepted.map((part) => part.number);
    held.item.progress = acceptParts(held.item.progress, attempt?.number ?? 0, numbers);
    held.release();
  }

  /** Nothing of it has to be sent any more; with `isOver` it is not this process's any more either. */
  drop(deliveryId: DeliveryId, isOver = true): void {
    if (isOver && this.#dependencies.hold(deliveryId) !== undefined) return;
    this.#needless.add(deliveryId);
    if (this.#needless.size <= mostNeedless) return;
    for (const oldest of this.#needless) {
      this.#needless.delete(oldest);
      break;
    }
  }

  /** Whether what comes up to be sent is needless; said once. */
  isNeedless(deliveryId: DeliveryId): boolean {
    return this.#needless.size > 0 && this.#needless.delete(deliveryId);
  }

  #take(settled: Settled, copyTimeMs: number, answer: PartResult): void {
    const { settler, clock, onHeard, renamed } = this.#dependencies;
    const timeMs = clock.now();
    onHeard(settled.attempt.gatewayId);
    const attempt = settled.attempt && {
      ...settled.attempt,
      endTimeMs: timeMs,
      parts: [recordPart(answer)],
      renamedTo: renamed(settled.attempt.gatewayId),
    };
    const late: Settlement = {
      ...settled,
      timeMs,
      attempt,
      verdict: { kind: "late", copyTimeMs, isHeld: false },
    };
    if (answer.kind !== "accepted" || !this.#holdAndAdd(late)) settler.add(late);
  }

  /** Keeps a waiting resend back until the store has the answer; false where none waits here. */
  #holdAndAdd(late: Settlement): boolean {
    const { settler, hold } = this.#dependencies;
    const isAccepted = late.attempt?.parts[0]?.outcome === "ACCEPTED";
    if (late.verdict.kind !== "late" || !isAccepted) return false;
    const held = hold(late.deliveryId);
    if (held === undefined) return false;
    const { item } = held;
    const settlement: Settlement = {
      ...late,
      claimant: item.claimant,
      claimNumber: item.work.claimNumber,
      verdict: { ...late.verdict, isHeld: true },
    };
    this.#held.set(settlement, held);
    settler.add(settlement);
    return true;
  }
}

function settledBy(attempt: RunningAttempt, whole: WholeDelivery, nowMs: number): Settled {
  const { item } = attempt;
  return {
    deliveryId: item.deliveryId,
    claimant: item.claimant,
    claimNumber: item.work.claimNumber,
    lane: item.lane,
    attempt: recordAttempt({ ...attempt, trace: noTrace }, [], "AMBIGUOUS", nowMs),
    whole,
  };
}

const noTrace = { leftOut: [], marks: [] };
