/** Makes behaviours from their data, with one function a kind; how often each strikes is decided in one place. */
import { assertNever } from "../../domain/assert-never.ts";
import { COMMAND_STATUS } from "../../smpp/command-status.ts";
import type { Random } from "../random.ts";
import { answerBehaviour } from "./answers.ts";
import type { Behaviour, Strikes } from "./behaviour.ts";
import { receiptBehaviour } from "./receipts.ts";
import { sabotage } from "./sabotage.ts";
import type { BehaviourSpec, Frequency } from "./spec.ts";

function createGate(
  { share = 1, after = 0, times = Number.POSITIVE_INFINITY }: Frequency,
  random: Random,
): Strikes {
  let occasions = 0;
  let strikes = 0;
  return () => {
    if (occasions++ < after || strikes >= times || (share < 1 && random() >= share)) return false;
    strikes++;
    return true;
  };
}

/** Refuses what exceeds a rate, counted in a bucket that holds a tenth of a second's worth. */
function throttle(perSecond: number, status: number, strikes: Strikes): Behaviour {
  const burst = Math.max(1, perSecond / 10);
  let tokens = burst;
  let filledMs: number | undefined;
  return {
    onSubmit: ({ nowMs }) => {
      tokens = Math.min(burst, tokens + ((nowMs - (filledMs ?? nowMs)) * perSecond) / 1_000);
      filledMs = nowMs;
      if (tokens < 1) return strikes() ? status : undefined;
      tokens--;
      return undefined;
    },
  };
}

/** Makes one behaviour. */
export function interpretBehaviour(spec: BehaviourSpec, random: Random): Behaviour {
  const strikes = createGate(spec, random);
  switch (spec.kind) {
    case "refuse-bind":
      return { onBind: () => (strikes() ? (spec.status ?? COMMAND_STATUS.ESME_RBINDFAIL) : undefined) };
    case "throttle":
      return throttle(spec.perSecond, spec.status ?? COMMAND_STATUS.ESME_RTHROTTLED, strikes);
    case "refuse-submit":
      return { onSubmit: () => (strikes() ? (spec.status ?? COMMAND_STATUS.ESME_RMSGQFUL) : undefined) };
    case "slow-answer":
    case "no-answer":
    case "double-answer":
    case "nack-without-sequence":
    case "receipt-before-answer":
      return answerBehaviour(spec, strikes, random);
    case "message-ids":
    case "double-receipt":
    case "shuffle-receipts":
    case "no-tlvs":
    case "no-fields":
    case "state-first":
    case "contradict":
    case "forged-receipt":
    case "receipt-charset":
    case "one-receipt-for-all-parts":
    case "no-receipt":
      return receiptBehaviour(spec, strikes, random);
    case "receipt-before-bind":
    case "drop":
    case "unbind":
    case "garbage":
    case "oversize":
    case "unknown-command":
      return sabotage(spec, strikes, random);
    default:
      return assertNever(spec);
  }
}
