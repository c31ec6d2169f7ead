/**
 * Outcomes on their way back from the writer's thread, beside the operations they belong to. The usual ones of the frequent kinds are a
 * number or two, which cost a third of an object with names; all others go as they are.
 */
import type { DeliveryId } from "../../domain/ids.ts";
import { stateCodes, stateOf } from "../codes.ts";
import type { ReceiptOutcome, SettleOutcome } from "../settling.ts";
import type { WriteOperation, WriterOperation } from "./operations.ts";
import { type PackedAcceptOutcome, unpackAcceptOutcome } from "./packed-acceptance.ts";

/** The state's number where it was settled. */
type PackedSettleOutcome = number | SettleOutcome;

/** The state's number, negative where this was not the first final receipt, the delivery, and how long it took with the first final one. */
type PackedReceipt = readonly [number, DeliveryId] | readonly [number, DeliveryId, number];
type PackedReceiptOutcome = PackedReceipt | ReceiptOutcome;

export function packOutcome(outcome: unknown, operation: WriterOperation): unknown {
  switch (operation.kind) {
    case "settle":
      return packSettleOutcome(outcome as SettleOutcome);
    case "recordReceipt":
      return packReceiptOutcome(outcome as ReceiptOutcome);
    default:
      return outcome;
  }
}

export function unpackOutcome(packed: unknown, operation: WriteOperation): unknown {
  switch (operation.kind) {
    case "accept":
      return unpackAcceptOutcome(packed as PackedAcceptOutcome, operation.input);
    case "settle":
      return unpackSettleOutcome(packed as PackedSettleOutcome);
    case "recordReceipt":
      return unpackReceiptOutcome(packed as PackedReceiptOutcome);
    default:
      return packed;
  }
}

function packSettleOutcome(outcome: SettleOutcome): PackedSettleOutcome {
  return outcome.kind === "settled" ? stateCodes[outcome.state] : outcome;
}

function unpackSettleOutcome(packed: PackedSettleOutcome): SettleOutcome {
  return typeof packed === "number" ? { kind: "settled", state: stateOf(packed) } : packed;
}

function packReceiptOutcome(outcome: ReceiptOutcome): PackedReceiptOutcome {
  if (outcome.kind !== "matched" || outcome.isGuess || outcome.isOvertaking) return outcome;
  const state = stateCodes[outcome.state];
  const { isFirstFinal, deliveryId, sinceSubmitMs } = outcome;
  if (sinceSubmitMs === undefined) return [isFirstFinal ? state : -state, deliveryId];
  return [state, deliveryId, sinceSubmitMs];
}

function unpackReceiptOutcome(packed: PackedReceiptOutcome): ReceiptOutcome {
  if (!isPackedReceipt(packed)) return packed;
  const [state, deliveryId, sinceSubmitMs] = packed;
  return {
    kind: "matched",
    deliveryId,
    state: stateOf(Math.abs(state)),
    isFirstFinal: state > 0,
    isGuess: false,
    sinceSubmitMs,
  };
}

function isPackedReceipt(packed: PackedReceiptOutcome): packed is PackedReceipt {
  return Array.isArray(packed);
}
