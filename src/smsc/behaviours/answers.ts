/** Behaviours that change what a submit is answered, and when. */
import type { Random } from "../random.ts";
import type { AcceptedContext, Answer, Behaviour, Strikes } from "./behaviour.ts";
import type { BehaviourSpec } from "./spec.ts";

type AnswerSpec = Extract<
  BehaviourSpec,
  {
    kind: "slow-answer" | "no-answer" | "double-answer" | "nack-without-sequence" | "receipt-before-answer";
  }
>;

function change(
  spec: AnswerSpec,
  answer: Answer,
  context: AcceptedContext,
  random: Random,
): readonly Answer[] {
  switch (spec.kind) {
    case "slow-answer":
      return [
        { ...answer, delayMs: answer.delayMs + spec.delayMs + Math.round(random() * (spec.jitterMs ?? 0)) },
      ];
    case "no-answer":
      return [];
    case "double-answer":
      return [answer, answer];
    case "nack-without-sequence":
      return [{ ...answer, isNackWithoutSequence: true }];
    case "receipt-before-answer":
      return [{ ...answer, delayMs: answer.delayMs + context.receiptDelayMs + (spec.leadMs ?? 50) }];
  }
}

/** Makes a behaviour that changes answers where it strikes. */
export function answerBehaviour(spec: AnswerSpec, strikes: Strikes, random: Random): Behaviour {
  return {
    onAnswer: (answer, context) => (strikes() ? change(spec, answer, context, random) : [answer]),
  };
}
