/**
 * The attempts of one gateway that are under way. It hands deliveries to the gateway's sessions, and by the answers brings them back to
 * their place in memory, to the store for another try, or to their end.
 */
import { mayHaveBeenSent } from "../../domain/ending-at-expiry.ts";
import { nameProgress } from "../../domain/gateway-names.ts";
import type { DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { AttemptOutcome, DeliveryProgress } from "../../domain/message.ts";
import { countParts } from "../../encoding/render-parts.ts";
import type { Gateway, PartResult } from "../../gateways/gateway.ts";
import { circuitSignalOf } from "../../routing/circuit-signal.ts";
import { type Candidate, selectGateways } from "../../routing/select-gateways.ts";
import type { AttemptTrace, Settlement } from "../../store/settling.ts";
import { decideRetry, type NextTry } from "../delivery/assign-delivery.ts";
import {
  type Judgement,
  judgeResults,
  needsReference,
  partsToSubmit,
  type RunningAttempt,
  recordAttempt,
  soleMisfortuneOf,
} from "../delivery/attempt.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { Resume } from "../delivery/routable.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { GatewayGate } from "./gateway-gate.ts";
import { ThrottledDeliveries } from "./throttled-deliveries.ts";

export interface AttemptDeskDependencies {
  readonly gateway: Gateway;
  readonly gate: GatewayGate;
  readonly context: DispatchContext;
  readonly expectsReceipts: () => boolean;
  readonly canSend: () => boolean;
  readonly putBack: (item: InHand) => void;
  /** An attempt is over: there may be room for another. */
  readonly onEnd: () => void;
}

export class AttemptDesk {
  readonly #dependencies: AttemptDeskDependencies;
  readonly #gatewayId: GatewayId;
  readonly #throttled = new ThrottledDeliveries();
  #underWay = 0;
  #lastEndMs: number;
  #whenIdle: (() => void)[] = [];

  constructor(dependencies: AttemptDeskDependencies) {
    this.#dependencies = dependencies;
    this.#gatewayId = dependencies.gateway.id;
    this.#lastEndMs = dependencies.context.clock.monotonic();
  }

  /** Deliveries handed to a session and unanswered. */
  get underWay(): number {
    return this.#underWay;
  }

  /** When an attempt ended last, on the monotonic clock. */
  get lastEndMs(): number {
    return this.#lastEndMs;
  }

  /** The present name of its gateway, where that goes on under another. */
  get #renamedTo(): GatewayId | undefined {
    return this.#dependencies.context.names().renamed.get(this.#gatewayId);
  }

  /** Resolves when no attempt is under way. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  /** Submits a delivery, whose first token is taken, and answers how many PDUs it is. */
  submit(item: InHand, candidate: Candidate, resume: Resume | undefined, trace: AttemptTrace): number {
    const { gateway, gate, context } = this.#dependencies;
    const { plan } = candidate;
    const isTied = needsReference(plan);
    const reference = isTied ? (resume?.reference ?? item.reference) : undefined;
    const partCount = countParts(plan);
    const partNumbers = partsToSubmit(partCount, resume);
    const attempt: RunningAttempt = {
      item,
      gatewayId: this.#gatewayId,
      resume,
      number: resume?.attempt ?? item.progress.attemptCount + 1,
      plan,
      partCount,
      reference,
      startTimeMs: context.clock.now(),
      trace,
    };
    this.#underWay++;
    const trial = gate.circuit.begin();
    const heardBefore = gate.circuit.heard;
    gateway
      .submit({
        deliveryId: item.deliveryId,
        attempt: attempt.number,
        lane: item.lane,
        premium: item.premium,
        sender: item.sender,
        recipient: item.recipient,
        plan,
        reference,
        partNumbers,
        expireTimeMs: item.message.expireTimeMs,
        takeToken: gate.takeToken,
      })
      .then((results) => this.#end(attempt, results, trial, heardBefore));
    return partNumbers.length;
  }

  #end(
    attempt: RunningAttempt,
    answers: readonly PartResult[],
    trial: number | undefined,
    heardBefore: number,
  ): void {
    const { context, gate } = this.#dependencies;
    const nowMs = context.clock.monotonic();
    this.#underWay--;
    const results = this.#tellGate(attempt.item.deliveryId, answers);
    const judgement = judgeResults(attempt, results);
    this.#lastEndMs = nowMs;
    // A message in doubt since an earlier attempt stays so when the rest of it is accepted; the gateway did its work all the same.
    const outcome = results.every((result) => result.kind === "accepted") ? "ACCEPTED" : judgement.outcome;
    // What is throttled for itself alone says as little of the gateway as what is throttled with all.
    const signal = results === answers ? circuitSignalOf(outcome, results.some(isGatewaysFault)) : "neutral";
    gate.circuit.record(signal, nowMs, { trial, cause: soleMisfortuneOf(results), heardBefore });
    if (this.#canPutBack(attempt.item, judgement)) {
      attempt.item.returns++;
      this.#dependencies.putBack(attempt.item);
    } else {
      this.#settle(attempt, results, judgement);
    }
    if (this.#underWay === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    this.#dependencies.onEnd();
  }

  /** Tells the gate that something was answered, what was taken and what was throttled; answers the results as they count for their delivery. */
  #tellGate(deliveryId: DeliveryId, answers: readonly PartResult[]): readonly PartResult[] {
    const { context, gate } = this.#dependencies;
    let taken = 0;
    let throttled = 0;
    let isHeard = false;
    for (const answer of answers) {
      if (answer.kind !== "accepted" && answer.kind !== "refused") continue;
      isHeard = true;
      if (answer.kind === "accepted") taken++;
      else if (answer.refusal === "throttled") throttled++;
      else if (answer.refusal !== "session" && answer.refusal !== "account") taken++;
    }
    if (isHeard) gate.circuit.hear();
    let isItsOwn = false;
    if (throttled > 0) {
      const said = this.#throttled.throttled(deliveryId);
      if (!said.tellsOfGateway) throttled = 0;
      isItsOwn = said.isItsOwn;
    } else if (taken > 0) this.#throttled.passed(deliveryId);
    if (taken + throttled > 0 && gate.onAnswer(taken, throttled, this.#underWay)) {
      context.log.often.warn(
        { gateway: this.#gatewayId, pdusPerSecond: gate.pdusPerSecond },
        "The gateway throttles; it is slowed down.",
      );
    }
    return isItsOwn ? answers.map(asTemporary) : answers;
  }

  /**
   * What was throttled or met a lost session, and of which nothing has been accepted, keeps its place in memory for a few tries
   * (P15). AT_MOST_ONCE goes back to QUEUED, so that a crash in between leaves no doubt.
   */
  #canPutBack(item: InHand, judgement: Judgement): boolean {
    if (judgement.kind !== "again") return false;
    return (
      (judgement.outcome === "THROTTLED" || judgement.outcome === "SESSION_LOST_BEFORE_WRITE") &&
      judgement.progress.resume === undefined &&
      item.progress.resume === undefined &&
      item.message.duplicatePolicy === "AT_LEAST_ONCE" &&
      item.returns < this.#dependencies.context.settings.maxReturns &&
      this.#dependencies.canSend()
    );
  }

  #settle(attempt: RunningAttempt, results: readonly PartResult[], judgement: Judgement): void {
    const { context } = this.#dependencies;
    const { item } = attempt;
    const timeMs = context.clock.now();
    const whole =
      judgement.kind === "submitted"
        ? undefined
        : { partCount: attempt.partCount, expectsReceipts: this.#dependencies.expectsReceipts() };
    context.settler.add({
      deliveryId: item.deliveryId,
      claimant: item.claimant,
      claimNumber: item.work.claimNumber,
      timeMs,
      lane: item.message.lane,
      attempt: recordAttempt(attempt, results, judgement.outcome, timeMs, this.#renamedTo),
      ...(whole !== undefined && { whole }),
      verdict: this.#verdictOf(item, judgement, timeMs),
    });
    if (whole !== undefined) context.lateAnswers.expect(attempt, results, whole);
  }

  #verdictOf(item: InHand, judgement: Judgement, timeMs: number): Settlement["verdict"] {
    switch (judgement.kind) {
      case "submitted":
        return { kind: "submitted", expectsReceipts: this.#dependencies.expectsReceipts() };
      case "final":
        return {
          kind: "final",
          state: judgement.state,
          code: judgement.code,
          reason: judgement.reason,
        };
      case "again": {
        const next = this.#decideRetry(item, judgement.outcome, judgement.progress);
        if (next.kind === "refused") {
          return { kind: "final", state: "REJECTED", code: next.code, reason: next.reason };
        }
        return {
          kind: "retry",
          gatewayId: next.gatewayId,
          availableTimeMs: next.kind === "park" ? item.message.expireTimeMs : timeMs + next.delayMs,
          progress: next.progress,
          mayHaveBeenSent: mayHaveBeenSent(next.progress),
        };
      }
    }
  }

  #decideRetry(item: InHand, outcome: AttemptOutcome, before: DeliveryProgress): NextTry {
    const { context } = this.#dependencies;
    const { settings } = context;
    const progress = nameProgress(before, context.names());
    const { deliveryId, accountId, sender, recipient, country, premium, lane, plans } = item;
    const { refusedBy } = progress;
    const request = { deliveryId, accountId, sender, recipient, country, premium, lane, plans, refusedBy };
    return decideRetry(
      { lane: item.message.lane, policy: item.message.duplicatePolicy, progress },
      selectGateways(request, context.table(), context.health),
      context.table(),
      {
        outcome,
        gatewayId: this.#renamedTo ?? this.#gatewayId,
        throttleDelayMs: settings.throttleDelayMs,
        random: context.random(),
      },
      settings.retry,
    );
  }
}

function asTemporary(answer: PartResult): PartResult {
  if (answer.kind !== "refused" || answer.refusal !== "throttled") return answer;
  return { ...answer, refusal: "temporary" };
}

function isGatewaysFault(result: PartResult): boolean {
  return result.kind === "refused" && result.blamesGateway === true;
}
