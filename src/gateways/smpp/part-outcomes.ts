/**
 * Decides what became of each written part: accepted, refused by class, or in doubt and then ambiguous (P12). Every part gets exactly one
 * result, even when its session ends (P18).
 */
import { isSameNumber } from "../../domain/phone-number.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Answer } from "../../smpp/connection-options.ts";
import { trimPadding } from "../../smpp/trim-padding.ts";
import type { LateAnswer, Misfortune, PartResult } from "../gateway.ts";
import { type LatePart, LateParts } from "../late-parts.ts";
import { blamingStatuses, classifyStatus, type StatusClass } from "./classify-status.ts";
import { DoubtfulParts } from "./doubtful-parts.ts";
import { echoKey } from "./echo-key.ts";
import { matchKey } from "./match-key.ts";
import type { SmppGatewaySettings } from "./settings.ts";
import type { OverdueParts, WrittenPart } from "./written-part.ts";

/** Things worth counting that no result shows. */
export type PartEvent = "overdue_response" | "late_response" | "echo_settled" | "late_forgotten";

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
  /** The same for parts that were given up as ambiguous. */
  readonly #lateEchoes: LateParts<string>;
  #isClosed = false;

  constructor(options: PartOutcomesOptions) {
    this.#options = options;
    this.#lateEchoes = new LateParts(() => options.count("late_forgotten"));
    this.#doubtful = new DoubtfulParts({
      clock: options.clock,
      holdMs: options.settings.ambiguityHoldMs,
      onAmbiguous: (part) => this.#ambiguous(part),
    });
  }

  written(part: WrittenPart): void {
    if (part.echoKey === undefined) return;
    this.#echoes.set(part.echoKey, part);
    // References come round: an echo is the new part's from here on.
    this.#lateEchoes.take(part.echoKey);
  }

  /** Makes the index of one session's overdue parts. */
  overdueParts(): OverdueParts {
    return { held: new Map(), givenUp: new LateParts(() => this.#options.count("late_forgotten")) };
  }

  /** An answer came in time; tells the class of a refusal. */
  answered(part: WrittenPart, answer: Answer<"submit_sm">): StatusClass | "accepted" {
    const { said, result } = this.#read(part.number, answer);
    this.#settle(part, result);
    const isForGood =
      result.kind === "refused" && (result.refusal === "recipient" || result.refusal === "route");
    if (isForGood) part.run.stop("stopped", result.timeMs);
    return said;
  }

  /** The response timeout has passed; the session is still open and a late response may come. */
  overdue(part: WrittenPart, among: OverdueParts, sequence: number): void {
    this.#options.count("overdue_response");
    if (part.echoedId !== undefined) {
      this.#acceptByEcho(part, part.echoedId);
      return;
    }
    part.overdue = { among, sequence };
    among.held.set(sequence, part);
    this.#doubt(part);
  }

  /**
   * A response came after all, within the hold or after it; answers what it said, or undefined where the part is forgotten or was
   * settled otherwise.
   */
  lateAnswer(
    among: OverdueParts,
    sequence: number,
    answer: Answer<"submit_sm">,
  ): StatusClass | "accepted" | undefined {
    const part = among.held.get(sequence);
    if (part !== undefined) {
      this.#options.count("late_response");
      return this.answered(part, answer);
    }
    const givenUp = among.givenUp.take(sequence);
    if (givenUp === undefined) return undefined;
    this.#options.count("late_response");
    const { said, result } = this.#read(givenUp.number, answer);
    tellLate(givenUp, result);
    return said;
  }

  /** No answer can come any more: the session ended, and `loss` is one for all its parts; undefined where nothing was written. */
  lost(part: WrittenPart, loss: Misfortune | undefined): void {
    part.loss = loss;
    const timeMs = this.#options.clock.now();
    if (loss === undefined) {
      this.#settle(part, { kind: "unsent", number: part.number, why: "no_session", timeMs });
    } else if (part.echoedId !== undefined) {
      this.#acceptByEcho(part, part.echoedId);
    } else if (this.#options.settings.echoesUserMessageReference) {
      this.#doubt(part);
    } else {
      this.#ambiguous(part);
    }
  }

  /** No late response can come any more: only an echo still settles these. */
  sessionGone({ held }: OverdueParts): void {
    if (this.#options.settings.echoesUserMessageReference) return;
    const gone = new Set(held.values());
    this.#doubtful.giveUp((part) => gone.has(part));
  }

  /** A receipt echoed this reference, and `address` may be a spelling of its destination. */
  echoed(reference: number, address: string, receiptedId: string): void {
    const key = echoKey(reference, address);
    const part = this.#echoes.get(key);
    if (part === undefined) {
      const givenUp = this.#lateEchoes.take(key);
      if (givenUp !== undefined) {
        this.#options.count("echo_settled");
        tellLate(givenUp, this.#acceptedByEcho(givenUp.number, receiptedId));
      }
      return;
    }
    if (!isSameNumber(part.run.submission.recipient, address)) return;
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

  /** What the SMSC says of a part. */
  #read(
    number: number,
    answer: Answer<"submit_sm">,
  ): { readonly said: StatusClass | "accepted"; readonly result: PartResult } {
    const { statusClass, messageIdForm } = this.#options.settings;
    const timeMs = this.#options.clock.now();
    if (answer.kind === "response" && answer.pdu.command_status === 0) {
      const id = trimPadding(answer.pdu.body.message_id);
      const smscMessageId = id === "" ? undefined : id;
      const key = id === "" ? undefined : matchKey(id, messageIdForm.response);
      return { said: "accepted", result: { kind: "accepted", number, smscMessageId, matchKey: key, timeMs } };
    }
    const commandStatus = answer.kind === "nack" ? answer.command_status : answer.pdu.command_status;
    const said = classifyStatus(commandStatus, statusClass);
    // A session that has lost its account (bind) is bound again like one that was never bound.
    const refusal = said === "bind" ? "session" : said;
    const blamesGateway = refusal === "route" && blamingStatuses.has(commandStatus);
    const received = { protocol: "smpp", status: commandStatus } as const;
    return {
      said,
      result: { kind: "refused", number, refusal, answer: received, blamesGateway, timeMs },
    };
  }

  /** The receipt proves that the SMSC has it; the id is in the receipt's notation. */
  #acceptByEcho(part: WrittenPart, receiptedId: string): void {
    this.#options.count("echo_settled");
    this.#settle(part, this.#acceptedByEcho(part.number, receiptedId));
  }

  #acceptedByEcho(number: number, receiptedId: string): PartResult {
    const key = matchKey(receiptedId, this.#options.settings.messageIdForm.receipt);
    const timeMs = this.#options.clock.now();
    return { kind: "accepted", number, smscMessageId: receiptedId, matchKey: key, timeMs };
  }

  #ambiguous(part: WrittenPart): void {
    const { number } = part;
    const timeMs = this.#options.clock.now();
    const late: LateAnswer = { onAnswer: (result) => part.run.revise(result) };
    if (part.overdue !== undefined) part.overdue.among.givenUp.add(part.overdue.sequence, { number, late });
    if (part.echoKey !== undefined) this.#lateEchoes.add(part.echoKey, { number, late });
    this.#settle(part, { kind: "ambiguous", number, misfortune: part.loss, late, timeMs });
  }

  #settle(part: WrittenPart, result: PartResult): void {
    if (part.overdue !== undefined) {
      part.overdue.among.held.delete(part.overdue.sequence);
      this.#doubtful.release(part);
    }
    if (part.echoKey !== undefined && this.#echoes.get(part.echoKey) === part)
      this.#echoes.delete(part.echoKey);
    part.run.settle(result);
  }
}

/** Says once what became of a part that was given up, whether its response or a receipt comes first. */
function tellLate({ late }: LatePart, result: PartResult): void {
  const { onAnswer } = late;
  late.onAnswer = () => {};
  onAnswer(result);
}
