/** Takes submits: decides what becomes of each, keeps it, answers it, and has its receipt sent when its time comes. */
import { COMMAND_STATUS } from "../smpp/command-status.ts";
import type { Stat } from "../smpp/message-state.ts";
import type { PduOf } from "../smpp/pdu.ts";
import type { AcceptedContext, Answer, BehaviourChain, SubmitContext } from "./behaviours/behaviour.ts";
import type { BoundSession } from "./bound-session.ts";
import { checkSubmit, delayOf } from "./check-submit.ts";
import type { CounterBoard } from "./counters.ts";
import type { DueQueue } from "./due-queue.ts";
import { formatMessageId } from "./message-id.ts";
import type { SimulatorSettings } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { DELIVERED, type OutcomeRule, ruleFor } from "./outcome-rules.ts";
import type { Random } from "./random.ts";
import { composeReceipt, deliverSmOf } from "./receipt.ts";
import { type LoggedMessage, type ReceivedLog, submitOf } from "./received-log.ts";
import type { Recorder } from "./recorder.ts";

export interface SubmitDeskOptions {
  readonly settings: SimulatorSettings;
  readonly board: CounterBoard;
  readonly dueQueue: DueQueue;
  readonly log: ReceivedLog;
  readonly random: Random;
  readonly recorder: Recorder | undefined;
  /** The behaviours in force at the moment. */
  readonly chain: () => BehaviourChain;
  readonly outboxOf: (systemId: string) => Outbox;
}

export interface SubmitDesk {
  take(pdu: PduOf<"submit_sm"> | PduOf<"data_sm">, frame: Buffer, session: BoundSession): void;
  /** Gives a message its last state and sends the receipt that was asked for. */
  finish(message: LoggedMessage, stat: Stat, error: number): void;
}

/** What an accepted message comes to, and when. */
interface Fate {
  readonly stat: Stat;
  readonly error: number;
  readonly delayMs: number;
  readonly isSilent: boolean;
}

export function createSubmitDesk(options: SubmitDeskOptions): SubmitDesk {
  const { settings, board, dueQueue, log, random, recorder, chain, outboxOf } = options;
  const { clock } = settings;
  let nextNumber = settings.firstMessageNumber ?? clock.now() * 1_000;

  function fateOf(pdu: PduOf<"submit_sm"> | PduOf<"data_sm">, rule: OutcomeRule): Fate {
    const isDelivered = rule !== DELIVERED || settings.deliveryRate >= 1 || random() < settings.deliveryRate;
    const stat = rule.state ?? (isDelivered ? "DELIVRD" : "UNDELIV");
    const jitterMs = settings.receiptJitterMs === 0 ? 0 : random() * settings.receiptJitterMs;
    const now = clock.now();
    const isSubmit = pdu.command === "submit_sm";
    const startMs = (isSubmit ? delayOf(pdu.body.schedule_delivery_time, now) : undefined) ?? 0;
    const delayMs = Math.max(0, startMs) + (rule.delayMs ?? settings.receiptDelayMs) + jitterMs;
    const validMs = isSubmit ? delayOf(pdu.body.validity_period, now) : undefined;
    if (validMs !== undefined && validMs < delayMs) {
      return { stat: "EXPIRED", error: 0, delayMs: Math.max(0, validMs), isSilent: rule.isSilent === true };
    }
    const error = rule.error ?? (stat === "DELIVRD" ? 0 : 1);
    return { stat, error, delayMs, isSilent: rule.isSilent === true };
  }

  function answer(each: Answer, pdu: PduOf<"submit_sm"> | PduOf<"data_sm">, session: BoundSession): void {
    const send = () => {
      if (session.isGone()) return;
      board.count("answered");
      if (each.isNackWithoutSequence) {
        session.connection.nack(0, COMMAND_STATUS.ESME_RSYSERR);
      } else {
        const body = { message_id: each.messageId };
        session.connection.respond(
          pdu,
          each.commandStatus === 0 ? { body } : { command_status: each.commandStatus },
        );
      }
    };
    if (each.delayMs > 0) dueQueue.add(each.delayMs, send);
    else send();
  }

  function sendReceipt(
    message: LoggedMessage,
    stat: Stat,
    error: number,
    context: AcceptedContext,
    isIntermediate: boolean,
  ): void {
    const content = { message, stat, error, timeMs: clock.now(), isIntermediate };
    const outbox = outboxOf(message.systemId);
    for (const receipt of chain().receipts(composeReceipt(content, settings), context)) {
      board.count("receiptsQueued");
      const send = () => outbox.add("receipt", deliverSmOf(receipt, message));
      if (receipt.delayMs > 0) dueQueue.add(receipt.delayMs, send);
      else send();
    }
  }

  /** A context without a connection, for what happens when the submit is long over. */
  function contextOf(message: LoggedMessage): AcceptedContext {
    return {
      pdu: submitOf(message),
      connection: { drop: () => {}, unbind: () => {}, write: () => {} },
      nowMs: clock.monotonic(),
      messageNumber: message.number,
      receiptDelayMs: 0,
    };
  }

  function finish(message: LoggedMessage, stat: Stat, error: number): void {
    if (message.doneTimeMs !== undefined) return;
    message.state = stat;
    message.doneTimeMs = clock.now();
    message.error = error;
    const context = contextOf(message);
    const asked = context.pdu.body.registered_delivery & 0x03;
    if (asked === 1 || (asked === 2 && stat !== "DELIVRD") || (asked === 3 && stat === "DELIVRD")) {
      sendReceipt(message, stat, error, context, false);
    }
    board.count("finished");
  }

  function plan(message: LoggedMessage, pdu: PduOf<"submit_sm"> | PduOf<"data_sm">, fate: Fate): void {
    if ((pdu.body.registered_delivery & 0x10) !== 0) {
      dueQueue.add(fate.delayMs / 2, () => {
        if (message.doneTimeMs === undefined) sendReceipt(message, "ENROUTE", 0, contextOf(message), true);
      });
    }
    dueQueue.add(fate.delayMs, () => {
      if (!fate.isSilent) return finish(message, fate.stat, fate.error);
      message.state = fate.stat;
      message.doneTimeMs = clock.now();
      board.count("finished");
    });
  }

  return {
    take(pdu, frame, session) {
      board.count("submits");
      const rule = ruleFor(pdu.body.destination_addr, settings.rules);
      const context: SubmitContext = { pdu, connection: session.handle, nowMs: clock.monotonic() };
      const status = checkSubmit(pdu) || (chain().submitStatus(context) ?? rule.submitStatus ?? 0);
      const number = status === 0 ? nextNumber++ : 0;
      const messageId = status === 0 ? formatMessageId(number, settings.messageIds.response) : "";
      const fate = status === 0 ? fateOf(pdu, rule) : undefined;
      const accepted = { ...context, messageNumber: number, receiptDelayMs: fate?.delayMs ?? 0 };
      const plain: Answer = { delayMs: 0, commandStatus: status, messageId, isNackWithoutSequence: false };
      const answers = status === 0 ? chain().answers(plain, accepted) : [plain];
      const message: LoggedMessage = {
        order: log.count,
        number,
        messageId: answers[0]?.messageId ?? messageId,
        systemId: session.systemId,
        sessionId: session.id,
        receivedTimeMs: clock.now(),
        commandStatus: status,
        frame: Buffer.from(frame),
        state: status === 0 ? "ENROUTE" : "REJECTD",
        doneTimeMs: status === 0 ? undefined : clock.now(),
        error: 0,
      };
      log.add(message);
      recorder?.record(message, pdu);
      board.count(status === 0 ? "accepted" : "refused");
      for (const each of answers) answer(each, pdu, session);
      if (fate !== undefined) plan(message, pdu, fate);
    },
    finish,
  };
}
