/**
 * Decides what became of each written part: accepted, refused by class, or in doubt and then ambiguous (P12). Every part gets
 * exactly one result, also when its session goes (P18).
 */
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Answer } from "../../smpp/connection-options.ts";
import type { PartResult, SessionLoss } from "../gateway.ts";
import { classifyNack, classifyStatus, type StatusClass } from "./classify-status.ts";
import { DoubtfulParts } from "./doubtful-parts.ts";
import { matchKey } from "./match-key.ts";
import type { SmppGatewaySettings } from "./settings.ts";
import type { WrittenPart } from "./submission-run.ts";

/** Things worth counting that no result tells. */
export type PartEvent = "overdue_response" | "late_response" | "echo_settled";

export interface PartOutcomesOptions {
  readonly settings: SmppGatewaySettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly count: (event: PartEvent) => void;
}

export class PartOutcomes {
  readonly #options: PartOutcomesOptions;
  readonly #doubtful: DoubtfulParts;
  /** Parts by user_message_reference and destination, where receipts echo them. */
  readonly #echoes = new Map<string, WrittenPart>();
  #isClosed = false;

  constructor(options: PartOutcomesOptions) {
    this.#options = options;
    this.#doubtful = new DoubtfulParts({
      clock: options.clock,
      holdMs: options.settings.ambiguityHoldMs,
      onAmbiguous: (part) => this.#ambiguous(part),
    });
  }

  written(part: WrittenPart): void {
    if (part.echoKey !== undefined) this.#echoes.set(part.echoKey, part);
  }

  /** An answer came in time; tells the class of a refusal. */
  answered(part: WrittenPart, answer: Answer<"submit_sm">): StatusClass | "accepted" {
    if (answer.kind === "nack") {
      const { command_status } = answer;
      return this.#refuse(
        part,
        command_status,
        classifyNack(command_status, this.#options.settings.statusClass),
      );
    }
    const { command_status, body } = answer.pdu;
    if (command_status === 0) {
      this.#accept(part, body.message_id);
      return "accepted";
    }
    return this.#refuse(
      part,
      command_status,
      classifyStatus(command_status, this.#options.settings.statusClass),
    );
  }

  /** The response timeout has passed; the session stands and a late response may come. */
  overdue(part: WrittenPart, among: Map<number, WrittenPart>, sequence: number): void {
    this.#options.count("overdue_response");
    if (part.echoedId !== undefined) {
      this.#acceptByEcho(part, part.echoedId);
      return;
    }
    part.overdue = { among, sequence };
    among.set(sequence, part);
    this.#doubt(part);
  }

  /** A response came after all; answers what it said, or undefined when the hold was over. */
  lateAnswer(
    among: Map<number, WrittenPart>,
    sequence: number,
    answer: Answer<"submit_sm">,
  ): StatusClass | "accepted" | undefined {
    const part = among.get(sequence);
    if (part === undefined) return undefined;
    this.#options.count("late_response");
    return this.answered(part, answer);
  }

  /** No answer can come any more: the session went, and `loss` is one for all its parts; undefined where nothing was written. */
  lost(part: WrittenPart, loss: SessionLoss | undefined): void {
    part.loss = loss;
    const timeMs = this.#options.clock.now();
    if (loss === undefined) {
      this.#settle(part, { kind: "unsent", number: part.part.number, why: "no_session", timeMs });
    } else if (part.echoedId !== undefined) {
      this.#acceptByEcho(part, part.echoedId);
    } else if (this.#options.settings.echoesUserMessageReference) {
      this.#doubt(part);
    } else {
      this.#ambiguous(part);
    }
  }

  /** No late response can come any more: only an echo still settles these. */
  sessionGone(overdue: Map<number, WrittenPart>): void {
    if (this.#options.settings.echoesUserMessageReference) return;
    const gone = new Set(overdue.values());
    this.#doubtful.giveUp((part) => gone.has(part));
  }

  /** A receipt echoed this reference and destination. */
  echoed(echoKey: string, receiptedId: string): void {
    const part = this.#echoes.get(echoKey);
    if (part === undefined) return;
    if (this.#doubtful.release(part)) this.#acceptByEcho(part, receiptedId);
    else part.echoedId = receiptedId;
  }

  /** Nobody waits any longer: what is in doubt becomes ambiguous now, and so does what comes. */
  close(): void {
    this.#isClosed = true;
    this.#doubtful.close();
  }

  #doubt(part: WrittenPart): void {
    if (this.#isClosed) this.#ambiguous(part);
    else this.#doubtful.hold(part);
  }

  #accept(part: WrittenPart, messageId: string): void {
    const { messageIdForm } = this.#options.settings;
    const hasId = messageId !== "";
    this.#settle(part, {
      kind: "accepted",
      number: part.part.number,
      smscMessageId: hasId ? messageId : undefined,
      matchKey: hasId ? matchKey(messageId, messageIdForm.response) : undefined,
      timeMs: this.#options.clock.now(),
    });
  }

  /** The receipt proves that the SMSC has it; the id is in the receipt's notation. */
  #acceptByEcho(part: WrittenPart, receiptedId: string): void {
    this.#options.count("echo_settled");
    this.#settle(part, {
      kind: "accepted",
      number: part.part.number,
      smscMessageId: receiptedId,
      matchKey: matchKey(receiptedId, this.#options.settings.messageIdForm.receipt),
      timeMs: this.#options.clock.now(),
    });
  }

  #refuse(part: WrittenPart, commandStatus: number, statusClass: StatusClass): StatusClass {
    // A session that has lost its account (bind) is bound again like one that was never bound.
    const refusal = statusClass === "bind" ? "session" : statusClass;
    const timeMs = this.#options.clock.now();
    this.#settle(part, { kind: "refused", number: part.part.number, refusal, commandStatus, timeMs });
    if (refusal === "recipient" || refusal === "route") part.run.stop("stopped", timeMs);
    return statusClass;
  }

  #ambiguous(part: WrittenPart): void {
    const timeMs = this.#options.clock.now();
    this.#settle(part, { kind: "ambiguous", number: part.part.number, loss: part.loss, timeMs });
  }

  #settle(part: WrittenPart, result: PartResult): void {
    if (part.overdue !== undefined) {
      part.overdue.among.delete(part.overdue.sequence);
      this.#doubtful.release(part);
    }
    if (part.echoKey !== undefined && this.#echoes.get(part.echoKey) === part)
      this.#echoes.delete(part.echoKey);
    part.run.settle(result);
  }
}
